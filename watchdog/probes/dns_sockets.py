"""What dnspython needs to ask from a vantage: its sockets, made where the vantage is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable
from typing import Any, TypeVar

import dns.exception
from dns.asyncbackend import (
    Backend,  # pyright: ignore[reportPrivateImportUsage] - documented as being there
    DatagramSocket,  # pyright: ignore[reportPrivateImportUsage] - as above
    StreamSocket,  # pyright: ignore[reportPrivateImportUsage] - as above
)

from watchdog.probes.ask import Vantage

T = TypeVar("T")


class VantageBackend(Backend):
    """As dnspython's own for asyncio, with sockets of the vantage's. UDP is connected, so that a refusal is heard."""

    def __init__(self, vantage: Vantage) -> None:
        self._vantage = vantage

    def name(self) -> str:
        return "asyncio"

    def datagram_connection_required(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride] - its own say so
        return True

    async def make_socket(  # noqa: PLR0917 - dnspython's signature
        self,
        af: int,
        socktype: int,
        proto: int = 0,
        source: Any = None,  # noqa: ARG002 - dnspython's signature
        destination: Any = None,
        timeout: float | None = None,  # noqa: ASYNC109 - dnspython's signature
        ssl_context: Any = None,  # noqa: ARG002 - dnspython's signature
        server_hostname: str | None = None,  # noqa: ARG002 - dnspython's signature
    ) -> VantageSocket:
        made = self._vantage.socket(af, socktype, proto)
        made.settimeout(0.0)
        try:
            await _within(timeout, asyncio.get_running_loop().sock_connect(made, destination))
        except BaseException:
            made.close()
            raise
        return VantageSocket(made)

    async def sleep(self, interval: float) -> None:
        await asyncio.sleep(interval)


class VantageSocket(DatagramSocket, StreamSocket):
    """One connected socket, datagrams or a stream; raises dns.exception.Timeout and OSError."""

    def __init__(self, made: socket.socket) -> None:
        super().__init__(made.family, made.type)
        self._made = made
        self._loop = asyncio.get_running_loop()

    async def sendto(self, what: bytes, destination: Any, timeout: float | None) -> int:  # noqa: ARG002, ASYNC109 - dnspython's
        await self.sendall(what, timeout)
        return len(what)

    async def recvfrom(self, size: int, timeout: float | None) -> tuple[bytes, Any]:  # noqa: ASYNC109 - dnspython's
        return await _within(timeout, self._loop.sock_recvfrom(self._made, size))

    async def sendall(self, what: bytes, timeout: float | None) -> None:  # noqa: ASYNC109 - dnspython's
        await _within(timeout, self._loop.sock_sendall(self._made, what))

    async def recv(self, size: int, timeout: float | None) -> bytes:  # noqa: ASYNC109 - dnspython's
        return await _within(timeout, self._loop.sock_recv(self._made, size))

    async def close(self) -> None:
        self._made.close()

    async def getpeername(self) -> Any:
        return self._made.getpeername()

    async def getsockname(self) -> Any:
        return self._made.getsockname()


async def _within(seconds: float | None, awaited: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await awaited
    except TimeoutError as error:
        raise dns.exception.Timeout(timeout=seconds) from error
