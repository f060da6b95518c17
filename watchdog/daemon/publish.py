"""From the world to the snapshot that every face shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from watchdog.daemon.expectations import expected_because
from watchdog.daemon.holding import about_of, maintenance_of
from watchdog.daemon.looker import left_out
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
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


def service_status(world: World, watched: Watched, now: float) -> ServiceStatus:
    seen, record, clock = watched.seen, watched.record, world.clock
    about, down_since = about_of(world, str(watched.key)), world.down_since.get(str(watched.key), now)
    maintenance, silence = maintenance_of(world, about, now), silenced(world.silences.values(), about, now)
    wall = clock.wall() - now
    paused = record.pause is not None and now < record.pause.until
    away, request = world.state.away, world.approvals.get(watched.key)
    health = Health.UNKNOWN if away is not None or seen is None else seen.health
    unread = "not looked at yet" if seen is None else seen.reason
    reason = f"cannot be judged: {away}" if away is not None else unread
    if away is None and seen is not None and watched.key in world.problems:
        reason = f"{reason} (labels: {'; '.join(world.problems[watched.key])})"
    if away is None and watched.key in world.misordered:
        reason = f"{reason} (dependencies: {'; '.join(world.misordered[watched.key])})"
    return ServiceStatus(
        service=watched.key,
        health=health,
        score=seen.score if seen is not None and away is None else 0.0,
        reason=reason,
        weight=watched.settings.weight,
        protected=record.desired is Desired.UP and bool(record.baselines),
        container=container_ref(watched.container),
        checks=seen.checks if seen is not None else (),
        recovery=watched.says,
        incident=record.incident,
        since=watched.health_since + wall if watched.health_since else None,
        paused_until=record.pause.until + wall if paused and record.pause is not None else None,
        maintenance_until=maintenance.until + wall if maintenance is not None else None,
        silenced_until=silence.until + wall if silence is not None else None,
        downtime=max(0.0, now - down_since),
        downtime_allowed=watched.settings.critical_after,
        quarantined=record.quarantined is not None,
        approval=request.id if request is not None else None,
        flapping=watched.flapping() is not None,
        used=_used(watched),
    )


def _used(watched: Watched) -> Used | None:
    """By its checks of resources; None where nothing was measured when it was last asked."""
    for check in watched.settings.checks:
        streak = watched.streaks.get(check.name)
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


def judged(world: World, watched: Watched) -> bool:
    """Whether anything says that a service that does not run should."""
    seen = watched.seen
    if seen is None or not seen.health.bad or watched.record.desired is Desired.UP:
        return True
    return expected_because(world, watched) is not None


def snapshot(world: World, incidents_open: int) -> Snapshot:
    """The state of everything now; built from memory."""
    now = world.clock.now()
    services: list[ServiceStatus] = []
    absences: list[AbsenceNotJudged] = []
    for watched in sorted(world.services.values(), key=lambda watched: watched.key):
        if judged(world, watched) or world.state.away is not None:
            services.append(service_status(world, watched, now))
        else:
            reason = watched.seen.reason if watched.seen is not None else "not looked at yet"
            absences.append(AbsenceNotJudged(service=watched.key, reason=f"{reason}; nothing says that it should run"))
    if world.state.away is None:
        services += _wanted_and_missing(world)
    endpoints = tuple(_endpoints(world))
    away = world.state.away
    identity = world.state.identity
    engine = away or (f"Docker Engine {identity.version} (API {identity.api_version})" if identity else "answers")
    return Snapshot(
        status=overall_status(services, endpoints, absences, engine_up=away is None),
        score=whole_score(services, endpoints),
        checked_at=world.clock.wall(),
        engine_up=away is None,
        engine=engine,
        services=tuple(services),
        endpoints=endpoints,
        journeys=tuple(_journeys(world)),
        absence_not_judged=tuple(absences),
        incidents_open=incidents_open,
        ledger_head=world.memory.head,
    )


def _wanted_and_missing(world: World) -> Iterator[ServiceStatus]:
    for key, because in world.wanted.items():
        watched = key in world.services or key in world.unwatched or left_out(world.settings, key, {})
        if not watched and world.record_of(key).desired in {Desired.UP, Desired.UNPROVEN}:
            reason = f"{because}, but it has no container"
            weight = world.settings_for(key, {}).weight
            yield ServiceStatus(service=key, health=Health.MISSING, score=0.0, reason=reason, weight=weight)


def _endpoints(world: World) -> Iterator[EndpointStatus]:
    for alone in world.endpoints.values():
        yield endpoint_status(alone.check, alone.streak, alone.flaps, alone.waiting)
    for journey in world.journeys.values():
        if not any(journey.is_of(key) for key in world.services):  # nobody else would tell that it fails
            yield endpoint_status(journey.check, journey.streak, Flaps())
    for watched in world.services.values():
        for check in watched.settings.checks:
            if check.endpoint:
                streak, flaps = watched.streaks.get(check.name, Streak()), watched.flaps.get(check.name, Flaps())
                yield endpoint_status(check, streak, flaps)


def _journeys(world: World) -> Iterator[JourneyStatus]:
    for check in world.settings.journeys:
        known = world.journeys.get(check.name) or world.endpoints.get(check.name)
        yield journey_status(check, known.streak if known is not None else Streak())
