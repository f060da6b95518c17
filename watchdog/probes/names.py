"""Names as a container sees them: its hosts file, then its name servers, with its search domains."""

from __future__ import annotations

import asyncio
import io
import ipaddress
from typing import Any, Final

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from watchdog.probes.ask import FailureKind, ProbeFailure, Vantage
from watchdog.probes.dns_sockets import VantageBackend

SHARE: Final = 0.9
"""Of the time that is left: what takes longer is told as the name server's silence, not as the check's time-out."""

_NO_ANSWER: Final = (
    dns.resolver.NoNameservers,
    dns.resolver.NoResolverConfiguration,
    dns.exception.Timeout,
    dns.exception.FormError,
    TimeoutError,
)


class Names:
    """`hosts` and `resolv_conf` are the contents of these files."""

    def __init__(self, vantage: Vantage, hosts: str, resolv_conf: str) -> None:
        self._vantage = vantage
        self._hosts = hosts
        self._resolv_conf = resolv_conf

    async def addresses(self, host: str, seconds: float) -> tuple[str, ...]:
        """Those of the hosts file, else IPv4, else IPv6; raises ProbeFailure."""
        written = in_hosts(self._hosts, host)
        if written:
            return written
        try:
            async with asyncio.timeout(SHARE * seconds):  # dnspython sleeps beyond its own limit
                return await self._asked(host, seconds)
        except dns.resolver.NXDOMAIN as error:
            raise ProbeFailure(FailureKind.DNS, f"the name {host} does not exist for {self._vantage.name}") from error
        except _NO_ANSWER as error:
            raise silent(self._vantage.name, host) from error
        except dns.exception.DNSException as error:
            raise ProbeFailure(
                FailureKind.NOT_ASKED, f"{host!r} is not a host name: correct the check's target"
            ) from error

    async def _asked(self, host: str, seconds: float) -> tuple[str, ...]:
        resolver: Any = dns.asyncresolver.Resolver(configure=False)  # its types are only half known
        resolver.read_resolv_conf(io.StringIO(self._resolv_conf))
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            answer = await resolver.resolve(
                host,
                kind,
                search=True,
                raise_on_no_answer=False,
                lifetime=seconds,
                backend=VantageBackend(self._vantage),
            )
            if answer.rrset is not None:
                return tuple(str(record) for record in answer.rrset)
        raise ProbeFailure(FailureKind.DNS, f"the name {host} has no address for {self._vantage.name}")


def silent(vantage: str | None, name: str) -> ProbeFailure:
    """No name server has an answer.

    A name without a dot that a container asks for is the engine's own to answer. It passes on what it does not know,
    and when nobody out there answers either, that is how a name looks that has gone from the container's networks.
    """
    if vantage is not None and "." not in name.removesuffix("."):
        return ProbeFailure(FailureKind.DNS, f"the name {name} is not known on the networks of {vantage}")
    whose = f"the resolver of {vantage}" if vantage is not None else "the resolver"
    return ProbeFailure(FailureKind.RESOLVER, f"{name} was not asked: {whose} does not answer")


def in_hosts(hosts: str, wanted: str) -> tuple[str, ...]:
    """The addresses that a hosts file gives to a name, in its order (hosts(5))."""
    found: list[str] = []
    for line in hosts.splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        if wanted.lower() in (name.lower() for name in names) and _is_address(address):
            found.append(address)
    return tuple(dict.fromkeys(found))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
