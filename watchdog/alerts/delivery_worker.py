"""Brings alerts to one receiver: in order, with patience, and without anybody waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.memory_queue import MemoryQueue, Unwritten
from watchdog.alerts.notice_store import NoticeStore, Receipts
from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused, NeedsRefresh, Receiver
from watchdog.alerts.retry_queue import Carried, RetryQueue
from watchdog.errors import LedgerError
from watchdog.model.alert import Alert, Notice, Queued

if TYPE_CHECKING:
    from tenacity import AsyncRetrying  # it costs start-up time, and is needed with the first alert

PIECE: Final = 100
"""Notices that are read at once, and the most that are held in memory while they wait."""
DAY: Final = 86400.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an alert is tried. Waits are seconds; they double with each failure in a row, with jitter.

    A receiver that was down over night, or whose password expired, still hears of all that happened. What is older
    than a day is no news: if it still matters there are reminders, and its resolution is kept in any case.
    """

    tries: int = 5
    """In a row; then it lets others pass."""
    within: float = DAY
    """Older alerts are given up once their tries in a row have failed; resolutions never are."""
    first: float = 1.0
    longest: float = 60.0
    repeat: float = 60.0
    """How often a receiver that needs it hears of all that fires."""


class DeliveryWorker:
    """One receiver, what waits for it, and what it knows."""

    def __init__(
        self,
        name: str,
        receiver: Receiver,
        *,
        outbox: NoticeStore,
        receipts: Receipts,
        counts: AlertCounts,
        patience: Patience,
        wall: Callable[[], float],
    ) -> None:
        self._name = name
        self._receiver = receiver
        self._outbox = outbox
        self._receipts = receipts
        self._counts = counts
        self._patience = patience
        self._wall = wall
        self._queue = RetryQueue()
        self._unwritten = MemoryQueue()
        self._told: dict[str, Alert] = {}
        """What the receiver was last told of what fires, by key."""
        self._knows = False
        """What it was told before could be read, too."""
        self._read = 0
        """Number of the last notice that was read."""
        self._complete = -1
        """Up to which number everything was read."""
        self._blind = False
        """The ledger could not be read the last time."""
        self._stir = asyncio.Event()
        self._served = False
        """There is a new receiver, that no pause was made for."""
        self._idle = asyncio.Event()
        self._complaint = ""
        """Why the last try failed: said once, not with each try."""
        for counter in (counts.sent, counts.failed, counts.dropped):
            counter[name] += 0

    def serve(self, receiver: Receiver) -> None:
        """From now on everything, also what waits, goes to this one; what was put off is tried at once."""
        self._receiver = receiver
        self._served = True
        self.hurry()

    def put(self, alert: Alert) -> None:
        """An alert that the ledger did not take; never blocks."""
        newest = self._outbox.waiting.newest
        lost = self._unwritten.put(Unwritten(Queued(0, Notice(self._name, alert)), behind=newest))
        if lost is not None:
            self._drop(lost.queued, "too many wait")
        self.hurry()

    def hurry(self) -> None:
        """There may be something new."""
        self._idle.clear()
        self._stir.set()

    @property
    def unwritten(self) -> int:
        """How many wait that are not in the ledger."""
        return len(self._unwritten)

    async def idle(self) -> None:
        """Returns when nothing waits."""
        await self._idle.wait()

    def abandon(self) -> int:
        """What is neither delivered nor in the ledger is lost; returns how many those are."""
        lost = [one.queued for one in self._unwritten.take(lambda _: True)]
        lost += [queued for queued in self._queue.clear() if queued.id == 0]
        for queued in lost:
            self._drop(queued, "watchdog ends")
        return len(lost)

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        while True:
            await self._fill()
            if self._queue:
                await self._deliver()
                continue
            if not self._blind and not self._stir.is_set():
                self._idle.set()
            await self._rest()

    async def _rest(self) -> None:
        """Until something comes; meanwhile a receiver that needs it hears what still fires."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.repeat):
                await self._stir.wait()
            return
        if self._told and isinstance(self._receiver, NeedsRefresh):
            try:
                await self._receiver.repeat(tuple(self._told.values()))
            except DeliveryFailed as failure:
                self._complain(failure)
            else:
                self._complaint = ""

    async def _fill(self) -> None:
        """Reads on, and puts what was never written where it belongs: behind what was written before it."""
        self._stir.clear()
        waiting = self._outbox.waiting
        unread = self._complete < waiting.newest and len(self._queue) <= PIECE // 2
        if self._knows and not unread and not self._unwritten:
            return
        try:
            if not self._knows:
                self._told = {**await self._outbox.told(self._name), **self._told}
                self._knows = True
            rows = await self._outbox.outbox(self._name, self._read, PIECE) if unread else ()
        except LedgerError as error:
            self._see_nothing(error)
            return
        self._blind = False
        for row in rows:
            self._join_unwritten(before=row.id)
            self._queue.append(row)
            self._read = row.id
        if unread and len(rows) < PIECE:
            self._complete = waiting.newest
        if self._complete >= waiting.newest:
            self._join_unwritten(before=waiting.newest + 1)

    def _join_unwritten(self, *, before: int) -> None:
        for one in self._unwritten.take(lambda one: one.behind < before):
            self._queue.append(one.queued)

    def _see_nothing(self, error: LedgerError) -> None:
        """What is in memory goes out all the same; but not the end of what may wait in the ledger untold."""
        if not self._blind:
            _log.warning(f"Alerts that wait in the ledger cannot be read: {error}", receiver=self._name)
        self._blind = True
        begun = (
            self._told.keys()
            | self._queue.keys()
            | {one.alert.key for one in self._unwritten if not one.alert.resolved}
        )
        for one in self._unwritten.take(lambda one: one.alert.key in begun):
            self._queue.append(one.queued)

    async def _deliver(self) -> None:
        """Tenacity waits between failures in a row, whatever stands at the head of the queue meanwhile."""
        async for attempt in _retrying(self._patience, self._pause):
            with attempt:
                await self._fill()
                if self._queue:
                    await self._try(self._queue.head)

    async def _pause(self, seconds: float) -> None:
        """None before what was never tried; a new receiver ends it, and news when all others were put off."""
        if not self._queue or self._queue.head.tries == 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self._served:
                    await self._stir.wait()
                    self._stir.clear()
                    if self._queue.head.tries >= self._patience.tries:
                        break
        self._served = False

    async def _try(self, carried: Carried) -> None:
        """Raises DeliveryFailed when what is next should wait."""
        alert, queued = carried.alert, carried.queued
        told = self._told.get(alert.key)
        if alert.resolved and told is None and self._knows:
            self._queue.pop()
            self._receipts.undelivered(queued)
            return
        carried.tries += 1
        try:
            await self._receiver.deliver(alert, told)
        except DeliveryFailed as failure:
            self._complain(failure)
            if not self._given_up(carried, failure):
                raise
        except Exception as bug:
            _log.exception("An alert could not be delivered; this is a bug in watchdog.", receiver=self._name)
            refusal = DeliveryRefused("of a bug")
            self._complain(refusal)
            if not self._given_up(carried, refusal):
                raise refusal from bug
        else:
            self._complaint = ""
            self._counts.sent[self._name] += 1
            self._queue.pop()
            self._note(queued)

    def _note(self, queued: Queued) -> None:
        alert = queued.notice.alert
        if not alert.lasts:
            self._told.pop(alert.key, None)
        else:
            self._told[alert.key] = alert
        self._receipts.delivered(queued)

    def _complain(self, failure: DeliveryFailed) -> None:
        self._counts.failed[self._name] += 1
        if str(failure) != self._complaint:
            self._complaint = str(failure)
            _log.warning(f"An alert was not delivered: {failure}; it is tried again.", receiver=self._name)

    def _given_up(self, carried: Carried, failure: DeliveryFailed) -> bool:
        """What is old or refused, but never a resolution. What was tried often only lets the others pass."""
        alert = carried.alert
        refused = isinstance(failure, DeliveryRefused)
        if not refused and carried.tries < self._patience.tries:
            return False
        old = self._wall() - alert.at > self._patience.within
        if alert.resolved or not (refused or old):
            self._queue.move_to_back()
            return False
        self._queue.pop()
        self._drop(carried.queued, str(failure) if refused else f"it is too old, and {failure}")
        return True

    def _drop(self, queued: Queued, because: str) -> None:
        self._counts.dropped[self._name] += 1
        _log.error(f"An alert is lost because {because}.", receiver=self._name, alert=queued.notice.alert.key)
        self._receipts.undelivered(queued)


def _retrying(patience: Patience, pause: Callable[[float], Awaitable[None]]) -> AsyncRetrying:
    from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential, wait_random

    return AsyncRetrying(
        retry=retry_if_exception_type(DeliveryFailed),
        wait=wait_exponential(multiplier=patience.first, max=patience.longest) + wait_random(0, patience.first),
        sleep=pause,
    )
