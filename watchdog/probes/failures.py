"""Translates errors of the network into failures: the border of law 11, and the FAIL or UNKNOWN decision."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from typing import Final

from watchdog.probes.ask import FailureKind, ProbeFailure, Unconnected

_OWN_NETWORK: Final[dict[int, str]] = {
    errno.ENETUNREACH: "{here} has no route to its network",
    errno.ENETDOWN: "the network of {here} is down",
    errno.EADDRNOTAVAIL: "{here} has no free address or port for it",
    errno.EAFNOSUPPORT: "{here} does not speak its address family",
    errno.EACCES: "the firewall of {here} forbids it",
    errno.EPERM: "the firewall of {here} forbids it",
}
_BY_ERRNO: Final[dict[int, tuple[FailureKind, str]]] = {
    errno.EHOSTUNREACH: (FailureKind.UNREACHABLE, "{where} cannot be reached: no such host on its network"),
    errno.EHOSTDOWN: (FailureKind.UNREACHABLE, "{where} cannot be reached: its host is down"),
    errno.EMFILE: (FailureKind.OWN_DESCRIPTORS, "{where} was not asked: watchdog is out of file descriptors"),
    errno.ENFILE: (FailureKind.OWN_DESCRIPTORS, "{where} was not asked: this host is out of file descriptors"),
    errno.ENOBUFS: (FailureKind.OWN_DESCRIPTORS, "{where} was not asked: this host is out of network buffers"),
    errno.ENOMEM: (FailureKind.OWN_DESCRIPTORS, "{where} was not asked: this host is out of memory"),
}


def explain(error: BaseException, where: str, vantage: str | None = None) -> ProbeFailure:
    """The failure behind an error that came up while `where` (address:port) was asked; the error is its cause.

    `vantage` names the service in whose place it was asked: what its network lacks is then no fault of the asker.
    """
    failure = next((known for cause in chain(error) if (known := _recognise(cause, where, vantage))), None)
    failure = failure or ProbeFailure(FailureKind.RESET, f"{where} closed the connection")
    failure.__cause__ = error
    return failure


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _recognise(error: BaseException, where: str, vantage: str | None) -> ProbeFailure | None:
    match error:
        case ProbeFailure():
            return error
        case ssl.SSLEOFError() | ssl.SSLZeroReturnError():
            return ProbeFailure(FailureKind.RESET, f"{where} closed the connection during TLS")
        case ssl.SSLError():  # before OSError: its errno is OpenSSL's, not the system's
            what = (error.reason or str(error)).replace("_", " ").lower()
            return ProbeFailure(FailureKind.TLS_HANDSHAKE, f"{where} does not complete a TLS handshake: {what}")
        case ConnectionRefusedError():
            return Unconnected(FailureKind.REFUSED, f"{where} refuses connections: nothing listens there")
        case ConnectionResetError() | ConnectionAbortedError() | BrokenPipeError():
            return ProbeFailure(FailureKind.RESET, f"{where} reset the connection")
        case TimeoutError():
            return Unconnected(FailureKind.TIMEOUT, f"{where} did not take the connection in time")
        case OSError(errno=int(number)):
            return _by_number(number, where, vantage)
        case _:
            return None


def _by_number(number: int, where: str, vantage: str | None) -> ProbeFailure:
    if number in _OWN_NETWORK:
        why = _OWN_NETWORK[number].format(here=vantage or "this host")
        if vantage is not None:
            return Unconnected(FailureKind.UNREACHABLE, f"{where} cannot be reached: {why}")
        return Unconnected(FailureKind.OWN_NETWORK, f"{where} was not asked: {why}")
    if number in _BY_ERRNO:
        kind, sentence = _BY_ERRNO[number]
        return Unconnected(kind, sentence.format(where=where))
    return Unconnected(FailureKind.NOT_ASKED, f"{where} was not asked: {errno.errorcode.get(number, number)}")
