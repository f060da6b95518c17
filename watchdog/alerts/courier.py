"""Brings alerts to one receiver: in order, with patience, and without anybody waiting for it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.mailbox import Mailbox
from watchdog.alerts.receiver import DeliveryFailed, DeliveryRefused, Receiver
from watchdog.model.alert import Alert

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often an alert is tried. Waits are seconds; they double from `first` to `longest`, with jitter."""

    tries: int = 20
    within: float = 600.0
    first: float = 1.0
    longest: float = 60.0


class Courier:
    """One receiver with its mailbox."""

    def __init__(self, name: str, counts: AlertCounts, patience: Patience) -> None:
        self._name = name
        self._counts = counts
        self._patience = patience
        self._mailbox = Mailbox()
        self._receiver: Receiver | None = None
        self._carried: Alert | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def serve(self, receiver: Receiver | None) -> None:
        """From now on everything, also what waits, goes to this receiver; to nobody when it is None."""
        self._receiver = receiver
        if receiver is None:
            self._drop(self._mailbox.clear(), "the receiver is no longer configured")
            if self._carried is None:
                self._idle.set()
            return
        for counter in (self._counts.sent, self._counts.failed, self._counts.dropped):
            counter[self._name] += 0

    def put(self, alert: Alert) -> None:
        """Never blocks."""
        if self._receiver is None:
            return
        self._idle.clear()
        if self._mailbox.put(alert) is not None:
            self._drop(1, "too many wait")

    async def idle(self) -> None:
        """Returns when everything is delivered or given up."""
        await self._idle.wait()

    def abandon(self) -> None:
        """Counts and reports what was not delivered in time."""
        self._drop(self._mailbox.clear() + (self._carried is not None), "watchdog ends")

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        while True:
            self._carried = await self._mailbox.take()
            await self._carry(self._carried)
            self._carried = None
            if not self._mailbox:
                self._idle.set()

    async def _carry(self, alert: Alert) -> None:
        try:
            await self._try(alert)
        except DeliveryFailed:
            self._give_up(alert)
        except DeliveryRefused as refusal:
            self._counts.failed[self._name] += 1
            self._drop(1, str(refusal))
        except Exception:  # noqa: BLE001 - whatever a receiver does, the next alert is delivered
            _log.exception("An alert could not be delivered; this is a bug in watchdog.", receiver=self._name)
            self._counts.failed[self._name] += 1
            self._drop(1, "of a bug")
        else:
            self._counts.sent[self._name] += 1

    def _give_up(self, alert: Alert) -> None:
        """A resolution is never lost: it goes to the end of the queue and is tried again."""
        if alert.resolved:
            self.put(alert)
        else:
            self._drop(1, "all tries failed")

    async def _try(self, alert: Alert) -> None:
        from tenacity import (
            AsyncRetrying,
            retry_if_exception_type,
            stop_after_attempt,
            stop_after_delay,
            wait_exponential,
            wait_random,
        )

        patience = self._patience
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(DeliveryFailed),
            stop=stop_after_attempt(patience.tries) | stop_after_delay(patience.within),
            wait=wait_exponential(multiplier=patience.first, max=patience.longest) + wait_random(0, patience.first),
            reraise=True,
        ):
            with attempt:
                await self._once(alert)

    async def _once(self, alert: Alert) -> None:
        receiver = self._receiver
        if receiver is None:
            raise DeliveryRefused("the receiver is no longer configured")
        try:
            await receiver.deliver(alert)
        except DeliveryFailed as failure:
            self._counts.failed[self._name] += 1
            _log.warning(
                f"An alert was not delivered: {failure}; it is tried again.", receiver=self._name, alert=alert.key
            )
            raise

    def _drop(self, count: int, because: str) -> None:
        if count:
            self._counts.dropped[self._name] += count
            _log.error(f"Alerts are lost because {because}.", receiver=self._name, lost=count)
