"""From plain text to TLS, as mail servers and PostgreSQL have it: what is said before the handshake."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from watchdog.model.probe.network import StartTls
from watchdog.probes.ask import FailureKind, ProbeFailure
from watchdog.probes.failures import explain

LONGEST: Final = 8192
"""Bytes of one answer."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is said, when the answer is complete, and what is a good one: patterns of bytes."""

    said: bytes
    complete: bytes
    good: bytes


_LINE: Final = rb"(?m)^\d{3} [^\n]*\n"
_DIALOGUES: Final[Mapping[StartTls, tuple[_Turn, ...]]] = MappingProxyType(
    {
        StartTls.SMTP: (  # RFC 3207
            _Turn(b"", _LINE, b"220"),
            _Turn(b"EHLO watchdog\r\n", _LINE, b"250"),
            _Turn(b"STARTTLS\r\n", _LINE, b"220"),
        ),
        StartTls.FTP: (_Turn(b"", _LINE, b"220"), _Turn(b"AUTH TLS\r\n", _LINE, b"234")),  # RFC 4217
        StartTls.IMAP: (  # RFC 9051, 6.2.1
            _Turn(b"", rb"^\* [^\n]*\n", rb"\* OK"),
            _Turn(b"a STARTTLS\r\n", rb"(?m)^a [^\n]*\n", rb"(?m:.*\n)*?a OK"),
        ),
        StartTls.POP3: (  # RFC 2595
            _Turn(b"", rb"^[+-][^\n]*\n", rb"\+OK"),
            _Turn(b"STLS\r\n", rb"^[+-][^\n]*\n", rb"\+OK"),
        ),
        StartTls.POSTGRESQL: (_Turn(b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"(?s)^.", b"S"),),  # SSLRequest
    }
)


async def start_tls(opened: socket.socket, protocol: StartTls, where: str) -> None:
    """Until the other side waits for a handshake; raises ProbeFailure where it does not, and closes the socket then."""
    try:
        for turn in _DIALOGUES[protocol]:
            await _take(turn, opened, protocol, where)
    except OSError as error:
        opened.close()
        raise explain(error, where) from error
    except BaseException:
        opened.close()
        raise


async def _take(turn: _Turn, opened: socket.socket, protocol: StartTls, where: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(opened, turn.said)
    answer = b""
    while not re.search(turn.complete, answer) and len(answer) < LONGEST:
        chunk = await loop.sock_recv(opened, LONGEST - len(answer))
        if not chunk:
            raise ProbeFailure(FailureKind.RESET, f"{where} closed the connection before TLS was begun")
        answer += chunk
    if not re.match(turn.good, answer):
        said = answer[:60].decode("utf-8", "replace")
        raise ProbeFailure(FailureKind.TLS_HANDSHAKE, f"{where} begins no TLS over {protocol}: it says {said!r}")
