"""From a host name to a connection: lookups that cannot stall the daemon, addresses tried in order."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from watchdog.model.observation import Verdict
from watchdog.probes.ask import AnyAsk, Finding, Phase, Trouble, Unconnected
from watchdog.probes.failures import explain

LOOKUPS: Final = 16
"""Lookups under way at once: one that hangs holds a thread until the system's resolver gives up."""

ADDRESSES: Final = 8
"""Addresses of one host that are tried: a zone may list any number."""

T = TypeVar("T")
_Found = Sequence[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]]


class Resolver:
    """The system's resolver, in daemon threads of its own: a hanging name server neither takes the event loop's
    worker threads from others nor delays the end of the process.
    """

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(LOOKUPS)

    async def resolve(self, ask: AnyAsk, host: str) -> tuple[str, ...]:
        """The host's IP addresses in the system's order of preference, link-local ones left out (they reach
        metadata services and neighbours, not services); raises Finding when there is none to ask.
        """
        ask.enter(Phase.RESOLVE)
        try:
            found = (str(ipaddress.ip_address(host)),)
        except ValueError:
            found = await self._look_up(host)
        ask.enter(None)
        allowed = tuple(address for address in found if not _link_local(address))
        if not allowed:
            raise Finding(Trouble.NOT_ASKED, f"{host} is a link-local address ({found[0]}): it is never asked")
        return allowed[:ADDRESSES]

    async def _look_up(self, host: str) -> tuple[str, ...]:
        try:
            found = await self._in_thread(host)
        except socket.gaierror as error:
            raise _unresolved(host, error) from error
        except UnicodeError as error:
            raise Finding(Trouble.NOT_ASKED, f"{host!r} is not a host name: correct the check's target") from error
        except OSError as error:
            raise explain(error, host) from error
        return tuple(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))

    async def _in_thread(self, host: str) -> _Found:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Found] = loop.create_future()

        def settle(outcome: _Found | Exception) -> None:
            self._places.release()
            if answer.done():
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        def look_up() -> None:
            outcome: _Found | Exception
            try:
                outcome = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                outcome = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
                loop.call_soon_threadsafe(settle, outcome)

        await self._places.acquire()
        try:
            threading.Thread(target=look_up, name="watchdog-lookup", daemon=True).start()
        except RuntimeError as error:
            self._places.release()
            raise Finding(Trouble.OWN_DESCRIPTORS, f"{host} was not looked up: this host is out of threads") from error
        return await answer


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
        except Unconnected as finding:
            missed.append(finding)
    raise next((finding for finding in missed if finding.trouble.verdict is Verdict.FAIL), missed[0])


async def connect_tcp(ask: AnyAsk, address: str, port: int, seconds: float | None) -> socket.socket:
    """A connected, non-blocking socket, the caller's to close; raises Finding."""
    ask.enter(Phase.CONNECT)
    ask.evidence["remote"] = where = endpoint(address, port)
    try:
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise explain(error, where) from error
    try:
        opened.settimeout(0.0)
        async with asyncio.timeout(seconds):
            await asyncio.get_running_loop().sock_connect(opened, (address, port))
    except OSError as error:
        opened.close()
        raise explain(error, where) from error
    except BaseException:
        opened.close()
        raise
    return opened


def endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def split_target(target: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[address]:port`; raises Finding."""
    host, _, port = target.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise Finding(Trouble.NOT_ASKED, f"{target!r} is no target: write host:port or [address]:port")
    return host, int(port)


def _link_local(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_link_local


def _unresolved(host: str, error: socket.gaierror) -> Finding:
    match error.errno:
        case socket.EAI_NONAME:
            return Finding(Trouble.DNS, f"the name {host} does not exist")
        case socket.EAI_NODATA | socket.EAI_ADDRFAMILY:
            return Finding(Trouble.DNS, f"the name {host} has no address")
        case _:
            return Finding(Trouble.RESOLVER, f"{host} was not asked: the resolver does not answer ({error.strerror})")
