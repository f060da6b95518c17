"""One daemon per engine and per state directory: the locks, and that the two belong together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection

import structlog

from watchdog.daemon.process.lock import EngineLock, StateLock
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger
from watchdog.model.settings import StateSettings
from watchdog.model.snapshot import timestamp

log = structlog.get_logger()


def holder(settings: StateSettings) -> dict[str, object]:
    """What a refused second daemon is told of the one that holds the lock."""
    return {
        "pid": os.getpid(),
        "since": timestamp(time.time()),
        "state_dir": str(settings.dir),
        "command": " ".join(sys.argv)[:200],
    }


class DaemonLocks:
    """The locks of one process; the kernel releases them when it ends, however it ends."""

    def __init__(self, settings: StateSettings) -> None:
        self._settings = settings
        self._state: StateLock | None = None
        self._engines: dict[str, EngineLock] = {}

    def take_state(self) -> None:
        """Raises LockHeld or LedgerError."""
        self._state = StateLock.acquire(self._settings.dir, holder(self._settings))

    async def take_engine(self, identity: EngineIdentity, containers: Collection[str], ledger: Ledger) -> None:
        """`containers`: full IDs of those that it has. Raises LockHeld, or LedgerError when the ledger is another's."""
        if identity.id not in self._engines:
            lock = EngineLock.acquire(self._settings.run_dir, identity.id, holder(self._settings))
            self._engines[identity.id] = lock
        if await ledger.bind_engine(identity.id, containers):
            log.warning(f"the engine has another ID now, {identity.id}, and containers of this ledger: it is the same")

    def release(self) -> None:
        for lock in (*self._engines.values(), self._state):
            if lock is not None:
                lock.release()
