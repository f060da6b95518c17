"""What cannot be proven yet is tried again in a moment, not as fast as the processor can."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.alert_scene import WATCHED, AlertScene
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import virtual_time
from watchdog.errors import EngineRefused
from watchdog.model.container import ContainerSpec
from watchdog.model.identity import ServiceKey


@virtual_time
async def test_a_spec_that_cannot_be_saved_for_an_hour_is_saved_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> ContainerSpec:
        raise EngineRefused("the engine answers 500", 500)

    here = AlertScene(tmp_path, WATCHED)
    here.engine.run("webui")
    with monkeypatch.context() as patched:
        patched.setattr(FakeEngine, "capture", refused)
        async with here.daemon() as daemon:
            await asyncio.sleep(3600.0)
            record = daemon.state.services.record_of(ServiceKey.parse("webui"))
            assert record.baselines == ()
            patched.undo()
            await asyncio.sleep(5.0)
            assert daemon.state.services.record_of(ServiceKey.parse("webui")).baselines != ()
