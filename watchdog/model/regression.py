"""What a service was seen to do before and after a change, and what of it became worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchdog.model.identity import ServiceKey


class RegressionKind(StrEnum):
    SERVER_ERRORS = "server_errors"
    """An endpoint answers 5xx, and did not before."""
    NEW_ERRORS = "new_errors"
    """The log tells of kinds of error that it did not tell of before."""
    LATENCY = "latency"
    RESTARTS = "restarts"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """`sentence` says what became worse, from what to what, and by which figures."""

    kind: RegressionKind
    subject: str
    """The endpoint's name, or the service."""
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a container runs at one look: `container` is its full ID, `started_at` Unix time."""

    container: str
    restart_count: int
    started_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen of one service for a while, before a change or after it."""

    service: ServiceKey
    statuses: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """Endpoint or check → HTTP statuses that it answered with (`http_status` of the evidence)."""
    latencies: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """Endpoint or check → seconds of its good answers."""
    errors: frozenset[str] = frozenset()
    """Digests of the kinds of error that are known (`policy.signatures`)."""
    lines: tuple[str, ...] = ()
    """Of its log, since the change."""
    runs: tuple[Run, ...] = ()
    """In order of time."""
    memory: int | None = None
    """Bytes at the end; None where it was not seen."""
    memory_limit: int | None = None
    """Bytes; the host's memory where the container has no limit."""
