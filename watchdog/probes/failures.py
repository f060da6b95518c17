"""Translates errors of the network into findings: the border of law 11, and the FAIL or UNKNOWN decision."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from typing import Final

from watchdog.probes.ask import Finding, Trouble, Unconnected

_OWN_NETWORK: Final[dict[int, str]] = {
    errno.ENETUNREACH: "{here} has no route to its network",
    errno.ENETDOWN: "the network of {here} is down",
    errno.EADDRNOTAVAIL: "{here} has no free address or port for it",
    errno.EAFNOSUPPORT: "{here} does not speak its address family",
    errno.EACCES: "the firewall of {here} forbids it",
    errno.EPERM: "the firewall of {here} forbids it",
}
_BY_ERRNO: Final[dict[int, tuple[Trouble, str]]] = {
    errno.EHOSTUNREACH: (Trouble.UNREACHABLE, "{where} cannot be reached: no such host on its network"),
    errno.EHOSTDOWN: (Trouble.UNREACHABLE, "{where} cannot be reached: its host is down"),
    errno.EMFILE: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: watchdog is out of file descriptors"),
    errno.ENFILE: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of file descriptors"),
    errno.ENOBUFS: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of network buffers"),
    errno.ENOMEM: (Trouble.OWN_DESCRIPTORS, "{where} was not asked: this host is out of memory"),
}


def explain(error: BaseException, where: str, vantage: str | None = None) -> Finding:
    """The finding behind an error that came up while `where` (address:port) was asked; the error is its cause.

    `vantage` names the service in whose place it was asked: what its network lacks is then no fault of the asker.
    """
    finding = next((known for cause in chain(error) if (known := _recognise(cause, where, vantage))), None)
    finding = finding or Finding(Trouble.RESET, f"{where} closed the connection")
    finding.__cause__ = error
    return finding


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _recognise(error: BaseException, where: str, vantage: str | None) -> Finding | None:
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
        case OSError(errno=int(number)):
            return _by_number(number, where, vantage)
        case _:
            return None


def _by_number(number: int, where: str, vantage: str | None) -> Finding:
    if number in _OWN_NETWORK:
        why = _OWN_NETWORK[number].format(here=vantage or "this host")
        if vantage is not None:
            return Unconnected(Trouble.UNREACHABLE, f"{where} cannot be reached: {why}")
        return Unconnected(Trouble.OWN_NETWORK, f"{where} was not asked: {why}")
    if number in _BY_ERRNO:
        trouble, sentence = _BY_ERRNO[number]
        return Unconnected(trouble, sentence.format(where=where))
    return Unconnected(Trouble.NOT_ASKED, f"{where} was not asked: {errno.errorcode.get(number, number)}")
