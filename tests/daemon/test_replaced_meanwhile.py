"""Somebody makes a container while watchdog plans or acts: what was judged is not there any more, and theirs wins."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from watchdog.api.doors import RecoverOrder
from watchdog.daemon.clock import Clock
from watchdog.daemon.core import Daemon
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, prepare
from watchdog.model.container import ContainerSpec, Survey
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
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
from watchdog.model.settings import EngineSettings, HealthSettings, RecoverySettings, Settings, StateSettings
from watchdog.probes import Prober

Setting = tuple["BusyEngine", Daemon]
KEY = ServiceKey("", "webui")
QUICK = Settings(
    engine=EngineSettings(settle=0.0),
    interval=0.2,
    health=HealthSettings(soak=0.05, stable=0.02, retry_interval=0.1),
    recovery=RecoverySettings(absence_grace=0.05, backoff=0.05, verify_timeout=5.0),
)


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
    settings = replace(QUICK, state=StateSettings(dir=tmp_path / "state", run_dir=tmp_path / "run"))
    engine, clock = BusyEngine(time.time), Clock()
    engine.run("webui", "webui:1")
    prepare(settings.state.dir)
    ledger = await Ledger.open(settings.state.dir, key_file=None, now=time.time(), retention=1e6)
    prober = Prober(clock.wall)

    async def claim(identity: EngineIdentity) -> None:
        await ledger.bind_engine(identity.id)

    daemon = Daemon(
        settings=settings,
        engine=engine,
        ledger=ledger,
        prober=prober,
        clock=clock,
        claim=claim,
        reread=lambda: settings,
    )
    await daemon.start(version="test")
    await eventually(lambda: bool(daemon.world.record_of(KEY).baselines))
    yield engine, daemon
    await daemon.stop()
    await prober.close()
    await ledger.close()


def _good(daemon: Daemon) -> bool:
    watched = daemon.world.services[KEY]
    return watched.seen is not None and watched.seen.health is Health.HEALTHY and watched.record.incident is None


def _runs(daemon: Daemon) -> str | None:
    container = daemon.world.services[KEY].container
    return container.id if container is not None else None


def _touched(engine: BusyEngine) -> list[Step]:
    """Steps that harm what runs."""
    harmful = (StopContainer, RestartContainer, SetRestartPolicy, RemoveContainer)
    return [step for step in engine.steps if isinstance(step, harmful) and container_of(step) == engine.theirs]


async def test_a_replacement_that_comes_while_a_recreation_is_planned_is_never_touched(setting: Setting) -> None:
    engine, watchdog = setting
    engine.while_surveying = True
    engine.heard = lambda: _runs(watchdog) == engine.theirs
    engine.docker_rm("webui")
    await eventually(lambda: bool(engine.theirs) and _good(watchdog))
    assert [summary.id for summary in await engine.list_containers()] == [engine.theirs]
    assert _touched(engine) == []
    assert watchdog.world.record_of(KEY).attempts == ()


async def test_whoever_takes_the_name_first_wins_and_no_attempt_is_burnt(setting: Setting) -> None:
    engine, watchdog = setting
    engine.before = RenameContainer
    engine.docker_rm("webui")
    await eventually(lambda: bool(engine.theirs) and _good(watchdog))
    assert [summary.id for summary in await engine.list_containers()] == [engine.theirs]
    assert _touched(engine) == []
    assert watchdog.world.record_of(KEY).attempts == ()


async def test_what_was_set_aside_is_not_started_beside_a_replacement_that_came_meanwhile(setting: Setting) -> None:
    engine, watchdog = setting
    old = _runs(watchdog)
    assert old is not None
    engine.before = CreateContainer
    order = RecoverOrder(
        services=("webui",), project=None, everything=False, action=Rung.RECREATE, dry_run=False, by="ada"
    )
    events = [event["event"] async for event in watchdog.recover(order)]
    assert events[-1] == "result"
    assert any(isinstance(step, StopContainer) and step.container == old for step in engine.steps)
    assert StartContainer(old) not in engine.steps
