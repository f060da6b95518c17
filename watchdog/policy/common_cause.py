"""Several unrelated checks reach nothing while their containers are fine: then it is the observer who is blind (law 5).

Who answers proves sight: an error, a refusal and a connection that is closed are answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.policy.graph import Edges, all_roots

_NAMED = 5
"""So many checks, or references, are named in a sentence."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Asked:
    """How one check that goes over the observer's network stands, and of whom it is asked."""

    name: str
    services: frozenset[ServiceKey]
    """Whose it is, or what it needs; empty for what stands alone."""
    reached: bool
    """Somebody answered when it was last asked; False where nothing could be reached (thresholds aside)."""
    container_fine: bool
    """The container behind it runs and its own health check, where it has one, passes; True where unknown."""
    places: frozenset[str]
    """Where it asks: `host:port` as configured, and as it was resolved."""


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
    """The observer's own network is suspected when at least two unrelated checks reach nothing and none is answered.

    Failures behind a broken container are that container's, failures that share a root are that root's, and what is
    asked at one place counts once.
    """
    failing: list[Asked] = []
    for check in asked:
        if check.reached:
            return None
        if check.container_fine:
            failing.append(check)
    if not _unrelated(failing, graph):
        return None
    names = tuple(sorted(check.name for check in failing))
    because = f"{len(names)} unrelated checks fail while their containers are fine ({', '.join(names[:_NAMED])})"
    return Suspicion(f"{because}: the observer's own network is suspected", names)


def reached(check: Check, last: Observation | None) -> bool | None:
    """What the last answer to a check says of the observer's own network; None where it says nothing about that."""
    return last.reached if last is not None and check.over_network else None


def places(check: Check, last: Observation) -> frozenset[str]:
    """Where a check asks: what is configured, and whom it found there."""
    target, remote = check.target, last.evidence.get("remote")
    if "://" in target:
        url = urlsplit(target)
        target = f"{url.hostname}:{url.port or _PORTS.get(url.scheme, '')}"
    return frozenset({target, remote} if isinstance(remote, str) else {target})


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
    """At least two checks of which neither needs the other nor both need the same, nor ask at the same place."""
    needs = [_closure(check, graph) for check in failing]
    if not needs or needs[0].intersection(*needs):
        return False
    met = list(zip(needs, (check.places for check in failing), strict=True))
    return any(
        one.isdisjoint(other) and here.isdisjoint(there)
        for number, (one, here) in enumerate(met)
        for other, there in met[number + 1 :]
    )


def _closure(check: Asked, graph: Edges) -> frozenset[ServiceKey]:
    return check.services.union(*(all_roots(graph, service) for service in check.services))
