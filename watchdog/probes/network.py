"""From a host name to a connection, from wherever a check is asked: addresses tried in order."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from watchdog.model.observation import Verdict
from watchdog.policy.addresses import plain
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure, ProbePhase, Unconnected
from watchdog.probes.failures import explain

ADDRESSES: Final = 8
"""Addresses of one host that are tried: a zone may list any number."""

T = TypeVar("T")


async def resolve(ask: AnyAsk, host: str) -> tuple[str, ...]:
    """The host's IP addresses as its vantage sees them, in the order of preference, link-local ones left out (they
    reach metadata services and neighbours, not services); raises ProbeFailure when there is none to ask.
    """
    ask.enter(ProbePhase.RESOLVE)
    try:
        found = (str(ipaddress.ip_address(host)),)
    except ValueError:
        found = await ask.vantage.look_up(host, ask.seconds_left)
    ask.enter(None)
    return allowed(host, found)


def allowed(host: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """Those of a host's addresses that may be asked, at least one; raises ProbeFailure."""
    left = tuple(address for address in found if not _link_local(address))
    if not left:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{host} is a link-local address ({found[0]}): it is never asked")
    return left[:ADDRESSES]


async def first_to_connect(
    ask: AnyAsk, addresses: Sequence[str], connect: Callable[[str, float | None], Awaitable[T]]
) -> T:
    """What `connect(address, seconds)` gives for the first address that takes the connection.

    Each gets its share of the time that is left, the last one the ask's own limit (None). When none connects,
    the FAIL tells more than the UNKNOWN: an IPv6 address without a route says nothing about the service.
    """
    missed: list[Unconnected] = []
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return await connect(address, ask.seconds_left / left if left > 1 else None)
        except Unconnected as failure:
            missed.append(failure)
    raise next((failure for failure in missed if failure.kind.verdict is Verdict.FAIL), missed[0])


async def connect_tcp(ask: AnyAsk, address: str, port: int, seconds: float | None) -> socket.socket:
    """A connected, non-blocking socket, the caller's to close; raises ProbeFailure."""
    ask.enter(ProbePhase.CONNECT)
    ask.evidence["remote"] = where = endpoint(address, port)
    try:
        opened = ask.vantage.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise explain(error, where, ask.vantage.name) from error
    try:
        opened.settimeout(0.0)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except OSError as error:
        opened.close()
        raise explain(error, where, ask.vantage.name) from error
    except BaseException:
        opened.close()
        raise
    ask.note_connection(address)
    return opened


def endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def split_target(target: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[address]:port`; raises ProbeFailure."""
    host, _, port = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{target!r} is no target: write host:port or [address]:port")
    return host, int(port)


def _link_local(address: str) -> bool:
    return plain(address).is_link_local
