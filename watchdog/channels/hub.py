"""Messages on channels: the last ones of each are kept, and whoever reads too slowly misses some and is told so."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, Self

from watchdog.channels.counts import ChannelCounts
from watchdog.errors import TooManySubscribers
from watchdog.model.channel import Channel, ChannelMessage

KEPT: Final = 1000
"""Messages of a channel that are kept, for those who come later and those who read slowly."""
SUBSCRIBERS: Final = 32
"""At the same time; each may hold a connection of the API, which are bounded too."""
GAP: Final = "gap"
"""Kind of the message that says that others are missing."""
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Hub:
    """Publishing never waits: subscribers have no queue of their own, each reads what is kept at its own pace."""

    def __init__(self, wall: Callable[[], float], counts: ChannelCounts | None = None, *, kept: int = KEPT) -> None:
        self._wall = wall
        self._counts = counts if counts is not None else ChannelCounts()
        self._epoch = f"{wall() * 1000:.0f}"
        self._number = 0
        """Of the newest message."""
        self._rings = {channel: _Ring(kept) for channel in Channel}
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    def publish(
        self, channel: Channel, kind: str, subject: str, sentence: str, payload: Mapping[str, Any] = _NOTHING
    ) -> ChannelMessage:
        self._number += 1
        message = ChannelMessage(
            id=self.id_of(self._number),
            channel=channel,
            at=self._wall(),
            kind=kind,
            subject=subject,
            sentence=sentence,
            payload=payload,
        )
        forgotten = self._rings[channel].add(self._number, message)
        self._counts.messages[channel] += 1
        for subscription in self._subscriptions:
            if channel in subscription.channels:
                self._counts.dropped += subscription.position < forgotten
                subscription.news.set()
        return message

    @contextmanager
    def subscribe(
        self, channels: Collection[Channel], after: str | None = None
    ) -> Generator[AsyncIterator[ChannelMessage]]:
        """What is kept after the message with the id `after`, then all that is published, until the hub is closed.

        Without `after` only what is published from now on. Raises TooManySubscribers.
        """
        if len(self._subscriptions) >= SUBSCRIBERS:
            raise TooManySubscribers(
                f"{SUBSCRIBERS} subscribers follow the channels already: end one of them, or follow several channels "
                "by one subscription (all)"
            )
        subscription = Subscription(self, channels, after)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def close(self) -> None:
        """Ends every subscription once it has read what is kept."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.news.set()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def newest_number(self) -> int:
        return self._number

    def newest(self, channel: Channel) -> str | None:
        """Id of the channel's newest message; None before the first."""
        ring = self._rings[channel]
        return ring.messages[-1].id if ring.messages else None

    def id_of(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def number_of(self, message_id: str) -> int | None:
        """None where this run of the daemon has published no message with that id."""
        epoch, _, number = message_id.rpartition("-")
        if epoch != self._epoch or not number.isdecimal() or len(number) > len(str(self._number)):
            return None
        return int(number) if int(number) <= self._number else None

    def next_after(self, number: int, channels: Collection[Channel]) -> tuple[int, ChannelMessage] | None:
        """The oldest message of these channels with a greater number."""
        found = (self._rings[channel].next_after(number) for channel in channels)
        return min((one for one in found if one is not None), key=lambda one: one[0], default=None)

    def forgotten(self, channel: Channel) -> int:
        """Number of the channel's newest message that is kept no more; 0 while all are."""
        return self._rings[channel].forgotten

    def gap(self, number: int, channels: Collection[Channel], because: str) -> ChannelMessage:
        """Says that messages after this number may be missing; one who comes again after it reads on from there."""
        names = ", ".join(channels)
        return ChannelMessage(
            id=self.id_of(number),
            channel=next(iter(channels)),
            at=self._wall(),
            kind=GAP,
            subject=names,
            sentence=f"messages of {names} may be missing here: {because}; `watchdog status` says what is so now",
            payload={"channels": [channel.value for channel in channels]},
        )


class _Ring:
    """The last messages of a channel, with their numbers."""

    def __init__(self, kept: int) -> None:
        self.numbers: deque[int] = deque(maxlen=kept)
        self.messages: deque[ChannelMessage] = deque(maxlen=kept)
        self.forgotten = 0

    def add(self, number: int, message: ChannelMessage) -> int:
        """Returns the number of the message that is forgotten over it; 0 where there is room."""
        if len(self.numbers) == self.numbers.maxlen:
            self.forgotten = self.numbers[0]
        self.numbers.append(number)
        self.messages.append(message)
        return self.forgotten

    def next_after(self, number: int) -> tuple[int, ChannelMessage] | None:
        if not self.numbers or self.numbers[-1] <= number:
            return None
        index = bisect_right(self.numbers, number)
        return self.numbers[index], self.messages[index]


class Subscription:
    """An iterator over messages. A wait for the next may be cancelled; nothing is lost by it."""

    def __init__(self, hub: Hub, channels: Collection[Channel], after: str | None) -> None:
        known = hub.newest_number if after is None else hub.number_of(after)
        self.channels = frozenset(channels)
        self.news = asyncio.Event()
        self.position = known if known is not None else 0
        """Number up to which everything is read."""
        self._hub = hub
        self._foreign = after if known is None else None
        self._told: dict[Channel, int] = {}
        """Channel → up to which number it is known that messages are missing."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChannelMessage:
        while True:
            self.news.clear()
            message = self._gap() or self._next()
            if message is not None:
                return message
            if self._hub.closed:
                raise StopAsyncIteration
            await self.news.wait()

    def _gap(self) -> ChannelMessage | None:
        forgotten = {channel: self._hub.forgotten(channel) for channel in sorted(self.channels)}
        unread = [
            channel for channel, number in forgotten.items() if number > max(self.position, self._told.get(channel, 0))
        ]
        self._told |= forgotten
        if self._foreign is not None:
            because = f"{self._foreign[:100]!r} is no message of this run of the daemon"
            self._foreign = None
            return self._hub.gap(self.position, sorted(self.channels), because)
        if unread:
            return self._hub.gap(self.position, unread, "they are kept no more")
        return None

    def _next(self) -> ChannelMessage | None:
        found = self._hub.next_after(self.position, self.channels)
        if found is None:
            return None
        self.position, message = found
        return message
