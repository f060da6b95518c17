"""What a check asks: one value for each kind of probe, named as in the configuration. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchdog.model.identity import ServiceKey
from watchdog.model.journey import JourneyStep

StatusRanges = tuple[tuple[int, int], ...]
"""Inclusive."""


class CheckKind(StrEnum):
    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    JOURNEY = "journey"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpQuestion:
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: str | None = field(default=None, repr=False)
    status: StatusRanges = ((200, 299),)
    body_matches: str | None = None
    """A regular expression that must be found in the first `max_bytes` of the body."""
    headers_match: Mapping[str, str] = field(default_factory=dict[str, str])
    """Header name → regular expression that its value must match."""
    max_latency: float | None = None
    """Slower than this is a FAIL though the answer was right."""
    max_bytes: int = 1_048_576
    redirects: int = 0
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
class JourneyQuestion:
    """The steps share one cookie jar, empty at the start of each run."""

    steps: tuple[JourneyStep, ...]
    services: tuple[ServiceKey, ...] = ()
    """A key without project means that name in any project."""
    base: str | None = None
    verify_tls: bool = True
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
        return self.base or self.steps[0].url


Question = HttpQuestion | TcpQuestion | TlsQuestion | JourneyQuestion
