"""Fault 20: somebody sets the clock, or the machine sleeps. In virtual time, against the fake engine.

The loop's time is the monotonic clock; the wall clock is that plus what somebody added. Suspend to memory stops the
monotonic clock (Linux), so on return the wall clock has jumped; a frozen process or virtual machine sees both go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.fake_container import Behaviour
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import started
from tests.support.virtual_time import VirtualLoop, virtual_time
from watchdog.daemon.core import Daemon
from watchdog.daemon.process.schedule import Schedule
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, LedgerReader
from watchdog.model.container import ContainerSpec
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.plan import CreateContainer, StartContainer, Step
from watchdog.model.probe.http import HttpProbe
from watchdog.model.settings import HealthSettings, RecoverySettings, ServiceSettings, Settings, StateSettings

HOUR = 3600.0
MINUTE = 60.0
WEBUI = ServiceKey("", "webui")
STEPS = [-HOUR, HOUR]


@dataclass
class Wall:
    """The wall clock: what the loop's time is called, which somebody may change."""

    loop: VirtualLoop = field(default_factory=VirtualLoop.running)
    offset: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.loop.time() + self.offset

    def step(self, seconds: float) -> None:
        self.offset += seconds


@dataclass
class Prober:
    """Every check passes, and is remembered with its time."""

    wall: Wall
    asked: list[float] = field(default_factory=list[float])

    async def ask(self, check: Check) -> Observation:
        self.asked.append(round(self.wall.loop.time(), 3))
        return Observation(check=check.name, at=self.wall(), verdict=Verdict.PASS, reason="200")

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


@dataclass(slots=True)
class TimedEngine(FakeEngine):
    """Remembers when it was asked to do what."""

    done: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:
        self.done.append((round(asyncio.get_running_loop().time(), 3), type(step).__name__))
        return await FakeEngine.execute(self, step, spec)


@dataclass
class Scene:
    wall: Wall
    engine: TimedEngine
    prober: Prober
    directory: Path

    @property
    def settings(self) -> Settings:
        check = Check(name="page", probe=HttpProbe(url="http://webui/"))
        return Settings(
            state=StateSettings(dir=self.directory / "state", run_dir=self.directory / "run"),
            services=((WEBUI, ServiceSettings(configured=True, checks=(check,))),),
            health=HealthSettings(),
            recovery=RecoverySettings(backoff_max=30.0),
        )

    @asynccontextmanager
    async def daemon(self) -> AsyncGenerator[Daemon]:
        settings = self.settings
        settings.state.dir.mkdir(mode=0o700, exist_ok=True)
        ledger = await Ledger.open(
            settings.state.dir, key_file=None, now=self.wall(), retention=settings.state.retention
        )

        async def claim(_: EngineIdentity, __: Collection[str]) -> None:
            return

        daemon = Daemon(
            state=DaemonState(
                settings=settings, clock=Clock(self.wall.loop.time, self.wall), engine=self.engine, ledger=ledger
            ),
            ledger=ledger,
            prober=self.prober,
            claim=claim,
            reread=lambda: settings,
        )
        async with started(daemon, ledger):
            yield daemon

    def intents(self) -> list[str]:
        with LedgerReader.open(self.settings.state.dir) as reader:
            rows = [row for one in reader.incidents(100) for row in reader.timeline(one.id)[1]]
            assert reader.verify(None).intact
        return [row.entry.sentence for row in rows if row.entry.kind == "intent"]


def _scene(directory: Path) -> Scene:
    wall = Wall()
    return Scene(wall, TimedEngine(now=wall), Prober(wall), directory)


async def _passes(seconds: float) -> None:
    """Virtual time."""
    await asyncio.sleep(seconds)


def _health(daemon: Daemon) -> str:
    (service,) = daemon.snapshot().services
    return service.health.value


@dataclass(frozen=True)
class History:
    """What a daemon did, and when by the monotonic clock."""

    calls: tuple[tuple[float, str], ...]
    asked: tuple[float, ...]
    polls: int
    missed: int
    quarantined: bool
    detection: float


@virtual_time
async def _removed_and_never_good_again(directory: Path, *, step: float = 0.0, at: float = 0.0) -> History:
    """Ten minutes in which all have their turn: grace, attempts, backoff, a person. After `at` the clock is set."""
    scene = _scene(directory)
    image = scene.engine.image("webui:1")
    scene.engine.run("webui", "webui:1")
    async with scene.daemon() as daemon:
        scene.wall.loop.call_later(at, scene.wall.step, step)
        await _passes(2 * MINUTE)
        assert _health(daemon) == "healthy"
        scene.engine.behaviours[image] = Behaviour(exits_after=0.5, exit_code=1)
        scene.engine.docker_rm("webui")
        await _passes(8 * MINUTE)
        (service,) = daemon.snapshot().services
        return History(
            tuple(scene.engine.done),
            tuple(scene.prober.asked),
            daemon.measures.polls,
            daemon.measures.polls_missed,
            service.quarantined,
            round(daemon.measures.detection.total, 3),
        )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> History:
    return _removed_and_never_good_again(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("at", [30.0, 121.0, 130.2, 134.0, 150.0])
def test_setting_the_clock_moves_no_timer_and_no_decision(
    tmp_path: Path, undisturbed: History, step: float, at: float
) -> None:
    """Before the fault, in the grace, while an attempt is verified, while it backs off."""
    creates = [name for _, name in undisturbed.calls if name == CreateContainer.__name__]
    assert len(creates) > 1
    assert undisturbed.quarantined
    assert undisturbed.missed == 0
    assert 10 <= undisturbed.polls <= 11
    assert _removed_and_never_good_again(tmp_path, step=step, at=at) == undisturbed


@pytest.mark.parametrize("step", STEPS)
@virtual_time
async def test_a_crash_after_the_clock_was_set_is_detected_and_recovered_as_any_other(
    tmp_path: Path, step: float
) -> None:
    scene = _scene(tmp_path)
    scene.engine.run("webui")
    async with scene.daemon() as daemon:
        await _passes(2 * MINUTE)
        scene.wall.step(step)
        scene.engine.crash("webui")
        await _passes(MINUTE)
        assert _health(daemon) == "healthy"
        (incident,) = await daemon.incidents(10, open_only=False)
        assert incident.recovered_at is not None
        assert incident.failed_at <= incident.detected_at <= incident.recovered_at <= incident.detected_at + MINUTE
        assert incident.detected_at - incident.failed_at < 1.0
        assert [name for _, name in scene.engine.done] == [StartContainer.__name__]


@virtual_time
async def test_a_suspended_machine_finds_everything_as_it_was(tmp_path: Path) -> None:
    """The monotonic clock slept as well: nothing was missed."""
    scene = _scene(tmp_path)
    scene.engine.run("webui")
    async with scene.daemon() as daemon:
        await _passes(2 * MINUTE)
        asked = len(scene.prober.asked)
        scene.wall.step(10 * MINUTE)
        await _passes(2 * MINUTE)
        assert _health(daemon) == "healthy"
        assert daemon.measures.polls_missed == 0
        assert len(scene.prober.asked) - asked == 2
        assert await daemon.incidents(10, open_only=False) == ()
        assert daemon.alive()[0]
    assert scene.engine.done == []


@virtual_time
async def test_cycles_missed_by_a_frozen_machine_are_counted_and_are_no_failures(tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    scene.engine.run("webui")
    async with scene.daemon() as daemon:
        await _passes(2 * MINUTE)
        asked, polls = len(scene.prober.asked), daemon.measures.polls
        scene.wall.loop.jump(10 * MINUTE)
        await _passes(1.0)
        assert daemon.measures.polls_missed in {9, 10}
        assert daemon.measures.polls == polls + 1, "what was missed is not made up for"
        assert len(scene.prober.asked) == asked + 1
        await _passes(2 * MINUTE)
        assert daemon.measures.polls == polls + 3, "and the rhythm is the old one"
        assert _health(daemon) == "healthy"
        assert daemon.alive()[0]
        assert await daemon.incidents(10, open_only=False) == ()
    assert scene.engine.done == []


@pytest.mark.parametrize("step", STEPS)
@virtual_time
async def test_a_pause_lasts_as_long_as_was_said(tmp_path: Path, step: float) -> None:
    scene = _scene(tmp_path)
    scene.engine.run("webui")
    async with scene.daemon() as daemon:
        await _passes(2 * MINUTE)
        await daemon.pause("webui", 2 * HOUR, "the disk is swapped", "anna")
        scene.engine.crash("webui")
        scene.wall.step(step)
        await _passes(2 * HOUR - MINUTE)
        assert scene.engine.done == []
        await _passes(2 * MINUTE)
        assert [name for _, name in scene.engine.done] == [StartContainer.__name__]


@virtual_time
async def test_a_clock_set_back_between_two_daemons_lets_no_attempt_lie_in_the_future(tmp_path: Path) -> None:
    """The second daemon takes the budget over; it must not back off for an hour."""
    scene = _scene(tmp_path)
    image = scene.engine.image("webui:1")
    scene.engine.run("webui", "webui:1")
    async with scene.daemon():
        await _passes(2 * MINUTE)
        scene.engine.behaviours[image] = Behaviour(exits_after=0.5, exit_code=1)
        scene.engine.docker_rm("webui")
        await _passes(12.0)
        assert [name for _, name in scene.engine.done].count(CreateContainer.__name__) == 1
    before = len(scene.engine.done)
    scene.wall.step(-HOUR)
    async with scene.daemon():
        await _passes(2 * MINUTE)
        assert len(scene.engine.done) > before
    assert 2 <= len(scene.intents()) <= 3


@pytest.mark.parametrize("step", STEPS)
@virtual_time
async def test_the_schedule_keeps_its_rhythm_whatever_the_wall_clock_does(step: float) -> None:
    """APScheduler knows only `datetime.now(zone)`; here the zone is the monotonic clock."""
    loop = asyncio.get_running_loop()
    wall = Wall()
    fired: list[float] = []
    missed: list[tuple[str, int]] = []

    async def job() -> None:
        fired.append(round(loop.time(), 3))

    schedule = Schedule(Clock(loop.time, wall), lambda name, slots: missed.append((name, slots)))
    schedule.every(MINUTE, "poll", job)
    began = loop.time()
    schedule.start()
    for _ in range(10):
        await _passes(MINUTE / 2)
        wall.step(step)
    schedule.stop()
    assert fired == [round(began + MINUTE * slot, 3) for slot in range(6)][: len(fired)]
    assert len(fired) in {5, 6}
    assert missed == []
