"""Two things happen at the same moment: neither is forgotten, and nothing is done twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import SmallDaemon, small_daemon
from watchdog.api.doors import RecoverOrder
from watchdog.model.container import ContainerSpec, RestartPolicy, Survey
from watchdog.model.plan import RenameContainer
from watchdog.model.record import Desired


@dataclass(slots=True)
class ObservedEngine(FakeEngine):
    """Somebody does something at the moment in which watchdog plans, once."""

    meanwhile: Callable[[], Coroutine[Any, Any, str]] | None = None

    async def survey(self, spec: ContainerSpec) -> Survey:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await FakeEngine.survey(self, spec)


Setting = tuple[ObservedEngine, SmallDaemon]


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    engine = ObservedEngine(time.time)
    engine.run("webui", restart=RestartPolicy.NO)
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: bool(watchdog.record("webui").baselines))
        yield engine, watchdog


async def test_a_pause_ordered_while_the_incident_is_written_keeps_both(setting: Setting) -> None:
    engine, watchdog = setting
    watchdog.ledger.gate.clear()
    engine.docker_rm("webui")
    await eventually(lambda: watchdog.ledger.standing == 1)
    pausing = asyncio.create_task(watchdog.daemon.pause("webui", 3600.0, "moving the disk", "ada"))
    await asyncio.sleep(0)
    watchdog.ledger.gate.set()
    await pausing
    await eventually(lambda: watchdog.watched("webui").course.message.startswith("paused by ada"))
    for record in (watchdog.watched("webui").record, watchdog.record("webui")):
        assert record.pause is not None
        assert record.incident == 1
    assert await engine.list_containers() == ()


async def test_a_pause_ordered_while_a_recovery_is_planned_holds_that_recovery(setting: Setting) -> None:
    engine, watchdog = setting
    engine.meanwhile = lambda: watchdog.daemon.pause("webui", 3600.0, "moving the disk", "ada")
    engine.docker_rm("webui")
    await eventually(lambda: watchdog.watched("webui").course.message.startswith("paused by ada"))
    assert await engine.list_containers() == ()
    assert watchdog.record("webui").attempts == ()


async def test_a_service_retired_while_its_recovery_is_planned_is_not_made_again(setting: Setting) -> None:
    engine, watchdog = setting
    engine.meanwhile = lambda: watchdog.daemon.retire("webui", "not needed", "ada")
    engine.docker_rm("webui")
    await eventually(lambda: watchdog.record("webui").desired is Desired.RETIRED and engine.meanwhile is None)
    await eventually(lambda: watchdog.record("webui").incident is None)
    assert await engine.list_containers() == ()
    assert watchdog.record("webui").attempts == ()


async def test_an_order_given_while_the_incident_is_written_works_on_that_incident(setting: Setting) -> None:
    engine, watchdog = setting
    watchdog.ledger.gate.clear()
    engine.docker_rm("webui")
    await eventually(lambda: watchdog.ledger.standing == 1)
    order = RecoverOrder(services=("webui",), project=None, everything=False, action=None, dry_run=False, by="ada")

    async def results() -> list[object]:
        return [event["incident"] async for event in watchdog.daemon.recover(order) if event["event"] == "result"]

    ordering = asyncio.create_task(results())
    await asyncio.sleep(0)
    watchdog.ledger.gate.set()
    assert await ordering == [1]
    (incident,) = await watchdog.daemon.incidents(10, open_only=False)
    assert incident.recovered_at is not None


async def test_a_container_that_comes_while_its_service_is_recalled_gets_one_worker(tmp_path: Path) -> None:
    engine = FakeEngine(time.time)
    engine.run("webui")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: bool(watchdog.record("webui").baselines))
    engine.docker_rm("webui")
    async with small_daemon(engine, tmp_path, specs_are_slow=True) as watchdog:
        await eventually(lambda: watchdog.ledger.reading)
        new = engine.run("webui")
        await eventually(lambda: watchdog.knows("webui") and watchdog.running("webui") == new)
        met = watchdog.watched("webui")
        watchdog.ledger.spec_gate.set()
        await eventually(lambda: watchdog.daemon.ready()[0])
        assert watchdog.watched("webui") is met
        assert [task.get_name() for task in asyncio.all_tasks()].count("worker webui") == 1


async def test_a_root_that_fails_while_its_dependent_is_planned_comes_back_first(tmp_path: Path) -> None:
    engine = ObservedEngine(time.time)
    engine.run("db")
    engine.run("webui", labels={"watchdog.depends-on": "db"})
    async with small_daemon(engine, tmp_path) as watchdog:

        def down(name: str) -> bool:
            seen = watchdog.watched(name).assessment
            return seen is not None and seen.health.bad

        async def root_fails() -> str:
            engine.docker_rm("db")
            await eventually(lambda: down("db"))
            return "db"

        await eventually(lambda: all(watchdog.record(name).baselines for name in ("db", "webui")))
        engine.meanwhile = root_fails
        engine.docker_rm("webui")
        await eventually(lambda: len(watchdog.record("webui").attempts) == 1 and not down("webui"))
        made = [step for step in engine.steps if isinstance(step, RenameContainer)]
        assert [step.name for step in made] == ["db", "webui"]
        assert len(watchdog.record("db").attempts) == 1
