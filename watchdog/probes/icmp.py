"""Does the host answer a ping?"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
from dataclasses import dataclass
from typing import Final

from watchdog.model.probe.network import IcmpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase, Unconnected
from watchdog.probes.context import ProberContext
from watchdog.probes.failures import explain
from watchdog.probes.network import first_to_connect, resolve

AGAIN: Final = 1.0
"""Seconds after which the next echo request is sent: a packet may be lost."""

LARGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class _Echo:
    """ICMP as one family has it (RFC 792, RFC 4443)."""

    family: int
    proto: int
    request: int
    reply: int


_V4: Final = _Echo(socket.AF_INET, socket.IPPROTO_ICMP, 8, 0)
_V6: Final = _Echo(socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129)


def make(_: ProberContext) -> IcmpProber:
    return IcmpProber()


class IcmpProber:
    """Sends echo requests, one a second, until one is answered."""

    async def __call__(self, ask: Ask[IcmpProbe]) -> str:
        addresses = await resolve(ask, ask.probe.icmp)

        async def ping(address: str, seconds: float | None) -> str:
            ask.enter(ProbePhase.PROCESSING)
            ask.evidence["remote"] = address
            with _opened(ask, address) as opened:
                try:
                    async with asyncio.timeout(seconds):
                        return await _answered(ask, opened, address)
                except TimeoutError as error:
                    raise Unconnected(FailureKind.TIMEOUT, f"{address} answers no ping") from error
                except OSError as error:
                    raise explain(error, address, ask.vantage.name) from error

        return await first_to_connect(ask, addresses, ping)


def _opened(ask: Ask[IcmpProbe], address: str) -> socket.socket:
    """A ping socket where the system lets this group have one, else a raw one, connected; raises ProbeFailure."""
    echo = _V6 if ":" in address else _V4
    try:
        try:
            opened = ask.vantage.socket(echo.family, socket.SOCK_DGRAM, echo.proto)
        except PermissionError:
            opened = ask.vantage.socket(echo.family, socket.SOCK_RAW, echo.proto)
    except PermissionError as error:
        raise ProbeFailure(
            FailureKind.NOT_ASKED,
            f"{address} was not asked: a ping takes CAP_NET_RAW, or net.ipv4.ping_group_range with watchdog's group",
        ) from error
    except OSError as error:
        raise explain(error, address, ask.vantage.name) from error
    try:
        opened.settimeout(0.0)
        opened.connect((address, 0))
    except OSError as error:
        opened.close()
        raise explain(error, address, ask.vantage.name) from error
    return opened


async def _answered(ask: Ask[IcmpProbe], opened: socket.socket, address: str) -> str:
    """How many it took is in the evidence: packets get lost before connections do."""
    echo, loop = (_V6 if ":" in address else _V4), asyncio.get_running_loop()
    token, sent_at, sent = secrets.token_bytes(16), loop.time(), 0
    while True:
        sent += 1
        ask.evidence["sent"] = sent
        await loop.sock_sendall(opened, _request(echo, sent, token))
        while (left := sent_at + sent * AGAIN - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    packet = await loop.sock_recv(opened, LARGEST)
            except TimeoutError:
                break
            if is_reply(packet, token, echo.reply, headed=opened.type == socket.SOCK_RAW and echo is _V4):
                return (
                    f"{address} answers a ping, {sent} of which were sent" if sent > 1 else f"{address} answers a ping"
                )


def _request(echo: _Echo, number: int, token: bytes) -> bytes:
    """The kernel puts in the identifier of a ping socket, and the checksum but for raw IPv4."""
    identifier = os.getpid() & 0xFFFF
    blank = struct.pack("!BBHHH", echo.request, 0, 0, identifier, number & 0xFFFF) + token
    return struct.pack("!BBHHH", echo.request, 0, checksum(blank), identifier, number & 0xFFFF) + token


def checksum(packet: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = packet + b"\0" * (len(packet) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def is_reply(packet: bytes, token: bytes, kind: int, *, headed: bool) -> bool:
    """Whether it answers a request with this token; `headed` where an IPv4 header comes first."""
    at = (packet[0] & 0x0F) * 4 if headed and packet else 0
    return packet[at : at + 1] == bytes([kind]) and packet[at + 8 :] == token
