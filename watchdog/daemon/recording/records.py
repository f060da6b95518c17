"""The one writer of service records: what the daemon believes of a service is what its ledger says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TypeVar

from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.service import ServiceState
from watchdog.model.record import Entry, ServiceRecord

T = TypeVar("T")
Update = Callable[[ServiceRecord], ServiceRecord | None]
"""The record as it will be; None where, seen now, nothing is to be changed."""


class Records:
    """Whoever changes a record names the change, not the result: it is made of the record as it is when its turn comes.

    The ledger is written first. Where that fails (LedgerError) nothing has changed.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def change(self, service: ServiceState, update: Update, *entries: Entry, vital: bool = False) -> None:
        """Together with these entries."""

        async def write(record: ServiceRecord) -> None:
            await self._journal.write(*entries, records=[record], vital=vital)

        await self.change_with(service, update, write)

    async def change_with(
        self, service: ServiceState, update: Update, write: Callable[[ServiceRecord], Awaitable[T]]
    ) -> T | None:
        """As `change`, where more is written in the same transaction: what `write`, which does that, returns.

        None where nothing is changed.
        """
        async with service.recording:
            record = update(service.record)
            if record is None:
                return None
            written = await write(record)
            service.record = record
            return written

    async def change_all(
        self,
        updates: Iterable[tuple[ServiceState, Update]],
        write: Callable[[Mapping[ServiceState, ServiceRecord]], Awaitable[object]],
    ) -> None:
        """Several at once, in one transaction: `write` is given what changes."""
        ordered = sorted(updates, key=lambda one: one[0].key)
        async with AsyncExitStack() as stack:
            for service, _ in ordered:
                await stack.enter_async_context(service.recording)
            found = {service: update(service.record) for service, update in ordered}
            changed = {service: record for service, record in found.items() if record is not None}
            await write(changed)
            for service, record in changed.items():
                service.record = record
