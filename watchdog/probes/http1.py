"""HTTP/1.1 by aiohttp, over connections that are made and timed here (docs/adr/0010)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http_exceptions import ContentLengthError, HttpProcessingError, TransferEncodingError
from aiohttp.tracing import Trace

from watchdog.model.observation import Scalar
from watchdog.model.probe.http import HttpConnection, HttpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.dialer import Dialer
from watchdog.probes.failures import chain, explain
from watchdog.probes.request import Answer, Request

LINE: Final = 8190
"""Bytes of a header line that are taken; more is no HTTP."""

HEADERS: Final = 128

IDLE: Final = 3600.0
"""Seconds for which a kept connection is kept at the most."""

Place = tuple[str, bool]
"""Origin, and whether its certificate is verified: what is asked from inside a container keeps no connection."""


class Http1:
    """Sends requests, each over a connection of its own or over one that is kept for its origin."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._idle: dict[Place, _Line] = {}
        self._spare: list[_Line] = []
        """Without a connection: making one of these costs as much as a request does."""
        self._closed = False

    @contextlib.asynccontextmanager
    async def answer(self, ask: Ask[HttpProbe], request: Request) -> AsyncGenerator[Answer]:
        """The answer while the connection is open; raises ProbeFailure, also where its body breaks off."""
        kept = ask.probe.connection is HttpConnection.KEPT
        place = (str(request.url.origin()), ask.probe.verify_tls)
        line = self._kept_line(place) if kept else self._spare.pop() if self._spare else _Line(kept=False)
        try:
            async with line.speak(ask, request, self._dialer) as answer:
                yield answer
        except BaseException:
            await line.close()
            raise
        if self._closed or (kept and place in self._idle):
            await line.close()
        elif kept:
            self._idle[place] = line
        else:
            line.hang_up()
            self._spare.append(line)

    def _kept_line(self, place: Place) -> _Line:
        return self._idle.pop(place, None) or _Line(kept=True)

    async def close(self) -> None:
        """Hangs up what is kept, and keeps nothing more."""
        self._closed = True
        lines = [*self._idle.values(), *self._spare]
        self._idle.clear()
        self._spare.clear()
        for line in lines:
            await line.close()


class _Line:
    """One connection, made when there is something to say."""

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._connector = _Connector(kept=kept)
        self._session = aiohttp.ClientSession(
            connector=self._connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            skip_auto_headers=("Content-Type",),
            auto_decompress=False,
            max_line_size=LINE,
            max_field_size=LINE,
            max_headers=HEADERS,
        )
        self._transport: asyncio.Transport | None = None
        self._remote = ""
        self._not_after: float | None = None
        self._certificate: Scalar = None

    @contextlib.asynccontextmanager
    async def speak(self, ask: Ask[HttpProbe], request: Request, dialer: Dialer) -> AsyncGenerator[Answer]:
        dialled = False

        async def dial() -> ResponseHandler:
            nonlocal dialled
            dialled, loop = True, asyncio.get_running_loop()
            self._transport, handler = await dialer.open(
                ask, request.url, lambda: ResponseHandler(loop), verify=ask.probe.verify_tls
            )
            self._remote, self._not_after = str(ask.evidence["remote"]), ask.tls_not_after
            self._certificate = ask.evidence.get("certificate")
            ask.enter(ProbePhase.PROCESSING)
            return handler

        async def once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            """A break is final, unless it is that of an old connection: there aiohttp tries once more, on a new one."""
            try:
                return await send(request)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                if dialled:
                    raise _finding(self._remote, error) from error
                raise

        self._connector.dial = dial
        if self._kept and self._remote:
            ask.evidence["remote"], ask.tls_not_after = self._remote, self._not_after
            ask.evidence |= {"certificate": self._certificate} if self._certificate else {}
            ask.enter(ProbePhase.PROCESSING)
        headers = request.headers.copy()
        if not self._kept:
            headers["Connection"] = "close"
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=headers,
                data=request.body,
                allow_redirects=False,
                middlewares=(once,),
            ) as response:
                ask.enter(ProbePhase.TRANSFER)
                version = response.version or aiohttp.HttpVersion11
                yield Answer(
                    status=response.status,
                    version=f"HTTP/{version.major}.{version.minor}",
                    headers=response.headers,
                    chunks=response.content.iter_any(),
                )
        except aiohttp.ClientError as error:
            raise _finding(str(ask.evidence["remote"]), error) from error

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()  # a polite end would wait for the other side
            self._transport = None

    async def close(self) -> None:
        self.hang_up()
        await self._session.close()


class _Connector(aiohttp.BaseConnector):
    """Has the connection made by `dial`: with aiohttp's own connector TLS would be no phase of its own."""

    def __init__(self, *, kept: bool) -> None:
        if kept:
            super().__init__(keepalive_timeout=IDLE, limit=0)
        else:
            super().__init__(force_close=True, limit=0)
        self.dial: Callable[[], Awaitable[ResponseHandler]]

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,  # noqa: ARG002 - `dial` knows
        traces: list[Trace],  # noqa: ARG002 - the base class passes it
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109 - the base class passes it
    ) -> ResponseHandler:
        return await self.dial()


def _finding(remote: str, error: aiohttp.ClientError) -> ProbeFailure:
    """What an error after the connection was made means."""
    match error:
        case aiohttp.ServerDisconnectedError():
            return ProbeFailure(FailureKind.RESET, f"{remote} closed the connection without an answer")
        case aiohttp.ClientResponseError():
            return ProbeFailure(FailureKind.PROTOCOL, f"{remote} does not speak HTTP/1.1: {_first_line(error.message)}")
        case aiohttp.ClientPayloadError():
            return _broken_body(remote, error)
        case aiohttp.ClientOSError(errno=int(number)):
            return explain(OSError(number, error.strerror), remote)  # as the class that Python has for that number
        case _:
            return explain(error, remote)


def _broken_body(remote: str, error: aiohttp.ClientPayloadError) -> ProbeFailure:
    for cause in chain(error):
        if isinstance(cause, OSError):
            return explain(cause, remote)
        if isinstance(cause, ContentLengthError | TransferEncodingError) and "Not enough" in str(cause):
            break
        if isinstance(cause, HttpProcessingError):
            return ProbeFailure(FailureKind.PROTOCOL, f"{remote} sends a broken body: {_first_line(cause.message)}")
    return ProbeFailure(FailureKind.RESET, f"{remote} closed the connection in the middle of the body")


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0].rstrip(":")
