"""From the world to the snapshot that every face shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from watchdog.daemon.alerting.suppression import about_of, maintenance_of
from watchdog.daemon.observing.expected import expected_because
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.model.container import Container
from watchdog.model.health import Health
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.inside import ResourcesProbe
from watchdog.model.probe.journey import services_of
from watchdog.model.record import Desired
from watchdog.model.snapshot import (
    AbsenceNotJudged,
    ContainerRef,
    EndpointStatus,
    JourneyStatus,
    ServiceStatus,
    Snapshot,
    StepStatus,
    Used,
)
from watchdog.policy.discovery import left_out
from watchdog.policy.flapping import Flaps
from watchdog.policy.holds import silenced
from watchdog.policy.journeys import failing_step
from watchdog.policy.score import overall_status, whole_score
from watchdog.policy.streak import Standing, Streak


def container_ref(container: Container | None) -> ContainerRef | None:
    if container is None:
        return None
    return ContainerRef(id=container.id, name=container.name, image=container.image, image_id=container.image_id)


_VERDICT_OF: Final = {
    Standing.NEW: Verdict.UNKNOWN,
    Standing.PASSING: Verdict.PASS,
    Standing.DOUBTED: Verdict.PASS,
    Standing.FAILING: Verdict.FAIL,
}


def endpoint_status(check: Check, streak: Streak, flaps: Flaps, waiting: str = "") -> EndpointStatus:
    """An endpoint in doubt is still up, one never judged is unknown: what thresholds say, not the last answer."""
    last = streak.last
    if last is None:
        return EndpointStatus(
            name=check.name, target=check.target, verdict=Verdict.UNKNOWN, reason="not asked yet", service=check.service
        )
    return EndpointStatus(
        name=check.name,
        target=check.target,
        verdict=_VERDICT_OF[streak.standing],
        reason=last.reason,
        service=check.service,
        seconds=last.seconds,
        phases=last.phases,
        at=last.at,
        tls_not_after=last.tls_not_after,
        flapping=flaps.flapping,
        waiting=waiting,
    )


def journey_status(check: Check, streak: Streak) -> JourneyStatus:
    """As `endpoint_status`; its steps are those of the last run."""
    last = streak.last
    if last is None:
        return JourneyStatus(
            name=check.name, verdict=Verdict.UNKNOWN, reason="not made yet", services=services_of(check.probe)
        )
    failed = failing_step(last.steps)
    return JourneyStatus(
        name=check.name,
        verdict=_VERDICT_OF[streak.standing],
        reason=last.reason,
        services=services_of(check.probe),
        failing_step=failed.name if failed is not None else None,
        seconds=last.seconds,
        at=last.at,
        steps=tuple(
            StepStatus(name=step.name, verdict=step.verdict, reason=step.reason, seconds=step.seconds)
            for step in last.steps
        ),
    )


def service_status(state: DaemonState, service: ServiceState, now: float) -> ServiceStatus:
    seen, record, clock = service.assessment, service.record, state.clock
    about, opened = about_of(state, str(service.key)), state.incidents.get(record.incident or 0)
    maintenance, silence = maintenance_of(state, about, now), silenced(state.operators.silences.values(), about, now)
    wall = clock.wall() - now
    paused = record.pause is not None and now < record.pause.until
    away, request = state.engine_state.away, state.operators.approvals.get(service.key)
    health = Health.UNKNOWN if away is not None or seen is None else seen.health
    unread = "not looked at yet" if seen is None else seen.reason
    reason = f"cannot be judged: {away}" if away is not None else unread
    if away is None and seen is not None and service.key in state.services.label_problems:
        reason = f"{reason} (labels: {'; '.join(state.services.label_problems[service.key])})"
    if away is None and service.key in state.services.other_bearers:
        names = ", ".join(state.services.other_bearers[service.key])
        reason = f"{reason} (not the service, though labelled as it: {names})"
    if away is None and service.key in state.dependencies.warnings:
        reason = f"{reason} (dependencies: {'; '.join(state.dependencies.warnings[service.key])})"
    return ServiceStatus(
        service=service.key,
        health=health,
        score=seen.score if seen is not None and away is None else 0.0,
        reason=reason,
        weight=service.settings.weight,
        protected=record.desired is Desired.UP and bool(record.baselines),
        container=container_ref(service.container),
        checks=seen.checks if seen is not None else (),
        recovery=service.course.message,
        incident=record.incident,
        since=service.course.health_since + wall if service.course.health_since else None,
        paused_until=record.pause.until + wall if paused and record.pause is not None else None,
        maintenance_until=maintenance.until + wall if maintenance is not None else None,
        silenced_until=silence.until + wall if silence is not None else None,
        downtime=max(0.0, now - opened.failed_at) if opened is not None else 0.0,
        downtime_allowed=service.settings.critical_after,
        quarantined=record.quarantined is not None,
        approval=request.id if request is not None else None,
        flapping=service.flapping() is not None,
        used=_used(service),
    )


def _used(service: ServiceState) -> Used | None:
    """By its checks of resources; None where nothing was measured when it was last asked."""
    for check in service.settings.checks:
        streak = service.streaks.get(check.name)
        if not isinstance(check.probe, ResourcesProbe) or streak is None or streak.last is None:
            continue
        match streak.last.evidence:
            case {
                "memory_bytes": int() as memory,
                "memory_limit_bytes": int() as limit,
                "cpu_seconds": int() | float() as cpu_seconds,
            }:
                return Used(memory=memory, memory_limit=limit, cpu_seconds=cpu_seconds)
            case _:
                continue
    return None


def judged(state: DaemonState, service: ServiceState) -> bool:
    """Whether anything says that a service that does not run should."""
    seen = service.assessment
    if seen is None or not seen.health.bad or service.record.desired is Desired.UP:
        return True
    return expected_because(state, service) is not None


def snapshot(state: DaemonState, incidents_open: int) -> Snapshot:
    """The state of everything now; built from memory."""
    now = state.clock.now()
    services: list[ServiceStatus] = []
    absences: list[AbsenceNotJudged] = []
    for service in sorted(state.services.known.values(), key=lambda service: service.key):
        if judged(state, service) or state.engine_state.away is not None:
            services.append(service_status(state, service, now))
        else:
            reason = service.assessment.reason if service.assessment is not None else "not looked at yet"
            absences.append(AbsenceNotJudged(service=service.key, reason=f"{reason}; nothing says that it should run"))
    if state.engine_state.away is None:
        services += _wanted_and_missing(state)
    endpoints = tuple(_endpoints(state))
    away = state.engine_state.away
    identity = state.engine_state.identity
    engine = away or (f"Docker Engine {identity.version} (API {identity.api_version})" if identity else "answers")
    return Snapshot(
        status=overall_status(services, endpoints, absences, engine_up=away is None),
        score=whole_score(services, endpoints),
        checked_at=state.clock.wall(),
        engine_up=away is None,
        engine=engine,
        services=tuple(services),
        endpoints=endpoints,
        journeys=tuple(_journeys(state)),
        absence_not_judged=tuple(absences),
        incidents_open=incidents_open,
        ledger_head=state.ledger.head,
    )


def _wanted_and_missing(state: DaemonState) -> Iterator[ServiceStatus]:
    for key, because in state.services.expected.items():
        service = key in state.services.known or key in state.services.unwatched or left_out(state.settings, key, {})
        if not service and state.services.record_of(key).desired in {Desired.UP, Desired.UNPROVEN}:
            reason = f"{because}, but it has no container"
            weight = state.services.settings_for(key, {}).weight
            yield ServiceStatus(service=key, health=Health.MISSING, score=0.0, reason=reason, weight=weight)


def _endpoints(state: DaemonState) -> Iterator[EndpointStatus]:
    for alone in state.services.endpoints.values():
        yield endpoint_status(alone.check, alone.streak, alone.flaps, alone.waiting)
    for journey in state.services.journeys.values():
        if not any(journey.is_of(key) for key in state.services.known):  # nobody else would tell that it fails
            yield endpoint_status(journey.check, journey.streak, Flaps())
    for service in state.services.known.values():
        for check in service.settings.checks:
            if check.endpoint:
                streak, flaps = service.streaks.get(check.name, Streak()), service.flaps.get(check.name, Flaps())
                yield endpoint_status(check, streak, flaps)


def _journeys(state: DaemonState) -> Iterator[JourneyStatus]:
    for check in state.settings.journeys:
        known = state.services.journeys.get(check.name) or state.services.endpoints.get(check.name)
        yield journey_status(check, known.streak if known is not None else Streak())
