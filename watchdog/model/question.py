"""What a check asks: one value for each kind of probe, named as in the configuration. Durations are seconds."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from watchdog.model.identity import ServiceKey
from watchdog.model.journey import Capture

StatusRanges = tuple[tuple[int, int], ...]
"""Inclusive."""


class CheckKind(StrEnum):
    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    ICMP = "icmp"
    EXEC = "exec"
    COMMAND = "command"
    LOGS = "logs"
    RESOURCES = "resources"
    HEARTBEAT = "heartbeat"
    POSTGRES = "postgres"
    REDIS = "redis"
    JOURNEY = "journey"

    @property
    def over_network(self) -> bool:
        """Whether it is asked over the observer's own network, which may be what fails."""
        return self in _OVER_NETWORK

    @property
    def for_people(self) -> bool:
        """Whether its failure is nothing that a restart mends, unless its configuration says otherwise."""
        return self in _FOR_PEOPLE


_OVER_NETWORK = frozenset(
    {
        CheckKind.HTTP,
        CheckKind.TCP,
        CheckKind.TLS,
        CheckKind.DNS,
        CheckKind.ICMP,
        CheckKind.JOURNEY,
        CheckKind.POSTGRES,
        CheckKind.REDIS,
    }
)
_FOR_PEOPLE = frozenset({CheckKind.TLS, CheckKind.LOGS, CheckKind.RESOURCES, CheckKind.HEARTBEAT})


class HttpConnection(StrEnum):
    """Over which connection a request goes."""

    NEW = "new"
    KEPT = "kept"
    """The last one to that origin as long as it lasts, as a browser does."""


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
class HttpQuestion:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: str | None = field(default=None, repr=False)
    connection: HttpConnection = HttpConnection.NEW
    http2: bool = False
    """Whether it must be HTTP/2."""
    status: StatusRanges = ((200, 299),)
    body_contains: str | None = None
    body_matches: str | None = None
    """A regular expression that must be found in the first `max_bytes` of the body."""
    body_json: tuple[str, ...] = ()
    """Expectations of the body as JSON, by `policy.expectations`."""
    headers_match: Mapping[str, str] = field(default_factory=dict[str, str])
    """Header name → regular expression that its value must match."""
    security_headers: bool = False
    """Whether the headers that protect a browser's user must be there."""
    max_latency: float | None = None
    """Slower than this is a FAIL though the answer was right."""
    max_bytes: int = 1_048_576
    redirects: int = 0
    redirect_hosts: tuple[str, ...] = ()
    """Other hosts to which a redirect may lead; `*.example.org` is any below that one."""
    verify_tls: bool = True

    @property
    def kind(self) -> CheckKind:
        return CheckKind.HTTP

    @property
    def target(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpQuestion:
    tcp: str
    """`host:port`"""
    send: str | None = field(default=None, repr=False)
    """What is sent once the connection is made."""
    expect: str | None = None
    """A regular expression that must be found in the first `max_bytes` of what is said."""
    max_bytes: int = 4096

    @property
    def kind(self) -> CheckKind:
        return CheckKind.TCP

    @property
    def target(self) -> str:
        return self.tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsQuestion:
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
    def kind(self) -> CheckKind:
        return CheckKind.TLS

    @property
    def target(self) -> str:
        return self.tls


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsQuestion:
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
    def kind(self) -> CheckKind:
        return CheckKind.DNS

    @property
    def target(self) -> str:
        return self.dns


@dataclass(frozen=True, slots=True, kw_only=True)
class IcmpQuestion:
    icmp: str
    """The host: name or address."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.ICMP

    @property
    def target(self) -> str:
        return self.icmp


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a command is expected to end."""

    exit_code: tuple[int, ...] = (0,)
    output_matches: str | None = None
    """A regular expression that must be found in what it prints."""
    output: str | None = None
    """A comparison (`policy.comparison`) with all that it prints, blanks around it left out."""
    max_bytes: int = 65_536
    """It is ended when it prints more."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecQuestion(Ending):
    exec: tuple[str, ...]
    """Runs inside the container of the check's service, without a shell."""
    user: str = ""
    """Name or number, perhaps with a group: `postgres`, `1000:1000`; the container's own when it is empty."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.EXEC

    @property
    def target(self) -> str:
        return shlex.join(self.exec)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandQuestion(Ending):
    command: tuple[str, ...]
    """Runs on this host as whom watchdog runs, without a shell."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.COMMAND

    @property
    def target(self) -> str:
        return shlex.join(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsQuestion:
    logs: str
    """A regular expression: the lines of the container's log that count."""
    max_per_minute: float | None = None
    """More lines within the last minute are a FAIL."""
    new_errors: bool = False
    """Whether lines of a kind that was never seen before are a FAIL."""
    learn: float = 3600.0
    """So long after the check began, once and for all, every kind is taken for how things are."""
    new_for: float = 600.0
    """So long after it first came a kind is new."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.LOGS

    @property
    def target(self) -> str:
        return self.logs


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesQuestion:
    """Shares are parts of 1."""

    resources: bool = True
    max_memory: float | None = 0.9
    """Of its limit, or of the host's memory where it has none."""
    max_cpu: float | None = None
    """Of its limit, or of all processors where it has none, between two questions."""
    max_restarts: int | None = None
    """Within `restart_window`."""
    restart_window: float = 3600.0
    min_free_disk: float | None = None
    """Of each file system that holds the engine's root or what the container writes to."""
    exhausts_within: float | None = None
    """Memory or disk that will be used up within so many seconds, if it goes on like this, is a FAIL."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.RESOURCES

    @property
    def target(self) -> str:
        return "what its container uses"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatQuestion:
    heartbeat: float
    """Longest time between two calls."""
    grace: float = 60.0
    """How late a call may be."""
    token: str | None = field(default=None, repr=False)
    """Who shows it may call over TCP too."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.HEARTBEAT

    @property
    def target(self) -> str:
        return f"a call every {self.heartbeat:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresQuestion:
    postgres: str
    """A URL without password."""
    password: str | None = field(default=None, repr=False)
    query: str | None = None
    """One statement; the first column of its first row is the value."""
    expect: str | None = None
    """A comparison, by `policy.comparison`."""
    connections_used: str | None = None
    """The same, of connections against `max_connections`."""
    replication_lag: float | None = None
    """How far a standby may lag behind."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.POSTGRES

    @property
    def target(self) -> str:
        return self.postgres


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisQuestion:
    redis: str
    """A URL without password."""
    password: str | None = field(default=None, repr=False)
    query: str | None = None
    """One command that reads a single value."""
    expect: str | None = None
    """A comparison, by `policy.comparison`."""
    connected_clients: str | None = None
    """The same, of clients against `maxclients`."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.REDIS

    @property
    def target(self) -> str:
        return self.redis


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One request with what is expected of its answer."""

    name: str
    request: HttpQuestion
    """Its texts may hold templates, for `policy.journeys` to fill."""
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    captures: tuple[Capture, ...] = ()
    attempts: int = 1
    wait: float = 1.0
    """Before each further attempt."""
    always_run: bool = False
    """Runs though an earlier step failed: it cleans up."""
    service: ServiceKey | None = None
    """Whose failure it is when this step fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyQuestion:
    """The steps share one cookie jar, empty at the start of each run."""

    steps: tuple[JourneyStep, ...]
    services: tuple[ServiceKey, ...] = ()
    """A key without project means that name in any project."""
    base: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Values that templates may use and that no output shows."""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Further texts that no output shows: what the environment put into the steps."""
    redact: tuple[str, ...] = ()
    """Names of captures, fields and headers whose values no output shows."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.JOURNEY

    @property
    def target(self) -> str:
        return self.base or self.steps[0].request.url


Question = (
    HttpQuestion
    | TcpQuestion
    | TlsQuestion
    | DnsQuestion
    | IcmpQuestion
    | ExecQuestion
    | CommandQuestion
    | LogsQuestion
    | ResourcesQuestion
    | HeartbeatQuestion
    | PostgresQuestion
    | RedisQuestion
    | JourneyQuestion
)


def services_of(question: Question) -> tuple[ServiceKey, ...]:
    """The services that a journey belongs to; none where it is none."""
    return question.services if isinstance(question, JourneyQuestion) else ()
