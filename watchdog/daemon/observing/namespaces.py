"""Whose namespaces each container lives in, followed through replacements of either."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.protocol import Summary
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import short
from watchdog.policy.namespaces import ALIVE, Child, Parent, ties


class NamespaceTracker:
    """Keeps `ServiceState.joins` and `ServiceState.ties` equal to what was looked at last."""

    def __init__(self, state: DaemonState, key_of: Callable[[str], ServiceKey | None]) -> None:
        self._state = state
        self._key_of = key_of

    def follow(self, summaries: Mapping[str, Summary], started: Collection[str]) -> None:
        """After a look. `summaries`: all containers; `started`: those whose present start it was the first to see."""
        for service in self._state.services.known.values():
            joined: Mapping[str, str] = service.container.joined if service.container is not None else {}
            if joined or service.links.joins:
                self._follow(service, _by_id(joined, summaries), summaries, started)

    def _follow(
        self,
        service: ServiceState,
        joined: Mapping[str, str],
        summaries: Mapping[str, Summary],
        started: Collection[str],
    ) -> None:
        child = service.container
        joins = self._joins(service, joined, summaries)
        if joins != service.links.joins:
            service.links.joins = joins
            self._state.dependencies.invalidate()
        bearers = {namespace: self._container(key) for namespace, key in joins.items()}
        if child is not None and child.id in started:
            service.links.witnessed = {
                one.id: one.started_at for one in bearers.values() if one is not None and one.id not in started
            }
        parents = {namespace: _parent(service, str(key), bearers[namespace]) for namespace, key in joins.items()}
        for namespace in joined.keys() - joins.keys():
            parents[namespace] = _stranger(joined[namespace], summaries)
        now = ties(Child(joined, child.started_at) if child is not None else None, parents)
        if now != service.links.ties:
            service.links.ties = now
            service.wake.set()

    def _joins(
        self, service: ServiceState, joined: Mapping[str, str], summaries: Mapping[str, Summary]
    ) -> dict[str, ServiceKey]:
        """Namespace → service; what is gone is still the service's that it was when it was last known."""
        if service.container is None:
            return dict(service.links.joins)
        found: dict[str, ServiceKey] = {}
        for namespace, name in joined.items():
            key, summary = self._key_of(name), summaries.get(name)
            if key in self._state.services.known:
                found[namespace] = key
            elif namespace in service.links.joins and (summary is None or self._state.own_actions.gave(summary.name)):
                found[namespace] = service.links.joins[namespace]
        return found

    def _container(self, key: ServiceKey) -> Container | None:
        service = self._state.services.known.get(key)
        return service.container if service is not None else None


def _by_id(joined: Mapping[str, str], summaries: Mapping[str, Summary]) -> dict[str, str]:
    """The engine keeps a name where there was no such container yet when it was told."""
    named = {summary.name: summary.id for summary in summaries.values()} if joined.values() - summaries.keys() else {}
    return {namespace: named.get(name, name) for namespace, name in joined.items()}


def _parent(child: ServiceState, name: str, container: Container | None) -> Parent:
    if container is None:
        return Parent(name=name)
    witnessed = container.id in child.links.witnessed and child.links.witnessed[container.id] == container.started_at
    return Parent(
        name=name,
        container=container.id,
        runs=container.state in ALIVE,
        started_at=container.started_at,
        witnessed=witnessed,
    )


def _stranger(name: str, summaries: Mapping[str, Summary]) -> Parent:
    """A container that is no service's; when it was started is not asked."""
    summary = summaries.get(name)
    if summary is None:
        return Parent(name=f"container {short(name)}")
    return Parent(name=f"container {summary.name}", container=name, runs=summary.state in ALIVE)
