"""What a check asks: one value for each kind of probe, named as in the configuration. Durations are seconds."""

from __future__ import annotations

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
    JOURNEY = "journey"

    @property
    def over_network(self) -> bool:
        """Whether it is asked over the observer's own network, which may be what fails."""
        return self in _OVER_NETWORK

    @property
    def for_people(self) -> bool:
        """Whether its failure is nothing that a restart mends, unless its configuration says otherwise."""
        return self in _FOR_PEOPLE


_OVER_NETWORK = frozenset({CheckKind.HTTP, CheckKind.TCP, CheckKind.TLS, CheckKind.JOURNEY})
_FOR_PEOPLE = frozenset({CheckKind.TLS})


class HttpConnection(StrEnum):
    """Over which connection a request goes."""

    NEW = "new"
    KEPT = "kept"
    """The last one to that origin as long as it lasts, as a browser does."""


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
    """A certificate that ends sooner than this is a FAIL."""

    @property
    def kind(self) -> CheckKind:
        return CheckKind.TLS

    @property
    def target(self) -> str:
        return self.tls


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


Question = HttpQuestion | TcpQuestion | TlsQuestion | JourneyQuestion


def services_of(question: Question) -> tuple[ServiceKey, ...]:
    """The services that a journey belongs to; none where it is none."""
    return question.services if isinstance(question, JourneyQuestion) else ()
