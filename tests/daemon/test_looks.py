"""A whole look costs the engine a list of all its containers: many that are asked for at once are two."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import small_daemon
from watchdog.engine.protocol import Summary
from watchdog.errors import EngineUnavailable
from watchdog.model.plan import RenameContainer


@dataclass(slots=True)
class SlowEngine(FakeEngine):
    """Its list takes until the next turn of the loop, and is counted."""

    lists: int = 0

    async def list_containers(self) -> tuple[Summary, ...]:
        self.lists += 1
        found = await FakeEngine.list_containers(self)
        await asyncio.sleep(0.01)
        return found


async def test_looks_that_are_asked_for_at_once_are_two_and_see_what_came_before_them(tmp_path: Path) -> None:
    engine = SlowEngine(time.time)
    async with small_daemon(engine, tmp_path) as watchdog:
        first = asyncio.create_task(watchdog.daemon.containers.look())
        await asyncio.sleep(0)
        engine.drops_events = True
        engine.run("webui")  # while the first one looks: it may miss it, the others may not
        before = engine.lists
        await asyncio.gather(first, *(watchdog.daemon.containers.look() for _ in range(50)))
        assert watchdog.knows("webui")
        assert engine.lists - before <= 3  # and perhaps one of the poll's own


async def test_a_look_that_fails_serves_nobody_else(tmp_path: Path) -> None:
    engine = SlowEngine(time.time)
    async with small_daemon(engine, tmp_path) as watchdog:
        engine.go_away()
        looks = await asyncio.gather(*(watchdog.daemon.containers.look() for _ in range(3)), return_exceptions=True)
        assert all(isinstance(look, EngineUnavailable) for look in looks)


@pytest.mark.parametrize("name", ["webui", "api"])
async def test_a_container_under_a_name_that_it_was_given_meanwhile_is_found(name: str, tmp_path: Path) -> None:
    engine = SlowEngine(time.time)
    engine.run("webui")
    async with small_daemon(engine, tmp_path) as watchdog:
        await watchdog.daemon.containers.look()
        engine.drops_events = True
        key = watchdog.watched("webui").key
        if name != "webui":
            (line,) = await engine.list_containers()
            await engine.execute(RenameContainer(line.id, name))
        assert await watchdog.daemon.containers.replaced(key, frozenset()) is (name == "webui")
