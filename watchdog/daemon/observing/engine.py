"""Whether the engine answers: away is one incident of its own, and nothing is judged until it has settled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import ENGINE
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import LedgerError
from watchdog.model.container import Container
from watchdog.policy.turn import SIGNAL_FORGOTTEN

log = structlog.get_logger()

SHUTDOWN = 30.0
"""Stops that the engine announced so shortly before it went away were its own, no person's."""


class EngineWatch:
    def __init__(
        self, state: DaemonState, incidents: IncidentManager, claim: Callable[[EngineIdentity], Awaitable[None]]
    ) -> None:
        self._state = state
        self._incidents = incidents
        self._claim = claim
        self._was_away = False

    def hung_up(self, because: str) -> None:
        """Its event stream ended: perhaps it restarts, perhaps only the stream broke. A look tells; judging waits."""
        state = self._state
        if state.engine_state.away is not None:
            return
        state.engine_state.settled_at = state.clock.now() + state.settings.engine.settle
        self._forgive_stops()
        log.warning(f"no events for now: {because}")

    def _forgive_stops(self) -> None:
        now = self._state.clock.now()
        for service in self._state.services.known.values():
            if service.signals.stop_heard_at is not None and now - service.signals.stop_heard_at < SHUTDOWN:
                service.clear_operator_stop()

    async def _note_ends(self) -> None:
        """Who was told to end while nobody watched: by the engine itself perhaps, as what outlives its sudden death."""
        told = await self._state.engine.told_to_end()
        for service in self._state.services.known.values():
            container = service.container
            if (
                container is None
                or container.running
                or container.finished_at is None
                or service.incarnation.stop.by_operator
            ):
                continue
            told_at = told.get(container.id)
            if told_at is None:
                forgiven = self._ended_with_engine(container.finished_at)
            else:
                forgiven = abs(container.finished_at - told_at) < container.stop_timeout + SIGNAL_FORGOTTEN
            if forgiven or self._was_no_end(service, container):
                service.clear_operator_stop()

    def _ended_with_engine(self, finished_at: float) -> bool:
        """Of an end that the engine knows nothing of: whether one that stopped saw it, its last signals unheard."""
        state, clock = self._state.engine_state, self._state.clock
        lost_at = self._incidents.engine_lost_at
        if self._was_away and state.away_since is not None:
            lost_at = clock.wall() - (clock.now() - state.away_since)
        return lost_at is not None and abs(finished_at - lost_at) < SHUTDOWN

    def _was_no_end(self, service: ServiceState, container: Container) -> bool:
        """Whether an earlier daemon knew better than its exit code tells: it opened an incident of that very end."""
        known, ended_at = self._state.incidents.get(service.record.incident or 0), container.finished_at
        if known is None or ended_at is None or container.exit_code != 0:
            return False
        return ended_at <= known.incident.detected_at

    async def gone(self, because: str) -> None:
        """No answer: every service is unknown from now on, and no action follows."""
        state, now = self._state, self._state.clock.now()
        if state.engine_state.away is not None and self._was_away:
            return
        state.engine_state.away, state.engine_state.away_since = because, now
        self._was_away = True
        self._forgive_stops()
        log.warning(f"the engine is away: {because}")
        state.wake_all()
        await self._open()

    async def _open(self, failed_at: float | None = None) -> None:
        if self._incidents.number_of(ENGINE) is not None:
            return
        summary = f"the engine is away: {self._state.engine_state.away}"
        try:
            await self._incidents.of_subject(ENGINE, summary, self._state.clock.now(), failed_at)
        except LedgerError as error:
            log.error(str(error))

    async def back(self) -> None:
        """It answers: after an absence things settle before anything is judged."""
        state = self._state
        if state.engine_state.away is None:
            return
        identity = await state.engine.identify()
        state.engine_state.identified(identity)
        await self._claim(identity)
        await self._note_ends()
        self._incidents.engine_lost_at = None
        now = state.clock.now()
        state.engine_state.away = None
        if self._was_away:
            state.engine_state.settled_at = now + state.settings.engine.settle
            log.info(f"the engine is back; things settle for {state.settings.engine.settle:g} s")
        self._was_away = False
        number = self._incidents.number_of(ENGINE)
        state.wake_all()
        self._incidents.recorded("engine", "the engine answers again")
        if number is not None:
            try:
                await self._incidents.close(number, "the engine answers again", now, recovered=True)
            except LedgerError as error:
                log.error(str(error))

    async def overdue(self) -> None:
        if self._was_away:
            await self._open(self._state.engine_state.away_since)  # it could not be recorded before
