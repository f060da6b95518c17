"""HTTP/2 by httpcore's connection and h2, over connections that are made and timed here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final

import httpcore
from multidict import CIMultiDict, CIMultiDictProxy

from watchdog.model.probe.http import HttpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.dialer import Dialer
from watchdog.probes.failures import explain
from watchdog.probes.request import Answer, Request

ALPN: Final = "h2"
"""Its name in a TLS handshake (RFC 9113, 3.2)."""


class Http2:
    """Sends each request over a connection of its own, to servers that agree to HTTP/2 while they shake hands."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    @contextlib.asynccontextmanager
    async def answer(self, ask: Ask[HttpProbe], request: Request) -> AsyncGenerator[Answer]:
        """The answer while the connection is open; raises ProbeFailure, also where its body breaks off."""
        stream = await self._connect(ask, request)
        remote = str(ask.evidence["remote"])
        origin = httpcore.URL(bytes(str(request.url), "ascii")).origin
        ask.enter(ProbePhase.PROCESSING)
        try:
            connection = httpcore.AsyncHTTP2Connection(origin=origin, stream=stream)
            response = await connection.handle_async_request(_sent(request))
            ask.enter(ProbePhase.TRANSFER)
            yield Answer(
                status=response.status,
                version="HTTP/2",
                headers=_decoded(response.headers),
                chunks=aiter(response.stream),  # pyright: ignore[reportArgumentType]  # typed for both kinds of stream
            )
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise _finding(remote, error) from error
        finally:
            await stream.aclose()

    async def _connect(self, ask: Ask[HttpProbe], request: Request) -> _Stream:
        reader = asyncio.StreamReader()
        transport, protocol = await self._dialer.open(
            ask, request.url, lambda: asyncio.StreamReaderProtocol(reader), verify=ask.probe.verify_tls
        )
        session = transport.get_extra_info("ssl_object")
        if session is None or session.selected_alpn_protocol() != ALPN:
            transport.abort()
            raise ProbeFailure(FailureKind.PROTOCOL, f"{ask.evidence['remote']} does not offer HTTP/2")
        return _Stream(reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop()))


class _Stream(httpcore.AsyncNetworkStream):
    """An open connection as httpcore wants it; time is limited by whoever asks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109 - httpcore's
        try:
            return await self._reader.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109 - httpcore's
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._writer.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)


def _sent(request: Request) -> httpcore.Request:
    url = request.url
    authority = url.raw_host if url.is_default_port() else f"{url.raw_host}:{url.port}"
    headers = [(b"Host", f"{authority}".encode("ascii"))]
    headers += [(name.encode("ascii"), value.encode("ascii")) for name, value in request.headers.items()]
    if request.body is not None:
        headers.append((b"Content-Length", str(len(request.body)).encode("ascii")))
    return httpcore.Request(request.method, bytes(str(url), "ascii"), headers=headers, content=request.body)


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> CIMultiDictProxy[str]:
    found = CIMultiDict[str]()
    for name, value in headers:
        found.add(name.decode("latin-1"), value.decode("latin-1"))
    return CIMultiDictProxy(found)


def _finding(remote: str, error: Exception) -> ProbeFailure:
    """What an error after the connection was made means."""
    if isinstance(error, httpcore.NetworkError):
        return explain(error, remote)
    if "disconnected" in str(error):
        return ProbeFailure(FailureKind.RESET, f"{remote} closed the connection without an answer")
    return ProbeFailure(FailureKind.PROTOCOL, f"{remote} does not speak HTTP/2: {error}")
