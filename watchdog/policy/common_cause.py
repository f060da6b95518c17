"""Several unrelated endpoints fail while their containers are fine: then it is the observer who is blind (law 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from watchdog.model.identity import ServiceKey
from watchdog.policy.graph import Edges, all_roots

_NAMED = 5
"""So many checks, or references, are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How one check that goes over the observer's network stands, and of whom it is asked."""

    name: str
    services: frozenset[ServiceKey]
    """Whose it is, or what it needs; empty for what stands alone."""
    failing: bool
    """Its last answer was a FAIL, or the observer's own network kept it from being asked (thresholds aside)."""
    container_fine: bool
    """The container behind it runs and its own health check, where it has one, passes; True where unknown."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    because: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What came of asking the references: addresses that have nothing to do with what is watched."""

    answered: tuple[str, ...]
    silent: tuple[str, ...]


def suspect_observer(asked: Iterable[Asked], graph: Edges) -> Suspicion | None:
    """The observer's own network is suspected when at least two unrelated checks fail and none passes.

    One check that passes proves that the observer can see. Failures behind a broken container are that container's,
    and failures that share a root are that root's.
    """
    failing: list[Asked] = []
    for check in asked:
        if not check.failing:
            return None
        if check.container_fine:
            failing.append(check)
    if not _unrelated(failing, graph):
        return None
    names = tuple(sorted(check.name for check in failing))
    because = f"{len(names)} unrelated checks fail while their containers are fine ({', '.join(names[:_NAMED])})"
    return Suspicion(f"{because}: the observer's own network is suspected", names)


def judged(suspicion: Suspicion, references: tuple[str, ...], word: Word | None) -> Suspicion | None:
    """The suspicion once the references have been asked: one that answers clears the observer."""
    if not references:
        return suspicion
    if word is None:
        return replace(suspicion, because=f"{suspicion.because}, and the references are asked")
    if word.answered:
        return None
    silent = ", ".join(word.silent[:_NAMED])
    how = "does not answer either" if len(word.silent) == 1 else "do not answer either"
    return replace(suspicion, because=f"{suspicion.because}, and {silent} {how}")


def _unrelated(failing: list[Asked], graph: Edges) -> bool:
    """At least two checks of which neither needs the other nor both need the same."""
    needs = [_closure(check, graph) for check in failing]
    if not needs or needs[0].intersection(*needs):
        return False
    return any(one.isdisjoint(other) for place, one in enumerate(needs) for other in needs[place + 1 :])


def _closure(check: Asked, graph: Edges) -> frozenset[ServiceKey]:
    return check.services.union(*(all_roots(graph, service) for service in check.services))
