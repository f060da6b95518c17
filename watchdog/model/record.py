"""What the ledger remembers: services, attempts, incidents, entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey


class Desired(StrEnum):
    """What a service should be. UP is protected; the others may be gone without anybody minding."""

    UNPROVEN = "unproven"
    UP = "up"
    DONE = "done"
    STOPPED = "stopped"
    """A person stopped it and `on_stop = "respect"`."""
    RETIRED = "retired"


class Rung(StrEnum):
    """The ladder of recovery, lowest first. DOCKER: its restart policy did it; watchdog only looked on."""

    DOCKER = "docker"
    START = "start"
    RESTART = "restart"
    RECREATE = "recreate"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    """How an attempt ended. PENDING: its intent is written and nothing else is known (yet)."""

    PENDING = "pending"
    RECOVERED = "recovered"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The daemon ended before it was known: it says nothing about the service, and counts all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a plan; times are Unix seconds."""

    at: float
    rung: Rung
    outcome: Outcome
    reason: str = ""
    by_operator: bool = False
    """A manual recovery is recorded but spends no budget."""
    approval: int | None = None
    """The number of the approval that it was made by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person's wish that nothing is done to a service until `until` (Unix seconds)."""

    until: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A deployment that was proven healthy."""

    spec_id: str
    image: str
    image_id: str
    config_hash: str
    """Of what was asked for, without what belongs to the one incarnation: equal for equal deployments."""
    proven_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """Ledger state of one service; survives its container and the daemon."""

    service: ServiceKey
    desired: Desired = Desired.UNPROVEN
    baselines: tuple[Revision, ...] = ()
    """Newest first, five at the most."""
    attempts: tuple[Attempt, ...] = ()
    """Of the budget's window, oldest first."""
    pause: Pause | None = None
    quarantined: str | None = None
    """The reason for which it was handed to a person; only verification ends it."""
    incident: int | None = None
    """The open incident."""
    last_incident: int | None = None
    last_incident_closed_at: float | None = None
    compose_files: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    joins: Mapping[str, str] = field(default_factory=dict[str, str])
    """Namespace (network, pid, ipc) → the service, as `str(key)`, whose it is."""
    container_id: str = ""
    """The last container seen of it."""
    container_name: str = ""
    """What that one was called when it was met or proven; '' in what older versions wrote."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Opened when health stays bad past its threshold, closed when verified good. Times are Unix seconds."""

    id: int
    subject: str
    """A service as `shop/webui`, or `engine`, or `observer`."""
    cause: Cause
    severity: Severity
    summary: str
    failed_at: float
    """When it broke, by the engine's timestamp; else the last good observation (an upper bound)."""
    failed_at_is_bound: bool = False
    detected_at: float
    recovered_at: float | None = None
    closed_at: float | None = None
    flapping: bool = False
    """It keeps changing between good and bad: one incident, open until it settles."""


class EntryKind(StrEnum):
    """What a row of the ledger says."""

    DAEMON_STARTED = "daemon_started"
    DAEMON_STOPPED = "daemon_stopped"
    BASELINE = "baseline"
    HEALTH = "health"
    INCIDENT_OPENED = "incident_opened"
    INCIDENT_CLOSED = "incident_closed"
    OBSERVATION = "observation"
    DECISION = "decision"
    INTENT = "intent"
    STEP = "step"
    OUTCOME = "outcome"
    ALERT = "alert"
    OPERATOR = "operator"
    APPROVAL = "approval"
    """A person's approval was asked for, given, refused, or is not needed any more."""
    CLAIM = "claim"
    DEPLOYMENT = "deployment"
    CHECKPOINT = "checkpoint"
    """Retention removed the rows before; the ledger writes it by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row to append. `payload` is JSON and holds no secrets; `sentence` is what people read."""

    at: float
    kind: EntryKind
    subject: str
    sentence: str
    incident: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An appended entry with its place in the chain."""

    seq: int
    hash: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Kept:
    """A small state that outlives the daemon, by its kind and key. `value` is JSON text; None forgets it."""

    kind: str
    key: str
    value: str | None
