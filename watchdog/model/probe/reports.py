"""What a job or a database says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from watchdog.model.probe import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatProbe(Probe):
    kind: ClassVar[str] = "heartbeat"
    for_people: ClassVar[bool] = True

    heartbeat: float
    """Longest time between two calls."""
    grace: float = 60.0
    """How late a call may be."""
    token: str | None = field(default=None, repr=False)
    """Who shows it may call over TCP too."""

    @property
    def target(self) -> str:
        return f"a call every {self.heartbeat:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresProbe(Probe):
    kind: ClassVar[str] = "postgres"
    over_network: ClassVar[bool] = True

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
    def target(self) -> str:
        return self.postgres


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisProbe(Probe):
    kind: ClassVar[str] = "redis"
    over_network: ClassVar[bool] = True

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
    def target(self) -> str:
        return self.redis
