"""The door of this room: what is decided goes to its receivers, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.delivery_worker import DeliveryWorker, Patience
from watchdog.alerts.files import FilesReceiver
from watchdog.alerts.notice_store import NoticeStore, Receipts
from watchdog.alerts.ping import Ping
from watchdog.alerts.receiver import Receiver
from watchdog.alerts.registry import receiver_of
from watchdog.errors import LedgerError
from watchdog.model.alert import FILES, Notice
from watchdog.model.settings import AlertSettings, ReceiverSettings

FLUSH: Final = 2.0
"""Seconds that deliveries may take when watchdog ends; what is in the ledger goes out after its next start."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _ReceiverEntry:
    worker: DeliveryWorker
    settings: ReceiverSettings | None
    """None of the files, which are always there."""
    task: asyncio.Task[None] | None = None


class Alerter:
    """Delivers in the background what waits in the outbox. `directory` holds the files for people and programs here."""

    def __init__(
        self,
        settings: AlertSettings,
        directory: Path,
        counts: AlertCounts,
        outbox: NoticeStore,
        *,
        works: Callable[[], bool],
        wall: Callable[[], float],
        patience: Patience | None = None,
    ) -> None:
        """`works`: whether watchdog may say of itself that it does; `wall`: Unix time."""
        self._settings = settings
        self._counts = counts
        self._outbox = outbox
        self._works = works
        self._wall = wall
        self._patience = patience or Patience()
        self._receipts = Receipts(outbox)
        self._gave_way: Mapping[str, int] = {}
        self._group: asyncio.TaskGroup | None = None
        self._ping: asyncio.Task[None] | None = None
        self._entries = {FILES: _ReceiverEntry(self._worker(FILES, FilesReceiver(directory)), None)}
        counts.queued = self.queued
        self._take_up(settings)

    @property
    def receivers(self) -> tuple[str, ...]:
        """The names that a notice may have."""
        return tuple(self._entries)

    def send(self, *notices: Notice) -> None:
        """From memory, what the ledger did not take. Never blocks and never fails; from the loop's thread only."""
        for notice in notices:
            entry = self._entries.get(notice.receiver)
            if entry is not None:
                entry.worker.put(notice.alert)
        self._count()

    def hurry(self) -> None:
        """There is something new in the outbox."""
        for entry in self._entries.values():
            entry.worker.hurry()
        self._count()

    async def reconfigure(self, settings: AlertSettings) -> None:
        """What waits goes where the new settings say; what waits for a receiver that is gone is lost."""
        self._take_up(settings)
        await self._serve()

    def queued(self) -> Mapping[str, int]:
        """How many notices wait for each receiver."""
        counts = self._outbox.waiting.counts
        return {name: counts.get(name, 0) + one.worker.unwritten for name, one in self._entries.items()}

    async def run(self) -> None:
        """Delivers until it is cancelled; then what waits has two more seconds."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            receipts = group.create_task(self._receipts.run(), name="receipts")
            try:
                await self._serve()
                self._take_up(self._settings)
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None
                await self._end(receipts)

    async def _end(self, receipts: asyncio.Task[None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH):
                await asyncio.gather(*(one.worker.idle() for one in self._entries.values()))
        tasks = [receipts, self._ping, *(one.task for one in self._entries.values())]
        for task in tasks:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        for one in self._entries.values():
            one.worker.abandon()
        with suppress(LedgerError):  # what was delivered is delivered once more after the next start
            await self._receipts.write()

    async def _serve(self) -> None:
        try:
            lost = await self._outbox.serve(self._entries)
        except LedgerError as error:
            _log.warning(f"What waits for receivers that are gone stays in the ledger: {error}")
            return
        for name, count in lost.items():
            self._counts.dropped[name] += count
            _log.error("Alerts are lost because their receiver is no longer configured.", receiver=name, lost=count)

    def _take_up(self, settings: AlertSettings) -> None:
        wanted = {receiver.name: receiver for receiver in settings.receivers}
        for name in self._entries.keys() - wanted.keys() - {FILES}:
            gone = self._entries.pop(name)
            if gone.task is not None:
                gone.task.cancel()
            gone.worker.abandon()
        for name, receiver in wanted.items():
            known = self._entries.get(name)
            if known is None:
                self._entries[name] = _ReceiverEntry(self._worker(name, receiver_of(receiver)), receiver)
            elif known.settings != receiver:
                known.settings = receiver
                known.worker.serve(receiver_of(receiver))
        self._start(settings)

    def _start(self, settings: AlertSettings) -> None:
        """Whoever has nothing to do yet, while `run` runs."""
        old, self._settings = self._settings, settings
        if self._group is None:
            return
        for name, entry in self._entries.items():
            if entry.task is None:
                entry.task = self._group.create_task(entry.worker.run(), name=f"deliver to {name}")
        if self._ping is not None and _of_ping(old) != _of_ping(settings):
            self._ping.cancel()
            self._ping = None
        if self._ping is None and settings.ping is not None:
            ping = Ping(settings.ping, settings.ping_interval, settings.timeout, works=self._works, counts=self._counts)
            self._ping = self._group.create_task(ping.run(self._wall), name="ping")

    def _worker(self, name: str, receiver: Receiver) -> DeliveryWorker:
        return DeliveryWorker(
            name,
            receiver,
            outbox=self._outbox,
            receipts=self._receipts,
            counts=self._counts,
            patience=self._patience,
            wall=self._wall,
        )

    def _count(self) -> None:
        """Those that gave way in the outbox since it was looked at."""
        now = self._outbox.waiting.gave_way
        for name, count in now.items():
            lost = count - self._gave_way.get(name, 0)
            if lost:
                self._counts.dropped[name] += lost
                _log.error("Alerts are lost because too many wait.", receiver=name, lost=lost)
        self._gave_way = now


def _of_ping(settings: AlertSettings) -> tuple[str | None, float, float]:
    return settings.ping, settings.ping_interval, settings.timeout
