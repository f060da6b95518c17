"""What an incident is about, and whether somebody wants to hear nothing of it or nothing done about it now."""

from __future__ import annotations

from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import CHECK, ENDPOINT
from watchdog.daemon.state.world import World
from watchdog.model.identity import ServiceKey
from watchdog.model.snapshot import timestamp
from watchdog.policy.holds import About, Hold, maintained, silenced


def watched_of(world: World, subject: str) -> ServiceState | None:
    """The service that an incident is about, or that the check belongs to which it is about; None without one."""
    name = subject.removeprefix(CHECK).partition(" ")[0] if subject.startswith(CHECK) else subject
    try:
        return world.services.get(ServiceKey.parse(name))
    except ValueError:
        return None


def about_of(world: World, subject: str) -> About:
    """Of the labels only those that a route asks for: labels may hold anything."""
    watched = watched_of(world, subject)
    if watched is None:
        return About(subject=subject, names=(subject, subject.removeprefix(ENDPOINT)))
    asked = {name for route in world.settings.alert.routes for name in route.label}
    key = watched.key
    return About(
        subject=subject,
        names=(str(key), key.label, key.name),
        project=key.project,
        labels={name: watched.labels[name] for name in sorted(asked & watched.labels.keys())},
        owner=watched.settings.owner,
    )


def maintenance_of(world: World, about: About, now: float) -> Hold | None:
    """The maintenance window that is open for it. Windows follow the wall clock, as the people who wrote them do."""
    wall = world.clock.wall()
    window = maintained(world.settings.maintenance, about, wall)
    if window is None:
        return None
    because = f'in maintenance window "{window.name}" until {timestamp(window.until)}'
    return Hold(because, now + (window.until - wall), excuses=True)


def hold_of(world: World, about: About, now: float) -> Hold | None:
    """Why nobody is told of it now; what excuses it comes first."""
    watched = watched_of(world, about.subject)
    pause = watched.record.pause if watched is not None else None
    if pause is not None and now < pause.until:
        return Hold(f"paused by {pause.by}: {pause.reason}", pause.until, excuses=True)
    maintenance = maintenance_of(world, about, now)
    if maintenance is not None:
        return maintenance
    silence = silenced(world.silences.values(), about, now)
    if silence is None:
        return None
    return Hold(f"silenced by {silence.by}: {silence.reason}", silence.until, excuses=False)
