"""What is asked over the network, other than by HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from watchdog.model.probe import Probe


class TlsVersion(StrEnum):
    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"
    V1_3 = "1.3"


class DnsType(StrEnum):
    A = "A"
    AAAA = "AAAA"
    CAA = "CAA"
    CNAME = "CNAME"
    MX = "MX"
    NS = "NS"
    PTR = "PTR"
    SOA = "SOA"
    SRV = "SRV"
    TXT = "TXT"


class DnsRcode(StrEnum):
    """What a name server says of a name (RFC 1035, 4.1.1)."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"


class StartTls(StrEnum):
    """Protocols that begin in plain text."""

    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    FTP = "ftp"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpProbe(Probe):
    kind: ClassVar[str] = "tcp"
    over_network: ClassVar[bool] = True

    tcp: str
    """`host:port`"""
    send: str | None = field(default=None, repr=False)
    """What is sent once the connection is made."""
    expect: str | None = None
    """A regular expression that must be found in the first `max_bytes` of what is said."""
    max_bytes: int = 4096

    @property
    def target(self) -> str:
        return self.tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsProbe(Probe):
    kind: ClassVar[str] = "tls"
    over_network: ClassVar[bool] = True
    for_people: ClassVar[bool] = True

    tls: str
    """`host:port`"""
    verify_tls: bool = True
    expiry_warning: float = 14 * 86400.0
    """A certificate that ends sooner than this is a FAIL, its own or one above it."""
    server_name: str | None = None
    """The name that the certificate must have, and that is asked for; else the host's."""
    min_version: TlsVersion | None = None
    starttls: StartTls | None = None

    @property
    def target(self) -> str:
        return self.tls


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsProbe(Probe):
    kind: ClassVar[str] = "dns"
    over_network: ClassVar[bool] = True

    dns: str
    """The name."""
    server: str | None = None
    """`host:port`; None: the name servers of the place from which it is asked."""
    type: DnsType = DnsType.A
    answers: tuple[str, ...] = ()
    """All of them, in any order; empty where any will do."""
    answers_match: str | None = None
    """A regular expression that must be found in one of the answers."""
    rcode: DnsRcode = DnsRcode.NOERROR

    @property
    def target(self) -> str:
        return self.dns


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpProbe(Probe):
    kind: ClassVar[str] = "icmp"
    over_network: ClassVar[bool] = True

    icmp: str
    """The host: name or address."""

    @property
    def target(self) -> str:
        return self.icmp
