"""What flaps, with the settings that a daemon has by itself: minutes and hours in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.daemon.clock import Clock
from watchdog.daemon.core import Daemon
from watchdog.daemon.world import World
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger
from watchdog.model.container import HealthcheckState
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Incident, Severity
from watchdog.model.settings import RecoverySettings, ServiceSettings, Settings, StateSettings

WEBUI = ServiceKey("", "webui")
PAGE = Check(name="page", probe=HttpProbe(url="http://webui/"))
MINUTE = 60.0
DEFAULTS = RecoverySettings()


@dataclass(slots=True)
class Page:
    """Answers as it is told to: the number of the answer → whether it passes."""

    passes: Callable[[int], bool]
    asked: int = 0

    async def ask(self, check: Check) -> Observation:
        self.asked += 1
        verdict = Verdict.PASS if self.passes(self.asked) else Verdict.FAIL
        return Observation(check=check.name, at=0.0, verdict=verdict, reason=f"answer {self.asked}")

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


@dataclass(slots=True)
class Story:
    loop: VirtualLoop
    engine: FakeEngine
    page: Page
    daemon: Daemon

    async def until(self, condition: Callable[[], object], minutes: float = 60.0) -> float:
        """Virtual seconds until it holds."""
        began = self.loop.time()
        while not condition():
            assert self.loop.time() < began + minutes * MINUTE, "it does not come to that"
            await self.passes(1.0)
        return self.loop.time() - began

    async def passes(self, seconds: float) -> None:

        await asyncio.sleep(seconds)

    @property
    def flapping(self) -> bool:
        (service,) = self.daemon.snapshot().services
        return service.flapping

    @property
    def attempts(self) -> int:
        return len(self.daemon.world.record_of(WEBUI).attempts)

    async def incidents(self) -> tuple[Incident, ...]:
        return await self.daemon.incidents(100, open_only=False)


@asynccontextmanager
async def _proven(
    loop: VirtualLoop,
    directory: Path,
    page: Page,
    *,
    checks: tuple[Check, ...] = (PAGE,),
    recovery: RecoverySettings = DEFAULTS,
    engine: FakeEngine | None = None,
) -> AsyncGenerator[Story]:
    def wall() -> float:
        return loop.time() + 1_700_000_000.0

    settings = Settings(
        state=StateSettings(dir=directory / "state", run_dir=directory / "run"),
        services=((WEBUI, ServiceSettings(configured=True, checks=checks, recovery=recovery)),),
    )
    settings.state.dir.mkdir(mode=0o700, exist_ok=True)
    ledger = await Ledger.open(settings.state.dir, key_file=None, now=wall(), retention=settings.state.retention)

    async def claim(_: EngineIdentity, __: Collection[str]) -> None:
        return

    if engine is None:
        engine = FakeEngine(now=wall)
        engine.run("webui")
    world = World(settings=settings, clock=Clock(loop.time, wall), engine=engine, memory=ledger)
    daemon = Daemon(world=world, ledger=ledger, prober=page, claim=claim, reread=lambda: settings)
    await daemon.start(version="test")
    story = Story(loop, engine, page, daemon)
    try:
        await story.until(lambda: daemon.world.record_of(WEBUI).baselines)
        yield story
    finally:
        await daemon.stop()
        await ledger.close()


def _every_other(number: int) -> bool:
    return number % 2 == 0


def test_a_check_that_fails_every_other_time_is_one_incident_and_never_restarted(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        async with _proven(loop, tmp_path, Page(lambda _: True)) as it:
            it.page.passes = _every_other
            await it.until(lambda: it.flapping, 10.0)
            await it.passes(60 * MINUTE)
            (incident,) = await it.incidents()
            assert (incident.flapping, incident.closed_at) == (True, None)
            it.page.passes = lambda _: True
            settling = await it.until(lambda: not it.daemon.snapshot().incidents_open)
            assert 10 * MINUTE < settling < 25 * MINUTE
            (incident,) = await it.incidents()
            assert (incident.flapping, incident.recovered_at is None) == (False, False)
            assert it.attempts == 0

    run_virtually(story)


def test_it_flaps_on_over_a_restart_of_the_daemon(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        page = Page(lambda _: True)
        async with _proven(loop, tmp_path, page) as it:
            page.passes = _every_other
            await it.until(lambda: it.flapping, 10.0)
            await it.passes(MINUTE)
            (before,) = await it.incidents()
        page.passes = lambda _: True
        async with _proven(loop, tmp_path, page, engine=it.engine) as it:
            await it.passes(2 * MINUTE)
            assert it.flapping
            assert await it.incidents() == (before,)
            await it.until(lambda: not it.daemon.snapshot().incidents_open)
            (incident,) = await it.incidents()
            assert (incident.id, incident.flapping, it.attempts) == (before.id, False, 0)

    run_virtually(story)


def test_what_flapped_and_stays_bad_is_acted_on_and_a_person_is_called_in_time(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        async with _proven(loop, tmp_path, Page(lambda _: True)) as it:
            it.page.passes = _every_other
            await it.until(lambda: it.flapping, 10.0)
            it.page.passes = lambda _: False
            watched = it.daemon.world.services[WEBUI]
            await it.until(lambda: watched.bad_since is not None, 10.0)
            held = await it.until(lambda: it.attempts, 10.0)
            assert 25.0 < held < 2.5 * MINUTE
            called = held + await it.until(lambda: watched.record.quarantined, 30.0)
            assert called < 10 * MINUTE

    run_virtually(story)


def test_flapping_alone_turns_nothing_critical_and_staying_bad_does_where_nothing_is_recovered(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        async with _proven(loop, tmp_path, Page(lambda _: True), recovery=RecoverySettings(enabled=False)) as it:
            it.page.passes = _every_other
            await it.until(lambda: it.flapping, 10.0)
            await it.passes(30 * MINUTE)
            (incident,) = await it.incidents()
            assert (incident.severity, incident.flapping) == (Severity.WARNING, True)
            it.page.passes = lambda _: False
            await it.until(lambda: not it.flapping)
            await it.passes(10 * MINUTE)
            (incident,) = await it.incidents()
            assert (incident.severity, incident.flapping, it.attempts) == (Severity.CRITICAL, False, 0)

    run_virtually(story)


def test_a_health_check_that_recovers_by_itself_while_nothing_may_be_done_flaps(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        async with _proven(loop, tmp_path, Page(lambda _: True), checks=()) as it:
            it.engine.set_health("webui", HealthcheckState.HEALTHY)
            await it.passes(2 * MINUTE)
            await it.daemon.pause("webui", 3600.0, "somebody looks at it", "ada")
            for _ in range(4):
                it.engine.set_health("webui", HealthcheckState.UNHEALTHY)
                await it.passes(20.0)
                it.engine.set_health("webui", HealthcheckState.HEALTHY)
                await it.passes(20.0)
            assert it.flapping
            (incident,) = await it.incidents()
            assert (incident.flapping, incident.closed_at) == (True, None)
            await it.until(lambda: not it.daemon.snapshot().incidents_open)
            assert not it.flapping
            assert it.attempts == 0

    run_virtually(story)
