"""Dependencies between services: from Compose's labels and the configuration, roots first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from watchdog.model.identity import ServiceKey

COMPOSE_DEPENDS_ON = "com.docker.compose.depends_on"
DEPENDS_ON = "watchdog.depends-on"

Edges = Mapping[ServiceKey, frozenset[ServiceKey]]
"""Service → the services that it needs."""


def named_in_labels(labels: Mapping[str, str]) -> tuple[str, ...]:
    """The names in Compose's `db:service_healthy:false,api:service_started:true`."""
    entries = labels.get(COMPOSE_DEPENDS_ON, "").split(",")
    return tuple(name for entry in entries if (name := entry.split(":")[0].strip()))


def edges(needs: Mapping[ServiceKey, Iterable[str]]) -> dict[ServiceKey, frozenset[ServiceKey]]:
    """Resolves names to the services that exist: in the same project first, then by full name.

    A name that no service has makes no edge: nothing may wait for what is not there.
    """
    by_name: dict[tuple[str, str], set[ServiceKey]] = {}
    for key in needs:
        by_name.setdefault((key.project, key.name), set()).add(key)
    found: dict[ServiceKey, frozenset[ServiceKey]] = {}
    for key, names in needs.items():
        roots: set[ServiceKey] = set()
        for name in names:
            project, _, service = name.rpartition("/")
            candidates = by_name.get((project, service)) if project else by_name.get((key.project, name))
            roots |= candidates or by_name.get(("", name), set())
        found[key] = frozenset(roots - {key})
    return found


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
