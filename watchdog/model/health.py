"""How a service is: its health, why, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict


class Health(StrEnum):
    """The health of a service. DONE (ADR 1): a one-shot that exited 0; it neither runs nor fails."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    STARTING = "starting"
    MISSING = "missing"
    PAUSED = "paused"
    DONE = "done"
    UNKNOWN = "unknown"

    @property
    def bad(self) -> bool:
        """Bad enough to open an incident."""
        return self in {Health.UNHEALTHY, Health.MISSING}


class Cause(StrEnum):
    """Why a service is not healthy; chooses the rung and is told to people."""

    NONE = "none"
    MISSING = "missing"
    CRASHED = "crashed"
    KILLED = "killed"
    OUT_OF_MEMORY = "oom"
    OPERATOR_STOP = "operator_stop"
    NOT_STARTED = "not_started"
    """Created and left so: somebody was interrupted, or is still at it."""
    FAILED_START = "failed_start"
    UNHEALTHY = "unhealthy"
    CHECK_FAILED = "check_failed"
    CERTIFICATE = "certificate"
    """A check fails over a certificate, which no restart mends."""
    FOR_PEOPLE = "for_people"
    """A check fails whose failures people are told of, and no restart is to mend (`on_failure = "alert"`)."""
    NAMESPACE_LOST = "namespace_lost"
    """It runs in the network, pid or ipc namespace of a container that has ended."""
    DEPLOYMENT = "deployment"
    """A deployment could neither be committed nor rolled back."""


class Status(StrEnum):
    """The whole in one word, by the plugin convention of Nagios; `exit_code` says it to a scheduler."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"

    @property
    def exit_code(self) -> int:
        return {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStatus:
    """Where a check stands after its thresholds; `at` is the last observation's time (Unix seconds)."""

    check: str
    verdict: Verdict
    reason: str
    seconds: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What follows from the observations of one service: pure, comparable, printable."""

    service: ServiceKey
    health: Health
    cause: Cause
    reason: str
    score: float
    checks: tuple[CheckStatus, ...] = ()
    changes_in: float | None = None
    """Seconds until time alone may change this, when nothing else happens."""

    @property
    def serves(self) -> bool:
        """It does its work; what fails besides, if anything, is for people and no case for recovery."""
        for_people = self.health is Health.DEGRADED and self.cause in {Cause.CERTIFICATE, Cause.FOR_PEOPLE}
        return self.health is Health.HEALTHY or for_people
