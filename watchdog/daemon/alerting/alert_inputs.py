"""What the world knows of an open incident: as the policy of telling wants it, and as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.daemon.alerting.suppression import hold_of, watched_of
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import World
from watchdog.model.alerting import AlertState, GroupBy
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An open incident; when it began and was detected is told in steady seconds."""

    incident: Incident
    failed_at: float
    detected_at: float
    handed_over: str | None = None
    """Why a person is needed, as far as that is only being written."""


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


def case_of(world: World, opened: Open, about: About, state: AlertState, now: float) -> Case:
    incident = opened.incident
    return Case(
        incident=incident.id,
        about=about,
        severity=incident.severity,
        failed_at=down_since(world, opened),
        detected_at=opened.detected_at,
        downtime_allowed=downtime_allowed(world, incident),
        handed_over=_handed_over(world, opened) is not None,
        hold=hold_of(world, about, now),
        state=state,
    )


def account_of(world: World, opened: Open, about: About) -> Account:
    incident, watched = opened.incident, watched_of(world, opened.incident.subject)
    if watched is None:
        return Account(incident=incident, about=about, recovers=False)
    container, culprit = watched.container, world.culprit(watched)
    return Account(
        incident=incident,
        about=about,
        container=container.name if container is not None else "",
        attempts=tuple(attempt for attempt in watched.record.attempts if attempt.at >= opened.failed_at),
        handed_over=_handed_over(world, opened),
        recovers=watched.settings.recovery.enabled and incident.cause not in FOR_PEOPLE,
        root=str(culprit.key) if culprit is not None else "",
        dependents=_dependents(world, watched),
        runbook=watched.settings.runbook,
        flapping=incident.flapping,
    )


def down_since(world: World, opened: Open) -> float:
    """Steady seconds. While it only waited for its root that one's downtime was counted: its own begins after that."""
    watched = watched_of(world, opened.incident.subject)
    if watched is None or watched.blamed is None or watched.root_good_at is None:
        return opened.failed_at
    return max(opened.failed_at, watched.root_good_at)


def downtime_allowed(world: World, incident: Incident) -> float | None:
    """Seconds; None where nothing is down, as when a certificate will end, or where it flaps and comes back."""
    if incident.cause in FOR_PEOPLE:
        return None
    watched = watched_of(world, incident.subject)
    if incident.flapping if watched is None else watched.held_by_flapping(world.clock.now()):
        return None
    return watched.settings.critical_after if watched is not None else world.settings.alert.critical_after


def _handed_over(world: World, opened: Open) -> str | None:
    if opened.handed_over is not None:
        return opened.handed_over
    watched = watched_of(world, opened.incident.subject)
    return watched.record.quarantined if watched is not None else None


def _dependents(world: World, root: ServiceState) -> tuple[str, ...]:
    """All that need it, directly or through others."""
    met: set[ServiceKey] = {root.key}
    todo = [root.key]
    while todo:
        new = {dependent.key for dependent in world.dependents(todo.pop())} - met
        met |= new
        todo += new
    return tuple(str(key) for key in sorted(met - {root.key}))
