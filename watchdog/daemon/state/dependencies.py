"""Who needs whom, and what a service that is not good is to those that need it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.services import Services
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.record import Desired
from watchdog.policy.graph import edges, first_causes, named_by, needs_of, without_cycles
from watchdog.policy.phases import Phase
from watchdog.policy.streak import Standing


class DependencyState(Enum):
    """Why those that need a service wait for it."""

    DOWN = auto()
    """It is not good, and somebody works on it."""
    LOST = auto()
    """It was handed to a person, or waits for one."""
    UNSETTLED = auto()
    """It has only just started, or one of its checks fails below its threshold."""


@dataclass(slots=True)
class Dependencies:
    """The graph is made anew after `invalidate`; everything else is asked of the services as they are."""

    services: Services
    approvals: Mapping[ServiceKey, Approval]
    warnings: Mapping[ServiceKey, tuple[str, ...]] = field(default_factory=dict[ServiceKey, tuple[str, ...]])
    """What is wrong with the dependencies of a service, found at the last poll."""
    _graph: dict[ServiceKey, frozenset[ServiceKey]] | None = None
    _cycles: list[list[ServiceKey]] = field(default_factory=list[list[ServiceKey]])
    _needed: dict[str, frozenset[ServiceKey]] = field(default_factory=dict[str, frozenset[ServiceKey]])
    """Stand-alone endpoint → the services that it needs, as far as somebody wanted to know."""

    def invalidate(self) -> None:
        """A service came, went or changed what it needs."""
        self._graph = None
        self._needed = {}

    def graph(self) -> dict[ServiceKey, frozenset[ServiceKey]]:
        """Who needs whom, among the services that are there, without cycles."""
        if self._graph is None:
            known = self.services.known
            named = edges(self.needs())
            joined = {key: set(one.links.joins.values()) & known.keys() for key, one in known.items()}
            self._graph, self._cycles = without_cycles({key: roots | joined[key] for key, roots in named.items()})
        return self._graph

    def cycles(self) -> list[list[ServiceKey]]:
        """Those that the graph would have, each from a service to itself."""
        self.graph()
        return self._cycles

    def needs(self) -> dict[ServiceKey, Iterable[str]]:
        """What each service says that it needs, by name."""
        known = self.services.known
        return {key: needs_of(one.settings.depends_on, one.labels, one.record.depends_on) for key, one in known.items()}

    def needed(self, check: Check) -> frozenset[ServiceKey]:
        """The services that a stand-alone endpoint says that it needs."""
        if not check.depends_on:
            return frozenset()
        if check.name not in self._needed:
            self._needed[check.name] = named_by(check.depends_on, self.services.known)
        return self._needed[check.name]

    def first_causes(self, check: Check) -> tuple[ServiceKey, ...]:
        """Of what a stand-alone endpoint needs, directly or through others, what it has to wait for."""
        needed = self.needed(check)
        if not needed:
            return ()
        hindering = [key for key, one in self.services.known.items() if self.state_of(one) is not None]
        return first_causes(self.graph(), needed, hindering)

    def roots_of(self, service: ServiceState) -> frozenset[ServiceKey]:
        """The services it needs; while a journey fails at it that needs others too, those of them that are down."""
        needed = self.graph().get(service.key, frozenset())
        if not service.runs_well(self._now()):
            return needed
        journeys = self.services.journeys.values()
        failing = [one for one in journeys if one.is_of(service.key) and service.doubts(one.check.name)]
        return needed | {key for one in failing for key in self.services.known if one.is_of(key) and self._is_down(key)}

    def _is_down(self, key: ServiceKey) -> bool:
        """Whether a service is bad by itself, whatever checks say of it, or is being brought back."""
        service = self.services.known[key]
        return service.course.phase in {Phase.ACTING, Phase.VERIFYING} or not service.runs_well(self._now())

    def roots(self, service: ServiceState) -> dict[DependencyState, tuple[str, ...]]:
        """The services it needs and has to wait for, by why."""
        needed = self.roots_of(service) - {service.key}
        found = [(str(key), self.state_of(self.services.known[key])) for key in sorted(needed)]
        return {how: tuple(name for name, its in found if its is how) for how in DependencyState}

    def state_of(self, root: ServiceState) -> DependencyState | None:
        """What a service is to those that need it; None when they need not wait."""
        if root.assessment is None or root.record.desired is not Desired.UP:
            return None
        if root.course.phase in {Phase.ACTING, Phase.VERIFYING}:
            return DependencyState.DOWN  # it looks good before that is verified and recorded
        starting = root.assessment.health is Health.STARTING
        if root.assessment.health.bad or (starting and root.record.incident is not None):
            asked = self.approvals.get(root.key)
            waits = asked is not None and asked.state is ApprovalState.WAITING
            return DependencyState.LOST if waits or root.left_alone(self._now()) else DependencyState.DOWN
        doubted = any(root.streaks[name].standing is Standing.DOUBTED for name in root.needed_checks())
        return DependencyState.UNSETTLED if starting or doubted else None

    def namespace_bearers(self, service: ServiceState) -> dict[str, str]:
        """Containers whose namespaces its own one shares, as that refers to them → what their service calls its now."""
        joins = service.links.joins
        joined: Mapping[str, str] = service.container.joined if service.container is not None else {}
        found = {name: self.services.known.get(joins[at]) for at, name in joined.items() if at in joins}
        return {
            name: parent.container.name
            for name, parent in found.items()
            if parent is not None and parent.container is not None
        }

    def root_cause(self, service: ServiceState) -> ServiceState | None:
        """Of those that hinder it, directly or through others, the nearest one that has an incident."""
        known = self.services.known
        met, near = {service.key}, [service.key]
        while near:
            roots = sorted({root for key in near for root in self.roots_of(known[key])} - met)
            near = [key for key in roots if self.state_of(known[key]) is not None]
            found = [known[key] for key in near if known[key].record.incident is not None]
            if found:
                return found[0]
            met.update(near)
        return None

    def dependents(self, root: ServiceKey) -> list[ServiceState]:
        """Those that need a service, and those at which a journey fails that needs it, too."""
        known = self.services.known
        needing = {key for key, roots in self.graph().items() if root in roots}
        for journey in self.services.journeys.values():
            if journey.is_of(root):
                for key, service in known.items():
                    if key != root and journey.is_of(key) and service.doubts(journey.check.name):
                        needing.add(key)
        return [known[key] for key in sorted(needing)]

    def _now(self) -> float:
        return self.services.clock.now()
