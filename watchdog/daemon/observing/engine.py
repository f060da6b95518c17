"""Whether the engine answers: away is one incident of its own, and nothing is judged until it has settled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import ENGINE
from watchdog.daemon.state.world import World
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import LedgerError
from watchdog.model.container import Container
from watchdog.policy.turn import SIGNAL_FORGOTTEN

log = structlog.get_logger()

SHUTDOWN = 30.0
"""Stops that the engine announced so shortly before it went away were its own, no person's."""


class EngineWatch:
    def __init__(self, world: World, desk: IncidentManager, claim: Callable[[EngineIdentity], Awaitable[None]]) -> None:
        self._world = world
        self._desk = desk
        self._claim = claim
        self._was_away = False

    def hung_up(self, because: str) -> None:
        """Its event stream ended: perhaps it restarts, perhaps only the stream broke. A look tells; judging waits."""
        world = self._world
        if world.state.away is not None:
            return
        world.state.settled_at = world.clock.now() + world.settings.engine.settle
        self._forgive_stops()
        log.warning(f"no events for now: {because}")

    def _forgive_stops(self) -> None:
        now = self._world.clock.now()
        for watched in self._world.services.values():
            if watched.meant_at is not None and now - watched.meant_at < SHUTDOWN:
                watched.forgive()

    async def _note_ends(self) -> None:
        """Who was told to end while nobody watched: by the engine itself perhaps, as what outlives its sudden death."""
        told = await self._world.engine.told_to_end()
        for watched in self._world.services.values():
            container = watched.container
            if container is None or container.running or container.finished_at is None or watched.stopped_by_person:
                continue
            told_at = told.get(container.id)
            if told_at is None:
                forgiven = self._ended_with_engine(container.finished_at)
            else:
                forgiven = abs(container.finished_at - told_at) < container.stop_timeout + SIGNAL_FORGOTTEN
            if forgiven or self._was_no_end(watched, container):
                watched.forgive()

    def _ended_with_engine(self, finished_at: float) -> bool:
        """Of an end that the engine knows nothing of: whether one that stopped saw it, its last signals unheard."""
        state, clock = self._world.state, self._world.clock
        lost_at = self._desk.engine_lost_at
        if self._was_away and state.away_since is not None:
            lost_at = clock.wall() - (clock.now() - state.away_since)
        return lost_at is not None and abs(finished_at - lost_at) < SHUTDOWN

    def _was_no_end(self, watched: ServiceState, container: Container) -> bool:
        """Whether an earlier daemon knew better than its exit code tells: it opened an incident of that very end."""
        known, ended_at = self._desk.open.get(watched.record.incident or 0), container.finished_at
        return known is not None and ended_at is not None and container.exit_code == 0 and ended_at <= known.detected_at

    async def gone(self, because: str) -> None:
        """No answer: every service is unknown from now on, and no action follows."""
        world, now = self._world, self._world.clock.now()
        if world.state.away is not None and self._was_away:
            return
        world.state.away, world.state.away_since = because, now
        self._was_away = True
        self._forgive_stops()
        log.warning(f"the engine is away: {because}")
        world.wake_all()
        await self._open()

    async def _open(self, failed_at: float | None = None) -> None:
        if self._desk.number_of(ENGINE) is not None:
            return
        summary = f"the engine is away: {self._world.state.away}"
        try:
            await self._desk.of_subject(ENGINE, summary, self._world.clock.now(), failed_at)
        except LedgerError as error:
            log.error(str(error))

    async def back(self) -> None:
        """It answers: after an absence things settle before anything is judged."""
        world = self._world
        if world.state.away is None:
            return
        world.state.identity = await world.engine.identify()
        await self._claim(world.state.identity)
        await self._note_ends()
        self._desk.engine_lost_at = None
        now = world.clock.now()
        world.state.away = None
        if self._was_away:
            world.state.settled_at = now + world.settings.engine.settle
            log.info(f"the engine is back; things settle for {world.settings.engine.settle:g} s")
        self._was_away = False
        number = self._desk.number_of(ENGINE)
        world.wake_all()
        self._desk.recorded("engine", "the engine answers again")
        if number is not None:
            try:
                await self._desk.close(number, "the engine answers again", now, recovered=True)
            except LedgerError as error:
                log.error(str(error))

    async def overdue(self) -> None:
        if self._was_away:
            await self._open(self._world.state.away_since)  # it could not be recorded before
