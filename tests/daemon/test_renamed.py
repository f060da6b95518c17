"""A container that takes the name of another service: its old service is retired, and never made again beside it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import SmallDaemon, small_daemon
from watchdog.ledger import LedgerReader
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import CreateContainer
from watchdog.model.record import Desired

NEXT = ServiceKey("", "webui-next")


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(time.time)


async def swapped(engine: FakeEngine, watchdog: SmallDaemon) -> None:
    """The container of `webui-next` takes the place of that of `webui`, as people swap containers by hand."""
    for name in ("webui", "webui-next"):
        engine.run(name, f"{name}:1")
    for name in ("webui", "webui-next"):
        await eventually(lambda name=name: watchdog.knows(name) and watchdog.record(name).desired is Desired.UP)
    watchdog.ledger.full = True
    engine.docker_rename("webui", "webui-before")
    engine.docker_rename("webui-next", "webui")


def desired(directory: Path) -> Desired:
    """As the ledger on disk has it."""
    with LedgerReader.open(directory / "state") as reader:
        return reader.records()[NEXT].desired


async def test_a_retirement_that_cannot_be_written_is_written_once_it_can(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        await swapped(engine, watchdog)
        failures = watchdog.daemon.measures.ledger_failures
        await eventually(lambda: watchdog.daemon.measures.ledger_failures > failures)
        assert desired(tmp_path) is Desired.UP
        watchdog.ledger.full = False
        await eventually(lambda: desired(tmp_path) is Desired.RETIRED)
        await eventually(lambda: not watchdog.knows("webui-next"))
    assert not any(isinstance(step, CreateContainer) for step in engine.steps)


async def test_the_next_daemon_retires_what_the_last_one_could_not(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        await swapped(engine, watchdog)
        await eventually(lambda: watchdog.knows("webui-before"))
    assert desired(tmp_path) is Desired.UP
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: desired(tmp_path) is Desired.RETIRED)
        polls = watchdog.daemon.measures.polls
        await eventually(lambda: watchdog.daemon.measures.polls > polls + 2)  # the grace is over
    assert not any(isinstance(step, CreateContainer) for step in engine.steps)
