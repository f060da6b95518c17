"""Translates errors of the network into findings: the border of law 11, and the FAIL or UNKNOWN decision."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from typing import Final

from watchdog.probes.ask import Finding, Trouble, Unconnected

_BY_ERRNO: Final[dict[int, tuple[Trouble, str]]] = {
    errno.EHOSTUNREACH: (Trouble.UNREACHABLE, "{where} cannot be reached: no such host on its network"),
    errno.EHOSTDOWN: (Trouble.UNREACHABLE, "{where} cannot be reached: its host is down"),
    errno.ENETUNREACH: (Trouble.OWN_NETWORK, "{where} was not asked: this host has no route to its network"),
    errno.ENETDOWN: (Trouble.OWN_NETWORK, "{where} was not asked: the network of this host is down"),
    errno.EADDRNOTAVAIL: (Trouble.OWN_NETWORK, "{where} was not asked: this host has no free address or port for it"),
    errno.EAFNOSUPPORT: (Trouble.OWN_NETWORK, "{where} was not asked: this host does not speak its address family"),
    errno.EACCES: (Trouble.OWN_NETWORK, "{where} was not asked: this host's firewall forbids it"),
    errno.EPERM: (Trouble.OWN_NETWORK, "{where} was not asked: this host's firewall forbids it"),
    errno.EMFILE: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: watchdog is out of file descriptors"),
    errno.ENFILE: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of file descriptors"),
    errno.ENOBUFS: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of network buffers"),
    errno.ENOMEM: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of memory"),
}


def explain(error: BaseException, where: str) -> Finding:
    """The finding behind an error that came up while `where` (address:port) was asked; the error is its cause."""
    finding = next((known for cause in chain(error) if (known := _recognise(cause, where))), None)
    finding = finding or Finding(Trouble.RESET, f"{where} closed the connection")
    finding.__cause__ = error
    return finding


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _recognise(error: BaseException, where: str) -> Finding | None:
    match error:
        case Finding():
            return error
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return Finding(Trouble.RESET, f"{where} closed the connection during TLS")
        case ssl.SSLError():  # before OSError: its errno is OpenSSL's, not the system's
            what = (error.reason or str(error)).replace("_", " ").lower()
            return Finding(Trouble.TLS_HANDSHAKE, f"{where} does not complete a TLS handshake: {what}")
        case ConnectionRefusedError():
            return Unconnected(Trouble.REFUSED, f"{where} refuses connections: nothing listens there")
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return Finding(Trouble.RESET, f"{where} reset the connection")
        case TimeoutError():
            return Unconnected(Trouble.TIMEOUT, f"{where} did not take the connection in time")
        case OSError(errno=int(number)) if number in _BY_ERRNO:
            trouble, sentence = _BY_ERRNO[number]
            return Unconnected(trouble, sentence.format(where=where))
        case OSError(errno=int(number)):
            return Unconnected(Trouble.NOT_ASKED, f"{where} was not asked: {errno.errorcode.get(number, number)}")
        case _:
            return None
