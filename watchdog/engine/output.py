"""What containers have written and are writing: their logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from watchdog.engine.look import Look
from watchdog.engine.multiplexed import Frames, Lines
from watchdog.engine.parse import moment
from watchdog.engine.transport import Chunks, Params, Transport
from watchdog.errors import EngineRefused, OutOfReach
from watchdog.model.inside import LogLine

QUIET: Final = 10.0
"""Seconds of silence after which a ping tells a quiet container from a frozen engine."""
TERMINAL: Final = 0
"""The one stream of a container that has a terminal."""


class Output:
    """Every method may raise what `engine.protocol` says."""

    def __init__(self, transport: Transport, look: Look) -> None:
        self._transport = transport
        self._look = look

    async def lines(
        self, container: str, *, since: float, at_most: int, follow: bool
    ) -> AsyncGenerator[tuple[LogLine, ...]]:
        terminal = bool((await self._look.raw(container))["Config"]["Tty"])
        frames, streams = Frames(), defaultdict[int, Lines](Lines)
        params = {"stdout": 1, "stderr": 1, "timestamps": 1, "tail": at_most, "since": f"{max(0.0, since):.6f}"}
        path = f"containers/{quote(container)}/logs"
        async with self._opened(path, {**params, "follow": int(follow)}) as chunks:
            while (chunk := await chunks.read(QUIET)) != b"":
                if chunk is None:
                    await self._transport.ping()
                    yield ()
                    continue
                parts = [(TERMINAL, chunk)] if terminal else frames.feed(chunk)
                raw = [line for stream, content in parts for line in streams[stream].feed(content)]
                yield tuple(found for line in raw if (found := _line(line)) is not None)

    @asynccontextmanager
    async def _opened(self, path: str, params: Params) -> AsyncGenerator[Chunks]:
        async with AsyncExitStack() as stack:
            try:
                chunks = await stack.enter_async_context(self._transport.stream(path, params))
            except EngineRefused as error:
                if error.status != HTTPStatus.NOT_IMPLEMENTED:
                    raise
                message = "its log cannot be read: give it the log driver local, json-file or journald"
                raise OutOfReach(message) from error
            yield chunks


def _line(raw: bytes) -> LogLine | None:
    """`TIME TEXT`; None for what is none, as the engine's own word in the middle of a stream."""
    stamp, _, text = raw.partition(b" ")
    try:
        at = moment(stamp.decode("ascii"))
    except ValueError:
        return None
    return LogLine(at or 0.0, text.decode("utf-8", "replace").rstrip("\r"))
