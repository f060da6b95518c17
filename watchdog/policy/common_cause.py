"""Several unrelated endpoints fail while their containers are fine: then it is the observer who is blind (law 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watchdog.model.identity import ServiceKey
from watchdog.policy.graph import Edges, all_roots


@dataclass(frozen=True, slots=True)
class Asked:
    """How one check that goes over the network stands, and of whom it is asked."""

    name: str
    service: ServiceKey | None
    failing: bool
    """Its last answer was a FAIL (thresholds aside)."""
    container_fine: bool
    """The container behind it runs and its own health check, where it has one, passes; True where unknown."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    because: str
    names: tuple[str, ...]


def suspect_observer(asked: Iterable[Asked], graph: Edges) -> Suspicion | None:
    """The observer's own network is suspected when at least two unrelated checks fail and none passes.

    One check that passes proves that the observer can see. Failures behind a broken container are that container's,
    and failures that share a root are that root's.
    """
    asked = list(asked)
    failing = [check for check in asked if check.failing and check.container_fine]
    if any(not check.failing for check in asked) or not _unrelated(failing, graph):
        return None
    names = tuple(sorted(check.name for check in failing))
    because = f"{len(names)} unrelated checks fail while their containers are fine ({', '.join(names[:5])})"
    return Suspicion(f"{because}: the observer's own network is suspected", names)


def _unrelated(failing: list[Asked], graph: Edges) -> bool:
    """At least two checks of which neither needs the other nor both need the same."""
    for position, one in enumerate(failing):
        for other in failing[position + 1 :]:
            if one.service is None or other.service is None:
                return True
            if one.service == other.service:
                continue
            mine = all_roots(graph, one.service) | {one.service}
            theirs = all_roots(graph, other.service) | {other.service}
            if not mine & theirs:
                return True
    return False
