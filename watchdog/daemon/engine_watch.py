"""Whether the engine answers: away is one incident of its own, and nothing is judged until it has settled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.world import World
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import LedgerError

log = structlog.get_logger()

SHUTDOWN = 30.0
"""Stops that the engine announced so shortly before it went away were its own, no person's."""


class EngineWatch:
    def __init__(self, world: World, desk: IncidentDesk, claim: Callable[[EngineIdentity], Awaitable[None]]) -> None:
        self._world = world
        self._desk = desk
        self._claim = claim
        self._incident: int | None = None
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
                watched.stopped_by_person = watched.killed_by_person = False

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
        if self._incident is not None:
            return
        summary = f"the engine is away: {self._world.state.away}"
        try:
            self._incident = await self._desk.of_subject("engine", summary, self._world.clock.now(), failed_at)
        except LedgerError as error:
            log.error(str(error))

    async def back(self) -> None:
        """It answers: after an absence things settle before anything is judged."""
        world = self._world
        if world.state.away is None:
            return
        world.state.identity = await world.engine.identify()
        await self._claim(world.state.identity)
        now = world.clock.now()
        world.state.away = None
        if self._was_away:
            world.state.settled_at = now + world.settings.engine.settle
            log.info(f"the engine is back; things settle for {world.settings.engine.settle:g} s")
        self._was_away = False
        number, self._incident = self._incident, None
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
        if self._incident is not None:
            now, after = self._world.clock.now(), self._world.settings.alert.critical_after
            await self._desk.overdue(self._incident, now, after)
