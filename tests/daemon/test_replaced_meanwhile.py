"""Somebody makes a container while watchdog plans or acts: what was judged is not there any more, and theirs wins."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import SmallDaemon, small_daemon
from watchdog.api.doors import RecoverOrder
from watchdog.model.container import ContainerSpec, Survey
from watchdog.model.health import Health
from watchdog.model.plan import (
    CreateContainer,
    RemoveContainer,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
    container_of,
)
from watchdog.model.record import Rung

Setting = tuple["BusyEngine", SmallDaemon]


@dataclass(slots=True)
class BusyEngine(FakeEngine):
    """Somebody makes another container, once: while watchdog surveys, or right before a step of its plan."""

    while_surveying: bool = False
    before: type[CreateContainer | RenameContainer] | None = None
    heard: Callable[[], bool] = bool
    """Whether the daemon knows of it."""
    theirs: str = ""

    async def survey(self, spec: ContainerSpec) -> Survey:
        if self.while_surveying:
            self._meddle()
            await eventually(self.heard)
        return await FakeEngine.survey(self, spec)

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:
        if self.before is not None and isinstance(step, self.before):
            self._meddle()
        return await FakeEngine.execute(self, step, spec)

    def _meddle(self) -> None:
        self.while_surveying, self.before = False, None
        self.theirs = self.run("webui", "webui:2")


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    engine = BusyEngine(time.time)
    engine.run("webui", "webui:1")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: bool(watchdog.record("webui").baselines))
        yield engine, watchdog


def _good(watchdog: SmallDaemon) -> bool:
    watched = watchdog.watched("webui")
    return (
        watched.assessment is not None
        and watched.assessment.health is Health.HEALTHY
        and watched.record.incident is None
    )


def _touched(engine: BusyEngine) -> list[Step]:
    """Steps that harm what runs."""
    harmful = (StopContainer, RestartContainer, SetRestartPolicy, RemoveContainer)
    return [step for step in engine.steps if isinstance(step, harmful) and container_of(step) == engine.theirs]


async def test_a_replacement_that_comes_while_a_recreation_is_planned_is_never_touched(setting: Setting) -> None:
    engine, watchdog = setting
    engine.while_surveying = True
    engine.heard = lambda: watchdog.running("webui") == engine.theirs
    engine.docker_rm("webui")
    await eventually(lambda: bool(engine.theirs) and _good(watchdog))
    assert [summary.id for summary in await engine.list_containers()] == [engine.theirs]
    assert _touched(engine) == []
    assert watchdog.record("webui").attempts == ()


async def test_whoever_takes_the_name_first_wins_and_no_attempt_is_burnt(setting: Setting) -> None:
    engine, watchdog = setting
    engine.before = RenameContainer
    engine.docker_rm("webui")
    await eventually(lambda: bool(engine.theirs) and _good(watchdog))
    assert [summary.id for summary in await engine.list_containers()] == [engine.theirs]
    assert _touched(engine) == []
    assert watchdog.record("webui").attempts == ()


async def test_what_was_set_aside_is_not_started_beside_a_replacement_that_came_meanwhile(setting: Setting) -> None:
    engine, watchdog = setting
    old = watchdog.running("webui")
    assert old is not None
    engine.before = CreateContainer
    order = RecoverOrder(
        services=("webui",), project=None, everything=False, action=Rung.RECREATE, dry_run=False, by="ada"
    )
    events = [event["event"] async for event in watchdog.daemon.recover(order)]
    assert events[-1] == "result"
    assert any(isinstance(step, StopContainer) and step.container == old for step in engine.steps)
    assert StartContainer(old) not in engine.steps
    await eventually(lambda: RemoveContainer(old) in engine.steps)
    assert len(await engine.list_containers()) == 1
