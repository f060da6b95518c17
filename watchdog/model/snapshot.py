"""The state of everything at one moment, as every face shows it: `check`, `status`, API, metrics, file.

The JSON shape is a contract: `docs/status.schema.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from watchdog.model.health import CheckStatus, Health, Status
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict


def timestamp(at: float) -> str:
    """RFC 3339 in UTC with milliseconds: the one spelling of a time in any output."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerRef:
    id: str
    name: str
    image: str
    image_id: str

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "image": self.image, "image_id": self.image_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What the container of a service used when its check of resources last measured it. Bytes and seconds."""

    memory: float
    memory_limit: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceStatus:
    service: ServiceKey
    health: Health
    score: float
    reason: str
    weight: float = 1.0
    protected: bool = False
    """Once proven healthy and neither retired nor done: its spec is saved, and its absence ends in a recreation."""
    container: ContainerRef | None = None
    checks: tuple[CheckStatus, ...] = ()
    recovery: str = ""
    """What the daemon does or waits for, a sentence; empty in a one-shot check."""
    incident: int | None = None
    since: float | None = None
    paused_until: float | None = None
    maintenance_until: float | None = None
    """Of the window that is open for it: nothing is done, and nobody is told."""
    silenced_until: float | None = None
    """Nobody is told, by order of a person."""
    downtime: float = 0.0
    """Seconds since its open incident began; 0 without one."""
    downtime_allowed: float = 300.0
    """Seconds; a longer downtime is critical."""
    quarantined: bool = False
    approval: int | None = None
    """Number of the request for a person's approval that stands."""
    used: Used | None = None
    flapping: bool = False
    """It keeps changing between good and bad."""

    def as_json(self) -> dict[str, Any]:
        return {
            "project": self.service.project,
            "name": self.service.label,
            "health": self.health.value,
            "score": round(self.score, 4),
            "reason": self.reason,
            "container": self.container.as_json() if self.container else None,
            "checks": [check_json(check) for check in self.checks],
            "protected": self.protected,
            "recovery": self.recovery,
            "incident": self.incident,
            "since": timestamp(self.since) if self.since is not None else None,
            "paused_until": timestamp(self.paused_until) if self.paused_until is not None else None,
            "maintenance_until": timestamp(self.maintenance_until) if self.maintenance_until is not None else None,
            "silenced_until": timestamp(self.silenced_until) if self.silenced_until is not None else None,
            "downtime_seconds": round(self.downtime, 3),
            "downtime_allowed_seconds": self.downtime_allowed,
            "quarantined": self.quarantined,
            "approval": self.approval,
            "flapping": self.flapping,
        }


def check_json(check: CheckStatus) -> dict[str, Any]:
    return {
        "check": check.check,
        "verdict": check.verdict.value,
        "reason": check.reason,
        "seconds": round(check.seconds, 6),
        "at": timestamp(check.at),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    name: str
    target: str
    verdict: Verdict
    reason: str
    service: ServiceKey | None = None
    seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict[str, float])
    at: float | None = None
    tls_not_after: float | None = None
    flapping: bool = False
    waiting: str = ""
    """What of its services it waits for while it fails, a sentence."""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "target": self.target,
            "service": str(self.service) if self.service else None,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "seconds": round(self.seconds, 6),
            "phases": {phase: round(seconds, 6) for phase, seconds in self.phases.items()},
            "at": timestamp(self.at) if self.at is not None else None,
            "tls_not_after": timestamp(self.tls_not_after) if self.tls_not_after is not None else None,
            "flapping": self.flapping,
            "waiting": self.waiting,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """What became of a step when its journey was last made; UNKNOWN where it was not reached."""

    name: str
    verdict: Verdict
    reason: str
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "seconds": round(self.seconds, 6),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStatus:
    name: str
    verdict: Verdict
    reason: str
    services: tuple[ServiceKey, ...] = ()
    failing_step: str | None = None
    """Of its last run."""
    seconds: float = 0.0
    at: float | None = None
    steps: tuple[StepStatus, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "services": [str(service) for service in self.services],
            "verdict": self.verdict.value,
            "reason": self.reason,
            "failing_step": self.failing_step,
            "seconds": round(self.seconds, 6),
            "at": timestamp(self.at) if self.at is not None else None,
            "steps": [step.as_json() for step in self.steps],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceNotJudged:
    """Nothing says that this service should exist or run: neither ledger, configuration nor Compose file."""

    service: ServiceKey
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"project": self.service.project, "name": self.service.label, "reason": self.reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`engine` says in a sentence how the engine is; `engine_up` is False when nothing could be judged."""

    status: Status
    score: float
    checked_at: float
    engine_up: bool
    engine: str
    services: tuple[ServiceStatus, ...] = ()
    endpoints: tuple[EndpointStatus, ...] = ()
    journeys: tuple[JourneyStatus, ...] = ()
    absence_not_judged: tuple[AbsenceNotJudged, ...] = ()
    incidents_open: int = 0
    ledger_head: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "score": round(self.score, 4),
            "checked_at": timestamp(self.checked_at),
            "engine_up": self.engine_up,
            "engine": self.engine,
            "services": [service.as_json() for service in self.services],
            "endpoints": [endpoint.as_json() for endpoint in self.endpoints],
            "journeys": [journey.as_json() for journey in self.journeys],
            "absence_not_judged": [item.as_json() for item in self.absence_not_judged],
            "incidents_open": self.incidents_open,
            "ledger_head": self.ledger_head,
        }
