"""`recovery-state.json`: the state of every recovery for people who `cat` it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.errors import LedgerError
from watchdog.ledger import write_json
from watchdog.model.health import Health
from watchdog.model.snapshot import timestamp

log = structlog.get_logger()

AT_MOST_EVERY = 0.5
"""Seconds between two writings."""


class StateFile:
    """Keeps `recovery-state.json` current: atomically, off the check path, at most twice a second."""

    def __init__(self, state: DaemonState, directory: Path) -> None:
        self._state = state
        self._path = directory / "recovery-state.json"

    async def run(self) -> None:
        """For ever: writes soon after every change."""
        loop = asyncio.get_running_loop()
        complaint = ""
        while True:
            await self._state.changed.wait()
            self._state.changed.clear()
            content = self._content()
            try:
                await loop.run_in_executor(None, write_json, self._path, content)
                complaint = ""
            except LedgerError as error:
                if str(error) != complaint:
                    complaint = str(error)
                    log.error(complaint)
            await asyncio.sleep(AT_MOST_EVERY)

    def _content(self) -> dict[str, object]:
        state = self._state
        wall = state.clock.wall() - state.clock.now()
        return {
            "updated_at": timestamp(state.clock.wall()),
            "engine": state.engine_state.away or "answers",
            "ledger_head": state.ledger.head,
            "services": {
                str(key): _recovery_state(service, wall) for key, service in sorted(state.services.known.items())
            },
        }


def _recovery_state(service: ServiceState, wall: float) -> dict[str, object]:
    record = service.record
    return {
        "health": service.assessment.health.value if service.assessment is not None else Health.UNKNOWN.value,
        "phase": service.course.phase.value,
        "desired": record.desired.value,
        "doing": service.course.message,
        "incident": record.incident,
        "quarantined": record.quarantined,
        "paused_until": timestamp(record.pause.until + wall) if record.pause is not None else None,
        "attempts": [
            {"at": timestamp(old.at + wall), "rung": old.rung.value, "outcome": old.outcome.value, "reason": old.reason}
            for old in record.attempts
        ],
        "baselines": [
            {"image": kept.image, "image_id": kept.image_id, "proven_at": timestamp(kept.proven_at + wall)}
            for kept in record.baselines
        ],
    }
