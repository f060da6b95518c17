"""Where notices wait that were decided: what a delivery worker needs of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

import structlog

from watchdog.errors import LedgerError
from watchdog.ledger import Waiting
from watchdog.model.alert import Alert, Queued

AGAIN: Final = 5.0
"""Seconds after which a ledger that could not be written is tried again."""
MOST: Final = 10_000
"""Receipts that are kept for such a ledger; of older ones the alert is delivered again after a restart."""

_log = structlog.get_logger(__name__)


class NoticeStore(Protocol):
    """Implemented by `Ledger`, where each method is explained; those that wait raise LedgerError."""

    @property
    def waiting(self) -> Waiting: ...

    async def outbox(self, receiver: str, after: int, limit: int) -> tuple[Queued, ...]: ...

    async def told(self, receiver: str) -> Mapping[str, Alert]: ...

    async def delivered(self, queued: Sequence[Queued]) -> None: ...

    async def undelivered(self, queued: Sequence[Queued]) -> None: ...

    async def serve(self, receivers: Collection[str]) -> Mapping[str, int]: ...


class Receipts:
    """Tells the outbox what is done. While one write is under way the next is gathered: a kill repeats only those."""

    def __init__(self, outbox: NoticeStore) -> None:
        self._outbox = outbox
        self._delivered: list[Queued] = []
        self._undelivered: list[Queued] = []
        self._filled = asyncio.Event()

    def delivered(self, queued: Queued) -> None:
        self._delivered.append(queued)
        self._filled.set()

    def undelivered(self, queued: Queued) -> None:
        self._undelivered.append(queued)
        self._filled.set()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            await self._filled.wait()
            try:
                await self.write()
            except LedgerError as error:
                _log.warning(f"It cannot be recorded what was delivered; after a restart it is told again: {error}")
                await asyncio.sleep(AGAIN)

    async def write(self) -> None:
        """Raises LedgerError, and then all is kept for the next time."""
        self._filled.clear()
        delivered, self._delivered = self._delivered, []
        undelivered, self._undelivered = self._undelivered, []
        try:
            if delivered:
                await self._outbox.delivered(delivered)
                delivered = []
            if undelivered:
                await self._outbox.undelivered(undelivered)
                undelivered = []
        finally:
            self._delivered = [*delivered, *self._delivered][-MOST:]
            self._undelivered = [*undelivered, *self._undelivered][-MOST:]
            if self._delivered or self._undelivered:
                self._filled.set()
