"""What time alone makes of alerts: warnings that waited, downtime past its limit, reminders, silences that end."""

from __future__ import annotations

import asyncio

import structlog

from watchdog.daemon.alerting.notifier import SILENCES, Notifier
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.errors import LedgerError
from watchdog.model.record import EntryKind, Kept

log = structlog.get_logger()

RETRY_AFTER_TROUBLE = 5.0


class DowntimeWatch:
    """Never on the path of checks; a ledger that cannot be written delays what it keeps, not what is told."""

    def __init__(self, state: DaemonState, incidents: IncidentManager, alerts: Notifier, journal: Journal) -> None:
        self._state = state
        self._incidents = incidents
        self._alerts = alerts
        self._journal = journal

    async def run(self) -> None:
        """For ever: looks when something may be due."""
        clock = self._state.clock
        while True:
            self._alerts.stirred.clear()
            try:
                until = await self.look(clock.now())
                wait = None if until is None else max(0.0, until - clock.now())
            except LedgerError as error:
                log.error(f"what is told cannot be recorded: {error}")
                await asyncio.sleep(RETRY_AFTER_TROUBLE)
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._alerts.stirred.wait()
            except TimeoutError:
                pass

    async def look(self, now: float) -> float | None:
        """Tells what is due; returns when time makes something due again (steady seconds)."""
        silence_ends = await self._end_silences(now)
        for one in self._alerts.late(self._alerts.at_rest(), now):
            critical_at = self._alerts.critical_at(one, now)
            if critical_at is not None and now >= critical_at:
                await self._incidents.overdue(one.id, now)
        resting = self._alerts.at_rest()
        plan, due_at = self._alerts.due_by_time(resting, now)
        async with self._alerts.changing(*(one for one in resting if one.id in plan.states)):  # so this does not wait
            await self._alerts.keep(plan)
        return min((at for at in (silence_ends, due_at) if at is not None), default=None)

    async def _end_silences(self, now: float) -> float | None:
        """Forgets those that are over; returns when the next one will be."""
        silences = self._state.operators.silences
        for key, silence in list(silences.items()):
            if now >= silence.until:
                sentence = f"the silence of {silence.what} is over: {silence.reason}"
                entry = self._journal.entry(EntryKind.DECISION, silence.what, sentence)
                await self._journal.write(entry, kept=[Kept(SILENCES, key, None)], vital=True)
                silences.pop(key, None)
        return min((silence.until for silence in silences.values()), default=None)
