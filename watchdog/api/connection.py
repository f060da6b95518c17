"""One HTTP connection, bounded: uvicorn itself waits for ever for a request's head, on any number of connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS: Final = 100
"""Open at once on one listener; more are closed at once, so that the daemon keeps its file descriptors."""
HEAD_SECONDS: Final = 10.0
"""How long the head of a request may take to arrive."""


_CREDENTIALS: Final = struct.Struct("3i")
"""`struct ucred` of unix(7): pid, uid, gid."""


def _peer_uid(asking: socket.socket) -> int:
    """Of the process at the other end, as the kernel noted it when it connected."""
    _, uid, _ = _CREDENTIALS.unpack(asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid


class BoundedConnection(H11Protocol):
    """uvicorn's HTTP/1.1 protocol with a bound on connections and on the time that a request's head takes."""

    _hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as uvicorn's own
        super().connection_made(transport)
        asking = transport.get_extra_info("socket")
        if asking is not None and asking.family == socket.AF_UNIX:
            self.app_state = {**self.app_state, "peer_uid": _peer_uid(asking)}
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        else:
            self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_watching()

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._hurry is None:
            self._hurry = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_watching(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None
