"""Who reads a channel misses nothing, or is told that something is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from watchdog.channels.counts import ChannelCounts
from watchdog.channels.hub import GAP, KEPT, SUBSCRIBERS, Hub
from watchdog.errors import TooManySubscribers
from watchdog.model.channel import Channel, ChannelMessage

FEW = 3
CHANNELS = st.sets(st.sampled_from(Channel), min_size=1).map(sorted)


async def read_now(messages: AsyncIterator[ChannelMessage]) -> ChannelMessage | None:
    """The next message; None where there is none yet, and the wait for it is cancelled."""
    try:
        async with asyncio.timeout(0):
            return await anext(messages)
    except TimeoutError:
        return None


async def read_all(messages: AsyncIterator[ChannelMessage]) -> list[ChannelMessage]:
    found: list[ChannelMessage] = []
    while (message := await read_now(messages)) is not None:
        found.append(message)
    return found


@dataclass
class Reader:
    messages: AsyncIterator[ChannelMessage]
    channels: list[Channel]
    position: int
    stack: ExitStack
    foreign: bool
    told: set[int] = field(default_factory=set[int])
    """Messages of which it knows that they are missing."""


class Reading(RuleBasedStateMachine):
    """Readers that come with any id, read when they like and go; the model knows every message ever published."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.counts = ChannelCounts()
        self.hub = Hub(lambda: 1_700_000_000.0, self.counts, kept=FEW)
        self.published: list[ChannelMessage] = []
        self.readers: list[Reader] = []
        self.dropped = 0

    def teardown(self) -> None:
        for reader in self.readers:
            reader.stack.close()
        self.loop.close()

    def kept(self) -> set[int]:
        """Numbers of the last messages of each channel, counted from 1."""
        of = {channel: [n for n, one in enumerate(self.published, 1) if one.channel is channel] for channel in Channel}
        return {number for numbers in of.values() for number in numbers[-FEW:]}

    def wanted(self, reader: Reader) -> set[int]:
        numbers = range(reader.position + 1, len(self.published) + 1)
        return {number for number in numbers if self.published[number - 1].channel in reader.channels}

    @rule(channel=st.sampled_from(Channel), times=st.integers(1, 4))
    def publish(self, channel: Channel, times: int) -> None:
        for _ in range(times):
            before = self.kept()
            number = len(self.published) + 1
            self.published.append(self.hub.publish(channel, "health", "shop/webui", f"message {number}"))
            forgotten = before - self.kept()
            self.dropped += sum(len(forgotten & self.wanted(reader)) for reader in self.readers)
        assert self.counts.dropped == self.dropped
        assert self.counts.messages.total() == len(self.published)
        assert self.hub.newest(channel) == self.published[-1].id

    def subscribe(self, channels: list[Channel], after: str | None, position: int, *, foreign: bool = False) -> None:
        stack = ExitStack()
        messages = stack.enter_context(self.hub.subscribe(channels, after))
        self.readers.append(Reader(messages, channels, position, stack, foreign))

    @precondition(lambda self: len(self.readers) < 5)
    @rule(channels=CHANNELS)
    def come_for_what_is_new(self, channels: list[Channel]) -> None:
        self.subscribe(channels, None, len(self.published))

    @precondition(lambda self: len(self.readers) < 5 and self.published)
    @rule(channels=CHANNELS, choice=st.integers(0, 1000))
    def come_after_a_message(self, channels: list[Channel], choice: int) -> None:
        number = choice % len(self.published)
        self.subscribe(channels, self.published[number].id, number + 1)

    @precondition(lambda self: len(self.readers) < 5)
    @rule(channels=CHANNELS, after=st.sampled_from(["", "-", "1-1", "1700000000000-", "x-9" * 99]))
    def come_from_elsewhere(self, channels: list[Channel], after: str) -> None:
        self.subscribe(channels, after, 0, foreign=True)

    @precondition(lambda self: len(self.readers) < 5)
    @rule(channels=CHANNELS, ahead=st.sampled_from([1, 2, 10**30]))
    def come_from_the_future(self, channels: list[Channel], ahead: int) -> None:
        self.subscribe(channels, self.hub.id_of(len(self.published) + ahead), 0, foreign=True)

    @precondition(lambda self: self.readers)
    @rule(choice=st.integers(0, 4), times=st.integers(1, 8))
    def read(self, choice: int, times: int) -> None:
        reader = self.readers[choice % len(self.readers)]
        for _ in range(times):
            found = self.loop.run_until_complete(read_now(reader.messages))
            missing = self.wanted(reader) - self.kept() - reader.told
            reader.told |= missing
            if reader.foreign or missing:
                assert found is not None
                assert found.kind == GAP
                of = reader.channels if reader.foreign else {self.published[one - 1].channel for one in missing}
                assert found.payload["channels"] == sorted(of)
                assert found.id == f"1700000000000-{reader.position}"
                reader.foreign = False
                continue
            number = min(self.wanted(reader) & self.kept(), default=None)
            assert found == (self.published[number - 1] if number is not None else None)
            reader.position = number if number is not None else reader.position

    @precondition(lambda self: self.readers)
    @rule(choice=st.integers(0, 4))
    def go(self, choice: int) -> None:
        self.readers.pop(choice % len(self.readers)).stack.close()


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


async def test_a_reader_that_waits_gets_a_message_at_once() -> None:
    hub = Hub(lambda: 1.0)
    with hub.subscribe([Channel.SERVICE_STATE]) as messages:
        waiting = asyncio.ensure_future(anext(messages))
        await asyncio.sleep(0)
        hub.publish(Channel.RECOVERY_COORDINATION, "incident", "shop/db", "not for this reader")
        said = hub.publish(Channel.SERVICE_STATE, "health", "shop/webui", "missing: it has no container", {"a": 1})
        assert await waiting is said
    assert (said.id, said.at, said.payload) == ("1000-2", 1.0, {"a": 1})


async def test_who_does_not_read_misses_the_oldest_and_nobody_waits_for_it() -> None:
    counts = ChannelCounts()
    hub = Hub(lambda: 1.0, counts)
    with hub.subscribe(list(Channel)) as slow, hub.subscribe([Channel.SERVICE_STATE]) as quick:
        for number in range(KEPT + 10):
            hub.publish(Channel.SERVICE_STATE, "health", "shop/webui", f"{number}")
            message = await read_now(quick)
            assert message is not None
            assert message.sentence == f"{number}"
        gap, *rest = await read_all(slow)
    assert gap.kind == GAP
    assert gap.sentence.startswith("messages of service_state may be missing here: they are kept no more; `watchdog st")
    assert [message.sentence for message in rest] == [f"{number}" for number in range(10, KEPT + 10)]
    assert counts.dropped == 10


async def test_the_next_run_of_the_daemon_says_that_it_does_not_know_what_was_read_of_the_last() -> None:
    last = Hub(lambda: 1.0).publish(Channel.SERVICE_STATE, "health", "shop/webui", "of yesterday")
    hub = Hub(lambda: 2.0)
    hub.publish(Channel.SERVICE_STATE, "health", "shop/webui", "of today")
    with hub.subscribe([Channel.SERVICE_STATE], last.id) as messages:
        gap, message = await read_all(messages)
    assert gap.kind == GAP
    assert "'1000-1' is no message of this run of the daemon" in gap.sentence
    assert message.sentence == "of today"
    with hub.subscribe([Channel.SERVICE_STATE], gap.id) as messages:
        assert await read_all(messages) == [message]


async def test_a_hub_that_closes_ends_its_readers_once_they_have_read_everything() -> None:
    hub = Hub(lambda: 1.0)
    with hub.subscribe(list(Channel)) as waiting, hub.subscribe(list(Channel)) as reading:
        idle = asyncio.ensure_future(anext(waiting))
        await asyncio.sleep(0)
        said = hub.publish(Channel.SERVICE_STATE, "health", "shop/webui", "the last")
        hub.close()
        assert await idle is said
        assert [message async for message in reading] == [said]
        assert [message async for message in waiting] == []


def test_there_are_only_so_many_places() -> None:
    hub = Hub(lambda: 1.0)
    with ExitStack() as stack:
        for _ in range(SUBSCRIBERS):
            stack.enter_context(hub.subscribe([Channel.SERVICE_STATE]))
        with pytest.raises(TooManySubscribers, match="32 subscribers follow the channels already"):
            stack.enter_context(hub.subscribe([Channel.SERVICE_STATE]))
    with hub.subscribe([Channel.SERVICE_STATE]):
        pass
