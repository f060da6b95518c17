"""What every request passes first: who asks under which name, with which method, and how much is sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchdog.api.answers import Json, bug, refused

BODY_LIMIT: Final = 64 * 1024
"""Bytes of a request's body."""
BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""

HEARTBEATS: Final = "/api/v1/heartbeats/"

_log = structlog.get_logger(__name__)

Gate = Callable[[Scope], Json | None]
"""Refuses a request by its answer, or lets it pass."""


@dataclass(frozen=True, slots=True)
class TcpGate:
    """On TCP anybody on this machine can ask, also a browser: reads only, and only under names that are ours.

    Otherwise a web page could point its own name at 127.0.0.1 and read (DNS rebinding). An address as name is
    safe: it cannot be pointed elsewhere. Who calls in as a heartbeat shows a token, which no web page has, and may
    know this host by any name.
    """

    host: str
    """As configured to listen on."""
    unix_socket: Path

    def __call__(self, scope: Scope) -> Json | None:
        if scope["method"] == "POST" and scope["path"].startswith(HEARTBEATS):
            return None
        if scope["method"] not in {"GET", "HEAD"}:
            return refused(
                f"Nothing can be changed over TCP: ask on the unix socket {self.unix_socket}, as `watchdog recover`, "
                "`pause`, `resume` and `retire` do.",
                403,
            )
        host = Headers(scope=scope).get("host", "")
        if not self._ours(_without_port(host)):
            return refused(
                f"The name {host[:100]!r} is not one of this daemon's: ask by address, as localhost, or by the host "
                "of [api] listen.",
                403,
            )
        return None

    def _ours(self, name: str) -> bool:
        return name in {"localhost", self.host.lower(), socket.gethostname().lower()} or _is_address(name)


def open_gate(_scope: Scope) -> Json | None:
    """On the unix socket its file mode decides who may ask."""
    return None


class Border:
    """ASGI middleware: the gate, the bound on bodies, and the last net under every failure."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self._app = app
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            received = await _with_body(receive)
            answer = self._gate(scope) or self._app
            await answer(scope, received, watched_send)
        except _Unread as unread:
            await unread.answer(scope, receive, watched_send)
        except ClientDisconnect:
            return
        except Exception:  # noqa: BLE001 - the border: whatever it was, the asker gets one sentence
            _log.exception("The API failed to answer", path=scope["path"])
            if not started:
                await bug()(scope, receive, send)


class _Unread(Exception):
    """The rest of the body is not worth reading; the connection is closed with the answer."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.answer = refused(sentence, status)
        self.answer.headers["connection"] = "close"


async def _with_body(receive: Receive) -> Receive:
    """Takes in the body; what comes after it (a disconnect) is still received from the server."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                body += message["body"]
                if len(body) > BODY_LIMIT:
                    raise _Unread(f"The body is longer than {BODY_LIMIT} bytes.", 413)
                if not message["more_body"]:
                    break
    except TimeoutError:
        raise _Unread(f"The body did not arrive within {BODY_SECONDS:g} s.", 408) from None
    message["body"] = body
    taken = [message]

    async def again() -> Message:
        return taken.pop() if taken else await receive()

    return again


def _without_port(host: str) -> str:
    """`[::1]:8080` → `::1`, `localhost:8080` → `localhost`."""
    name, colon, port = host.rpartition(":")
    if not (colon and port.isdecimal()):
        name = host
    return name.removeprefix("[").removesuffix("]").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
