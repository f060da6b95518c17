"""The ledger as the daemon sees it: the one writer, in a thread of its own, so that the loop never waits for a disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from watchdog.errors import LedgerError, LedgerFull
from watchdog.ledger.outbox import Waiting
from watchdog.ledger.store import Store
from watchdog.model.alert import Alert, Queued
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Incident, Row, ServiceRecord

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor  # it and asyncio cost readers 50 ms of start-up

_T = TypeVar("_T")


class Ledger:
    """Append-only and hash-chained, with the state of services, incidents and specs beside it.

    Every method that waits raises LedgerError, with one sentence, when the database cannot do it. A call whose task is
    cancelled may still be carried out, and then `records` and `head` show it.
    """

    def __init__(self, store: Store, thread: ThreadPoolExecutor, retention: float) -> None:
        self._store = store
        self._thread = thread
        self._retention = retention
        self._last_incident = store.last_incident
        self._last_deployment = store.last_deployment
        self._closed = False

    @classmethod
    async def open(cls, directory: Path, *, key_file: Path | None, now: float, retention: float) -> Self:
        """Makes or loads the ledger in the state directory and applies `retention` (seconds; `now` is Unix seconds).

        The caller holds the lock on the directory. Raises LedgerFull, or LedgerError for a directory, database, key
        or version that is not usable; what was there stays as it was.
        """
        from concurrent.futures import ThreadPoolExecutor

        thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        try:
            store = await _run(thread, lambda: Store.open(directory, key_file=key_file))
        except BaseException:
            thread.shutdown(wait=False)
            raise
        ledger = cls(store, thread, retention)
        try:
            with suppress(LedgerFull):  # a full disk must not keep the daemon from watching
                await ledger.compact(now)
        except BaseException:
            await ledger.close()
            raise
        return ledger

    @property
    def records(self) -> Mapping[ServiceKey, ServiceRecord]:
        """All services as last committed; a mapping that never changes: ask again for a newer one."""
        return self._store.view.records

    @property
    def head(self) -> str:
        """Hash of the newest row, sixty-four zeros before the first: print it where this machine cannot change it."""
        return self._store.view.head.hash

    def next_incident(self) -> int:
        """A number that no incident has had."""
        self._last_incident += 1
        return self._last_incident

    def next_deployment(self) -> int:
        """A number that no deployment has had."""
        self._last_deployment += 1
        return self._last_deployment

    async def append(self, change: Change) -> tuple[Row, ...]:
        """Writes all of it in one transaction, which is on the disk when this returns; its entries as rows, numbered.

        Raises LedgerFull or LedgerError, and then nothing of it is written; ValueError or TypeError for a payload that
        is no JSON.
        """
        return await self._call(lambda: self._store.append(change))

    @property
    def waiting(self) -> Waiting:
        """What the outbox holds, as last committed."""
        return self._store.view.waiting

    async def kept(self, kind: str) -> Mapping[str, str]:
        """The small states of this kind: key → JSON text."""
        return await self._call(lambda: self._store.kept(kind))

    async def outbox(self, receiver: str, after: int, limit: int) -> tuple[Queued, ...]:
        """What waits for the receiver behind number `after`, in order; `limit` at the most."""
        return await self._call(lambda: self._store.outbox(receiver, after, limit))

    async def told(self, receiver: str) -> Mapping[str, Alert]:
        """What it was told last of each alert, by key, of which it was not told the end."""
        return await self._call(lambda: self._store.told(receiver))

    async def delivered(self, queued: Sequence[Queued]) -> None:
        """They wait no longer, and their receivers know of them; also of those that were never written."""
        await self._call(lambda: self._store.delivered(queued))

    async def undelivered(self, queued: Sequence[Queued]) -> None:
        """They wait no longer, and their receivers never heard of them."""
        await self._call(lambda: self._store.undelivered(queued))

    async def serve(self, receivers: Collection[str]) -> Mapping[str, int]:
        """Throws away what waits for others than these; receiver → how many were lost."""
        return await self._call(lambda: self._store.serve(receivers))

    async def bind_engine(self, engine_id: str, containers: Collection[str] = ()) -> bool:
        """Remembers the engine at the first call; later raises LedgerError when it is another one.

        The ID of an engine may change: with an upgrade from 20.10, or with /etc/docker/key.json lost. One of the
        records' containers among `containers`, the full IDs of those that it has, proves that it is the same; then the
        new ID is remembered, and this returns True.
        """
        return await self._call(lambda: self._store.bind_engine(engine_id, containers))

    async def spec(self, spec_id: str) -> ContainerSpec:
        """Raises LedgerError when it is not there, was edited, or cannot be decrypted."""
        return await self._call(lambda: self._store.spec(spec_id))

    async def open_incidents(self) -> tuple[Incident, ...]:
        """Newest first."""
        return await self._call(self._store.open_incidents)

    async def incidents(self, limit: int) -> tuple[Incident, ...]:
        """Newest first, `limit` at the most."""
        return await self._call(lambda: self._store.incidents(limit))

    async def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        """The incident and its rows, oldest first; raises UnknownIncident."""
        return await self._call(lambda: self._store.timeline(incident))

    async def open_deployments(self) -> tuple[Deployment, ...]:
        """Those that have not ended, oldest first."""
        return await self._call(self._store.open_deployments)

    async def deployments(self, limit: int) -> tuple[Deployment, ...]:
        """Newest first, `limit` at the most."""
        return await self._call(lambda: self._store.deployments(limit))

    async def deployment(self, number: int) -> tuple[Deployment, tuple[Row, ...]]:
        """It, its rows and those of the services that it touched meanwhile, oldest first; raises UnknownDeployment."""
        return await self._call(lambda: self._store.deployment(number))

    async def pending_intents(self) -> tuple[Row, ...]:
        """Intents without an outcome, oldest first: what a daemon that died had begun."""
        return await self._call(self._store.pending_intents)

    async def renamed_by_us(self, named: Mapping[str, str]) -> set[str]:
        """Of containers, full ID → name, those that attempts of this ledger worked on and gave that name."""
        return await self._call(lambda: self._store.renamed_by_us(named))

    async def last_attempt(self, subject: str) -> tuple[Row, ...]:
        """The newest intent of a service and its rows since, oldest first; empty when there never was one."""
        return await self._call(lambda: self._store.last_attempt(subject))

    async def compact(self, now: float) -> None:
        """Removes rows older than the retention, closed incidents without rows, and specs that no baseline uses.

        Only a prefix of the chain goes, up to the first row that is young or an intent without an outcome; a
        checkpoint row says so. Raises LedgerFull.
        """
        while await self._call(lambda: self._store.compact(now, self._retention)):
            pass

    async def close(self) -> None:
        """Ends the thread when all that was asked for is written; may be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            await _run(self._thread, self._store.close)
        finally:
            self._thread.shutdown(wait=False)

    async def _call(self, work: Callable[[], _T]) -> _T:
        if self._closed:
            raise LedgerError("The ledger is closed: the daemon is stopping")
        return await _run(self._thread, work)


async def _run(thread: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
    from asyncio import get_running_loop

    return await get_running_loop().run_in_executor(thread, work)
