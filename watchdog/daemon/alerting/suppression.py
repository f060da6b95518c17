"""What an incident is about, and whether somebody wants to hear nothing of it or nothing done about it now."""

from __future__ import annotations

from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import CHECK, ENDPOINT
from watchdog.model.identity import ServiceKey
from watchdog.model.snapshot import timestamp
from watchdog.policy.holds import About, Hold, maintained, silenced


def service_named(state: DaemonState, subject: str) -> ServiceState | None:
    """The service that an incident is about, or that the check belongs to which it is about; None without one."""
    name = subject.removeprefix(CHECK).partition(" ")[0] if subject.startswith(CHECK) else subject
    try:
        return state.services.known.get(ServiceKey.parse(name))
    except ValueError:
        return None


def about_of(state: DaemonState, subject: str) -> About:
    """Of the labels only those that a route asks for: labels may hold anything."""
    service = service_named(state, subject)
    if service is None:
        return About(subject=subject, names=(subject, subject.removeprefix(ENDPOINT)))
    asked = {name for route in state.settings.alert.routes for name in route.label}
    key = service.key
    return About(
        subject=subject,
        names=(str(key), key.label, key.name),
        project=key.project,
        labels={name: service.labels[name] for name in sorted(asked & service.labels.keys())},
        owner=service.settings.owner,
    )


def maintenance_of(state: DaemonState, about: About, now: float) -> Hold | None:
    """The maintenance window that is open for it. Windows follow the wall clock, as the people who wrote them do."""
    wall = state.clock.wall()
    window = maintained(state.settings.maintenance, about, wall)
    if window is None:
        return None
    because = f'in maintenance window "{window.name}" until {timestamp(window.until)}'
    return Hold(because, now + (window.until - wall), excuses=True)


def hold_of(state: DaemonState, about: About, now: float) -> Hold | None:
    """Why nobody is told of it now; what excuses it comes first."""
    service = service_named(state, about.subject)
    pause = service.record.pause if service is not None else None
    if pause is not None and now < pause.until:
        return Hold(f"paused by {pause.by}: {pause.reason}", pause.until, excuses=True)
    maintenance = maintenance_of(state, about, now)
    if maintenance is not None:
        return maintenance
    silence = silenced(state.operators.silences.values(), about, now)
    if silence is None:
        return None
    return Hold(f"silenced by {silence.by}: {silence.reason}", silence.until, excuses=False)
