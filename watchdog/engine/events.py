"""The engine's event stream, reconnecting for ever.

The stream asks for nothing from before: after each connection the caller lists everything, which no ring buffer of 256
events can do. The engine filters, so that health probes (three exec events each) do not crowd out what matters.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from watchdog.engine.border import translated
from watchdog.engine.parse import event_from, moment
from watchdog.engine.protocol import Connected, Disconnected, EngineEvent, EngineIdentity, Signal
from watchdog.engine.transport import Chunks, Transport
from watchdog.errors import EngineError, EngineUnavailable

FIRST_RETRY: Final = 0.1
LAST_RETRY: Final = 5.0
QUIET: Final = 10.0
"""Seconds of silence after which a ping tells a quiet engine from a frozen one."""
ENDING: Final = frozenset({"2", "3", "9", "15"})
"""INT, QUIT, KILL and TERM: what a process is sent so that it ends."""
REMEMBERED: Final = 512
FIELDS: Final = frozenset({"Type", "Action", "Actor", "timeNano"})
"""What is no event (an error of the engine in the middle of the stream) lacks them."""
TYPES: Final = ("container", "network", "volume", "image")
ACTIONS: Final = (
    *("create", "start", "restart", "die", "stop", "kill", "oom", "pause", "unpause", "rename", "update", "destroy"),
    *("health_status", "connect", "disconnect", "remove", "mount", "unmount", "prune"),
    *("pull", "tag", "untag", "delete", "import", "load"),
)


@dataclass(slots=True)
class Reader:
    """Bytes in, each event out once: the engine can repeat one, and its chunks end anywhere."""

    _rest: bytes = b""
    _seen: deque[tuple[float, str, str, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def events(self, chunk: bytes) -> list[EngineEvent]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        messages = [json.loads(line) for line in lines if line.strip()]
        found = [event_from(message) for message in messages if message.keys() >= FIELDS]
        return [event for event in found if self._is_new(event)]

    def _is_new(self, event: EngineEvent) -> bool:
        identity = (event.at, event.kind, event.action, event.actor)
        if identity in self._seen:
            return False
        self._seen.append(identity)
        return True


@dataclass(frozen=True, slots=True)
class Stream:
    """An open event stream of an engine that has said who it is."""

    resources: AsyncExitStack
    chunks: Chunks
    identity: EngineIdentity


class Events:
    """`signals` is the only door."""

    def __init__(self, transport: Transport, identify: Callable[[], Awaitable[EngineIdentity]]) -> None:
        self._transport = transport
        self._identify = identify

    async def signals(self) -> AsyncGenerator[Signal]:
        """Connected, events, Disconnected, and again; while the engine stays away, Disconnected for each new reason."""
        first = True
        reader = Reader()
        while True:
            told, stream = "", None
            async for attempt in self._retrying():
                with attempt:
                    stream = await self._open()
                failure = attempt.retry_state.outcome and attempt.retry_state.outcome.exception()
                if failure is not None and str(failure) != told:
                    told = str(failure)
                    yield Disconnected(told)
            if stream is None:
                continue
            async with stream.resources:
                yield Connected(stream.identity, first)
                first = False
                try:
                    while True:
                        for event in await self._read(stream.chunks, reader):
                            yield event
                except EngineError as error:
                    told = str(error)
            yield Disconnected(told)
            await asyncio.sleep(FIRST_RETRY)

    async def told_to_end(self) -> Mapping[str, float]:
        """By the `kill` and `die` events that the engine's ring still holds."""
        filters = json.dumps({"type": ["container"], "event": ["kill", "die"]})
        engine = await self._transport.get("info")
        now = moment(engine["SystemTime"])  # by another clock it might wait for that moment
        times = {"since": "0", "until": f"{now:.6f}"}
        answer = await self._transport.get_text("events", {"filters": filters, **times})
        events = Reader().events(answer.encode())
        ended = {event.actor: 0.0 for event in events if event.action == "die"}
        return ended | {event.actor: event.at for event in events if event.attributes.get("signal") in ENDING}

    async def _open(self) -> Stream:
        filters = json.dumps({"type": TYPES, "event": ACTIONS})
        async with AsyncExitStack() as stack:
            chunks = await stack.enter_async_context(self._transport.stream("events", {"filters": filters}))
            identity = await self._identify()
            return Stream(stack.pop_all(), chunks, identity)

    async def _read(self, chunks: Chunks, reader: Reader) -> list[EngineEvent]:
        chunk = await chunks.read(QUIET)
        if chunk is None:
            await self._transport.ping()
            return []
        if not chunk:
            raise EngineUnavailable(f"the engine at {self._transport.host} ended the event stream")
        with translated(self._transport.host, QUIET):
            return reader.events(chunk)

    @staticmethod
    def _retrying() -> AsyncRetrying:
        return AsyncRetrying(
            wait=wait_random_exponential(multiplier=FIRST_RETRY, max=LAST_RETRY),
            retry=retry_if_exception_type(EngineError),
        )
