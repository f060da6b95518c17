"""One object per open incident. Times are steady seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watchdog.model.alerting import AlertState
from watchdog.model.record import Incident
from watchdog.policy.holds import About


@dataclass(slots=True, kw_only=True)
class AlertProgress:
    """What receivers were told of an open incident; written by `alerting.notifier`."""

    state: AlertState
    about: About | None = None
    """As it was when the incident opened: a service that is gone has no labels any more."""
    due_at: float | None = 0.0
    """When something may be due; None where time alone makes nothing due."""
    unkept: bool = False
    """More was told than the ledger could be made to keep."""
    ending: bool = False
    """Its end is planned: no other leaves it to this one to tell of an end that they share."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever plans for it until the plan is written: else the same is told twice."""


@dataclass(slots=True, kw_only=True)
class OpenIncident:
    """`incident` is what the ledger says of it; written by `incidents.manager`."""

    incident: Incident
    failed_at: float
    detected_at: float
    alerts: AlertProgress
    kept_runs: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """The journeys and their failing steps of which a run is kept."""

    @property
    def id(self) -> int:
        return self.incident.id


def opened(
    incident: Incident, *, failed_at: float, detected_at: float, state: AlertState | None = None
) -> OpenIncident:
    """`state`: what an earlier daemon told of it."""
    alerts = AlertProgress(state=state if state is not None else AlertState(waits_from=detected_at))
    return OpenIncident(incident=incident, failed_at=failed_at, detected_at=detected_at, alerts=alerts)
