"""Who is told of an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from watchdog.model.alert import FILES
from watchdog.model.alerting import Route
from watchdog.model.record import Severity
from watchdog.policy.holds import About

_RANK: Final = {severity: rank for rank, severity in enumerate((Severity.INFO, Severity.WARNING, Severity.CRITICAL))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is configured about telling. Durations are seconds."""

    receivers: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    group_wait: float = 30.0
    repeat: float = 0.0
    grouped: frozenset[str] = frozenset()
    """The receivers that get what is due together as one message."""


def receivers_of(about: About, severity: Severity, age: float, rules: Rules) -> tuple[str, ...]:
    """Who hears of what has lasted for `age` seconds, the files first.

    The first route that matches decides, and those after it where it says `continue`; routes with `after` add theirs
    in time. Without routes everybody hears of warnings; what is critical and matches no route goes to everybody too.
    """
    matching = [route for route in rules.routes if _matches(route, about, severity)]
    least = Severity.CRITICAL if rules.routes else Severity.WARNING
    if not matching:
        return (FILES, *(rules.receivers if _RANK[severity] >= _RANK[least] else ()))
    chosen = [FILES]
    decided = False
    for route in matching:
        if age >= route.after if route.after else not decided:
            chosen += route.receivers
        decided = decided or not (route.after or route.goes_on)
    return tuple(dict.fromkeys(chosen))


def comes_later(about: About, severity: Severity, age: float, rules: Rules) -> float | None:
    """At what age somebody else will hear of it; None when nobody will."""
    ages = [route.after for route in rules.routes if route.after > age and _matches(route, about, severity)]
    return min(ages, default=None)


def _matches(route: Route, about: About, severity: Severity) -> bool:
    return (
        _RANK[severity] >= _RANK[route.severity]
        and (not route.project or any(fnmatchcase(about.project, pattern) for pattern in route.project))
        and (not route.service or about.called(route.service))
        and (not route.owner or any(fnmatchcase(about.owner, pattern) for pattern in route.owner))
        and _labelled(route.label, about.labels)
    )


def _labelled(wanted: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(name in labels and fnmatchcase(labels[name], pattern) for name, pattern in wanted.items())
