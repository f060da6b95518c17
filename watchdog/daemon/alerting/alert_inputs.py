"""What the world knows of an open incident: as the policy of telling wants it, and as people read it."""

from __future__ import annotations

from watchdog.daemon.alerting.suppression import hold_of, service_named
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incidents import OpenIncident
from watchdog.daemon.state.service import ServiceState
from watchdog.model.alerting import GroupBy
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Incident
from watchdog.model.settings import AlertSettings, ReceiverKind
from watchdog.policy.alerting import Case
from watchdog.policy.holds import About
from watchdog.policy.routing import Rules
from watchdog.policy.telling import Account

FOR_PEOPLE = {Cause.CERTIFICATE, Cause.FOR_PEOPLE}
"""Nothing is down, and nothing is done."""


def rules_of(settings: AlertSettings) -> Rules:
    """Who can be told, and how long everything waits."""
    names = tuple(receiver.name for receiver in settings.receivers)
    # Alertmanager groups by itself.
    apart = {receiver.name for receiver in settings.receivers if receiver.kind is ReceiverKind.ALERTMANAGER}
    return Rules(
        receivers=names,
        routes=settings.routes,
        group_wait=settings.group_wait,
        repeat=settings.repeat,
        grouped=frozenset(names) - apart if settings.group_by is GroupBy.PROJECT else frozenset(),
    )


def case_of(state: DaemonState, opened: OpenIncident, about: About, now: float, handed_over: str | None = None) -> Case:
    """`handed_over`: why a person is needed, as far as that is only being written."""
    incident = opened.incident
    return Case(
        incident=incident.id,
        about=about,
        severity=incident.severity,
        failed_at=down_since(state, opened),
        detected_at=opened.detected_at,
        downtime_allowed=downtime_allowed(state, incident),
        handed_over=(handed_over or _quarantined(state, opened)) is not None,
        hold=hold_of(state, about, now),
        state=opened.alerts.state,
    )


def account_of(state: DaemonState, opened: OpenIncident, about: About, handed_over: str | None = None) -> Account:
    incident, service = opened.incident, service_named(state, opened.incident.subject)
    if service is None:
        return Account(incident=incident, about=about, recovers=False)
    container, root_cause = service.container, state.dependencies.root_cause(service)
    return Account(
        incident=incident,
        about=about,
        container=container.name if container is not None else "",
        attempts=tuple(attempt for attempt in service.record.attempts if attempt.at >= opened.failed_at),
        handed_over=handed_over or _quarantined(state, opened),
        recovers=service.settings.recovery.enabled and incident.cause not in FOR_PEOPLE,
        root=str(root_cause.key) if root_cause is not None else "",
        dependents=_dependents(state, service),
        runbook=service.settings.runbook,
        flapping=incident.flapping,
    )


def down_since(state: DaemonState, opened: OpenIncident) -> float:
    """Steady seconds. While it only waited for its root that one's downtime was counted: its own begins after that."""
    service = service_named(state, opened.incident.subject)
    if service is None or service.course.attributed_to is None or service.signals.roots_good_at is None:
        return opened.failed_at
    return max(opened.failed_at, service.signals.roots_good_at)


def downtime_allowed(state: DaemonState, incident: Incident) -> float | None:
    """Seconds; None where nothing is down, as when a certificate will end, or where it flaps and comes back."""
    if incident.cause in FOR_PEOPLE:
        return None
    service = service_named(state, incident.subject)
    if incident.flapping if service is None else service.held_by_flapping(state.clock.now()):
        return None
    return service.settings.critical_after if service is not None else state.settings.alert.critical_after


def _quarantined(state: DaemonState, opened: OpenIncident) -> str | None:
    service = service_named(state, opened.incident.subject)
    return service.record.quarantined if service is not None else None


def _dependents(state: DaemonState, root: ServiceState) -> tuple[str, ...]:
    """All that need it, directly or through others."""
    met: set[ServiceKey] = {root.key}
    todo = [root.key]
    while todo:
        new = {dependent.key for dependent in state.dependencies.dependents(todo.pop())} - met
        met |= new
        todo += new
    return tuple(str(key) for key in sorted(met - {root.key}))
