"""`recovery-state.json`: the state of every recovery for people who `cat` it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import World
from watchdog.errors import LedgerError
from watchdog.ledger import write_json
from watchdog.model.health import Health
from watchdog.model.snapshot import timestamp

log = structlog.get_logger()

AT_MOST_EVERY = 0.5
"""Seconds between two writings."""


class StateFile:
    """Keeps `recovery-state.json` current: atomically, off the check path, at most twice a second."""

    def __init__(self, world: World, directory: Path) -> None:
        self._world = world
        self._path = directory / "recovery-state.json"

    async def run(self) -> None:
        """For ever: writes soon after every change."""
        loop = asyncio.get_running_loop()
        complaint = ""
        while True:
            await self._world.changed.wait()
            self._world.changed.clear()
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
        world = self._world
        wall = world.clock.wall() - world.clock.now()
        return {
            "updated_at": timestamp(world.clock.wall()),
            "engine": world.state.away or "answers",
            "ledger_head": world.memory.head,
            "services": {str(key): _recovery_state(watched, wall) for key, watched in sorted(world.services.items())},
        }


def _recovery_state(watched: ServiceState, wall: float) -> dict[str, object]:
    record = watched.record
    return {
        "health": watched.seen.health.value if watched.seen is not None else Health.UNKNOWN.value,
        "phase": watched.phase.value,
        "desired": record.desired.value,
        "doing": watched.says,
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
