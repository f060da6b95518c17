"""Dependencies between services: from Compose's labels and the configuration, roots first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from watchdog.model.identity import ServiceKey

COMPOSE_DEPENDS_ON = "com.docker.compose.depends_on"
DEPENDS_ON = "watchdog.depends-on"

Edges = Mapping[ServiceKey, frozenset[ServiceKey]]
"""Service → the services that it needs."""


def named_in_labels(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The names in Compose's `db:service_healthy:false,api:service_started:true`."""
    entries = labels.get(COMPOSE_DEPENDS_ON, "").split(",")
    return tuple(name for entry in entries if (name := entry.split(":")[0].strip()))


def needs_of(configured: tuple[str, ...], labels: Mapping[str, str], recorded: tuple[str, ...]) -> tuple[str, ...]:
    """What a service says that it needs, by name: configuration, then its label, then Compose's, then the ledger."""
    if configured:
        return configured
    if DEPENDS_ON in labels:
        return tuple(name.strip() for name in labels[DEPENDS_ON].split(",") if name.strip())
    return named_in_labels(labels) or recorded


def edges(needs: Mapping[ServiceKey, Iterable[str]]) -> dict[ServiceKey, frozenset[ServiceKey]]:
    """Resolves names to the services that exist: in the same project first, then by full name.

    A name that no service has makes no edge: nothing may wait for what is not there.
    """
    called = _by_name(needs)
    found: dict[ServiceKey, frozenset[ServiceKey]] = {}
    for key, names in needs.items():
        roots = {root for name in names for root in _meant(key, name, called)}
        found[key] = frozenset(roots - {key})
    return found


def nobodys(
    needs: Mapping[ServiceKey, Iterable[str]], others: Iterable[ServiceKey] = ()
) -> dict[ServiceKey, tuple[str, ...]]:
    """The names that neither a service nor one of `others` has, by the service that says that it needs them."""
    called = _by_name((*needs, *others))
    strange = {key: tuple(name for name in names if not _meant(key, name, called)) for key, names in needs.items()}
    return {key: names for key, names in strange.items() if names}


def named_by(names: Iterable[str], keys: Iterable[ServiceKey]) -> frozenset[ServiceKey]:
    """The services that somebody outside all projects means: a name without project, or number, is that in any."""
    wanted = [ServiceKey.parse(name) for name in names]
    return frozenset(key for key in keys for one in wanted if one.means(key))


def first_causes(graph: Edges, of: Iterable[ServiceKey], hindering: Collection[ServiceKey]) -> tuple[ServiceKey, ...]:
    """Of these services and all that they need, those that hinder while nothing that they need does; sorted."""
    concerned = set(of)
    concerned |= {root for key in of for root in all_roots(graph, key)}
    down = concerned & set(hindering)
    return tuple(sorted(key for key in down if not all_roots(graph, key) & down))


def _by_name(keys: Iterable[ServiceKey]) -> dict[tuple[str, str], set[ServiceKey]]:
    found: dict[tuple[str, str], set[ServiceKey]] = {}
    for key in keys:
        found.setdefault((key.project, key.name), set()).add(key)
    return found


def _meant(key: ServiceKey, name: str, called: Mapping[tuple[str, str], set[ServiceKey]]) -> set[ServiceKey]:
    project, _, service = name.rpartition("/")
    candidates = called.get((project, service)) if project else called.get((key.project, name))
    return candidates or called.get(("", name), set())


def meant(key: ServiceKey, keys: Iterable[ServiceKey], near: ServiceKey | None = None) -> ServiceKey | None:
    """The one of `keys` that `key` names: itself, else the one of that name in the project of `near`, else the only
    one of that name. None when there is none, or several.
    """
    called = {one for one in keys if one.name == key.name and one.number == key.number}
    if key in called or key.project:
        return key if key in called else None
    close = [one for one in called if near is not None and one.project == near.project]
    found = close or list(called)
    return found[0] if len(found) == 1 else None


def cycle_in(graph: Edges) -> list[ServiceKey]:
    """One cycle, from a service to itself by what it needs; empty when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        needed_first: list[ServiceKey] = error.args[1]
        return needed_first[::-1]
    return []


def without_cycles(graph: Edges) -> tuple[dict[ServiceKey, frozenset[ServiceKey]], list[list[ServiceKey]]]:
    """The graph less the edges of its cycles, and these: what has no order must not wait for each other for ever."""
    left = {key: graph[key] for key in sorted(graph)}
    cycles: list[list[ServiceKey]] = []
    while cycle := cycle_in(left):
        cycles.append(cycle)
        for key, root in pairwise(cycle):
            left[key] -= {root}
    return left, cycles


def tiers(graph: Edges) -> list[list[ServiceKey]]:
    """Services in the order in which to bring them up; what stands in one tier may be done side by side.

    The members of a cycle, and what needs them, come last in one tier: they cannot be ordered, yet must not be lost.
    """
    left = {key: set(roots) & set(graph) for key, roots in graph.items()}
    order: list[list[ServiceKey]] = []
    while left:
        ready = sorted(key for key, roots in left.items() if not roots) or sorted(left)
        order.append(ready)
        for key in ready:
            del left[key]
        for roots in left.values():
            roots.difference_update(ready)
    return order


def all_roots(graph: Edges, key: ServiceKey) -> frozenset[ServiceKey]:
    """Everything that a service needs, directly or through others."""
    found: set[ServiceKey] = set()
    todo = list(graph.get(key, ()))
    while todo:
        root = todo.pop()
        if root not in found and root != key:
            found.add(root)
            todo.extend(graph.get(root, ()))
    return frozenset(found)
