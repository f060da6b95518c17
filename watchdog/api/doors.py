"""The doors through which the API reaches the daemon: what it reads and what it orders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from watchdog.model.record import Incident, Row, Rung
from watchdog.model.snapshot import Snapshot

if TYPE_CHECKING:  # the command line imports this file at each call, and must not pay for the alerts room
    from watchdog.api.measures import Measures
    from watchdog.channels.hub import Hub


class Queries(Protocol):
    """Reads. All but `incidents` and `timeline` answer from memory."""

    @property
    def measures(self) -> Measures: ...

    @property
    def hub(self) -> Hub:
        """What is told while it happens."""
        ...

    def snapshot(self) -> Snapshot: ...

    def alive(self) -> tuple[bool, str]:
        """Whether loop and workers make progress, and a sentence that says so."""
        ...

    def ready(self) -> tuple[bool, str]:
        """Whether the engine was seen and the first poll is done, and a sentence that says so."""
        ...

    async def incidents(self, limit: int, open_only: bool) -> tuple[Incident, ...]:
        """Newest first."""
        ...

    async def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        """Raises UnknownIncident."""
        ...

    async def silences(self) -> list[dict[str, Any]]:
        """As JSON shows them (docs/api.md), the one that ends first at the beginning."""
        ...

    async def approvals(self, everything: bool) -> list[dict[str, Any]]:
        """Requests for approval as JSON shows them, the oldest first; `everything`: those that have ended, too."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverOrder:
    """Recover now: the named services, those of a project, or everything; `action` overrides the ladder's rung."""

    services: tuple[str, ...] = ()
    project: str | None = None
    everything: bool = False
    action: Rung | None = None
    baseline: int | None = None
    """Of a rollback: which proven deployment, 1 for the newest."""
    dry_run: bool = False
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a silence is for, exactly one of these; `name` is a service or what else has incidents."""

    name: str | None = None
    project: str | None = None
    everything: bool = False


class Commands(Protocol):
    """Changes; served on the unix socket only, but for heartbeats with a token.

    Each returns the sentence to show and raises WatchdogError.
    """

    async def reload(self) -> str:
        """Raises ConfigurationError when the file is wrong; the old configuration stays in force."""
        ...

    def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        """JSON objects as they happen: `{"event": "order" | "plan" | "progress" | "result", ...}` (docs/api.md).

        Closing the iterator stops watching, never the recovery.
        """
        ...

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str: ...

    async def resume(self, service: str, by: str) -> str: ...

    async def heartbeat(self, name: str, exit_code: int, message: str) -> str:
        """Somebody calls in. Raises UnknownHeartbeat."""
        ...

    def heartbeat_token(self, name: str) -> str | None:
        """What opens that one call over TCP too; None where nothing does. Raises UnknownHeartbeat."""
        ...

    async def retire(self, service: str, reason: str, by: str) -> str: ...

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str: ...

    async def unsilence(self, target: Target, by: str) -> str: ...

    async def approve(self, approval: int, reason: str, by: str) -> str:
        """Raises UnknownApproval, or UsageError for one that does not wait any more."""
        ...

    async def reject(self, approval: int, reason: str, by: str) -> str:
        """As `approve`."""
        ...

    async def confirm(self, announcement: int, validator: str, confirmed: bool, because: str, by: str) -> str:
        """A validator answers the announcement of a change."""
        ...
