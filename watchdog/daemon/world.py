"""All services and what surrounds them: shared by the rooms of the daemon, changed only in its loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Protocol

from watchdog.api.measures import Measures
from watchdog.channels.hub import Hub
from watchdog.config.labels import resolve
from watchdog.daemon.changed import Changed
from watchdog.daemon.clock import Clock
from watchdog.daemon.hearts import Hearts
from watchdog.daemon.outlook import Outlook
from watchdog.daemon.watched import Watched
from watchdog.engine.protocol import Engine, EngineIdentity
from watchdog.model.alerting import Silence
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.container import Container
from watchdog.model.deployment import Deployment
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.record import Desired, ServiceRecord
from watchdog.model.settings import ServiceSettings, Settings
from watchdog.policy.budget import none_in_future
from watchdog.policy.common_cause import Suspicion, Word, judged
from watchdog.policy.flapping import Flaps
from watchdog.policy.graph import DEPENDS_ON, edges, first_causes, meant, named_by, named_in_labels, without_cycles
from watchdog.policy.journeys import is_of
from watchdog.policy.phases import Phase
from watchdog.policy.streak import Standing, Streak
from watchdog.recovery.ours import Ours


class Hindrance(Enum):
    """Why those that need a service wait for it."""

    DOWN = auto()
    """It is not good, and somebody works on it."""
    LOST = auto()
    """It was handed to a person, or waits for one."""
    UNSETTLED = auto()
    """It has only just started, or one of its checks fails below its threshold."""


@dataclass(slots=True)
class EngineState:
    """`away` is None while the engine answers, else the sentence why not. Times are steady seconds."""

    away: str | None = "the engine has not been seen yet"
    away_since: float | None = None
    settled_at: float = 0.0
    identity: EngineIdentity | None = None


class Memory(Protocol):
    """What the ledger says, whoever reads it."""

    @property
    def records(self) -> Mapping[ServiceKey, ServiceRecord]: ...

    @property
    def head(self) -> str: ...


@dataclass(slots=True)
class Alone:
    """A stand-alone endpoint: one that belongs to no service."""

    check: Check
    streak: Streak = field(default_factory=Streak)
    flaps: Flaps = field(default_factory=Flaps)
    doubted_at: float | None = None
    """When it began to fail (steady seconds)."""
    waiting: str = ""
    """For which of the services that it needs it waits while it fails, a sentence."""
    blamed: ServiceKey | None = None
    """The service in whose incident the ledger says that this fails for want of it."""


@dataclass(slots=True)
class Journey:
    """A journey that belongs to services, which hear of it as a check of their own."""

    check: Check
    streak: Streak = field(default_factory=Streak)
    blamed: set[ServiceKey] = field(default_factory=set[ServiceKey])
    """Whose steps failed since they last passed."""

    @property
    def probe(self) -> JourneyProbe:
        assert isinstance(self.check.probe, JourneyProbe)  # noqa: S101 - for the type checker
        return self.check.probe

    def is_of(self, key: ServiceKey) -> bool:
        return any(is_of(pattern, key) for pattern in self.probe.services)

    def note(self, key: ServiceKey, heard: Observation) -> None:
        """Takes in what one of its services heard."""
        if heard.verdict is Verdict.FAIL:
            self.blamed.add(key)
        elif heard.verdict is Verdict.PASS:
            self.blamed.discard(key)


@dataclass(slots=True, kw_only=True)
class World:
    """Mutable; one per daemon."""

    settings: Settings
    clock: Clock
    engine: Engine
    memory: Memory
    measures: Measures = field(default_factory=Measures)
    ours: Ours = field(default_factory=Ours)
    state: EngineState = field(default_factory=EngineState)
    services: dict[ServiceKey, Watched] = field(default_factory=dict[ServiceKey, Watched])
    endpoints: dict[str, Alone] = field(default_factory=dict[str, Alone])
    journeys: dict[str, Journey] = field(default_factory=dict[str, Journey])
    """Those that belong to services."""
    wanted: dict[ServiceKey, str] = field(default_factory=dict[ServiceKey, str])
    """Services that a readable Compose file wants, and where it says so."""
    unwatched: set[ServiceKey] = field(default_factory=set[ServiceKey])
    """Services whose containers are there and not to be watched, by choice: they are not missing."""
    activity: dict[str, float] = field(default_factory=dict[str, float])
    """Project (or name of a container outside Compose) → last foreign activity around it, steady seconds."""
    last_death: float = 0.0
    """When the engine last told of a container's end that watchdog did not cause, steady seconds."""
    last_stop: float = 0.0
    """When the engine last told of a stop that was not watchdog's, steady seconds."""
    restarts: list[float] = field(default_factory=list[float])
    others_asked_at: float = 0.0
    sees_since: float = 0.0
    """When the observer's own network was last found to be back, steady seconds."""
    orders_only: str | None = None
    """Why nothing is done unless a person orders it; None in a daemon that acts by itself."""
    asides: dict[ServiceKey, str] = field(default_factory=dict[ServiceKey, str])
    """Full ID of a container that is still set aside, its name borne by another: removed once that one is good."""
    flaps: Mapping[str, Mapping[str, Flaps]] = field(default_factory=dict[str, "Mapping[str, Flaps]"])
    """Subject of an incident → what an earlier daemon knew of it that flapped."""
    word: Word | None = None
    """What the observer's references said, while there is something to ask them about."""
    deployment: Deployment | None = None
    """The one that is open, or that waits for a person: it alone acts on what it covers."""
    left_to_a_person: frozenset[ServiceKey] | None = None
    """Of one that waits for a person, all that it still covers."""
    polled_at: float | None = None
    down_since: dict[str, float] = field(default_factory=dict[str, float])
    """Subject of an open incident → when it broke (steady seconds)."""
    silences: dict[str, Silence] = field(default_factory=dict[str, Silence])
    """By `Silence.key`; those that are over go with the next look at the alerts."""
    approvals: dict[ServiceKey, Approval] = field(default_factory=dict[ServiceKey, Approval])
    """Requests that wait for a person's word, or have it and are not used yet."""
    changed: Changed = field(default_factory=Changed)
    """Set whenever what the faces show may have changed."""
    _graph: dict[ServiceKey, frozenset[ServiceKey]] | None = None
    _cycles: list[list[ServiceKey]] = field(default_factory=list[list[ServiceKey]])
    _needed: dict[str, frozenset[ServiceKey]] = field(default_factory=dict[str, frozenset[ServiceKey]])
    """Stand-alone endpoint → the services that it needs, as far as somebody wanted to know."""
    problems: dict[ServiceKey, tuple[str, ...]] = field(default_factory=dict[ServiceKey, tuple[str, ...]])
    """What is wrong with the labels of a service, a sentence each."""
    misordered: dict[ServiceKey, tuple[str, ...]] = field(default_factory=dict[ServiceKey, tuple[str, ...]])
    """What is wrong with its dependencies, found at the last poll."""
    hub: Hub = field(init=False)
    hearts: Hearts = field(init=False)
    outlook: Outlook = field(init=False)

    def __post_init__(self) -> None:
        self.hub = Hub(self.clock.wall, self.measures.channels)
        self.hearts = Hearts(self.clock, self._born)
        self.outlook = Outlook(self)

    def settings_for(self, key: ServiceKey, labels: dict[str, str]) -> ServiceSettings:
        """Configuration and labels of a service; what is wrong with its labels is kept for people to see."""
        resolved = resolve(self.settings, key, labels)
        if resolved.problems:
            self.problems[key] = resolved.problems
        else:
            self.problems.pop(key, None)
        return resolved.settings

    def record_of(self, key: ServiceKey) -> ServiceRecord:
        record = self.memory.records.get(key) or ServiceRecord(service=key)
        return replace(record, attempts=none_in_future(record.attempts, self.clock.now()))

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:
        """As `probes.containers.Containers`."""
        key = meant(service, self.services, near)
        return self.services[key].container if key is not None else None

    def _born(self, check: Check) -> float:
        watched = self.services.get(check.service) if check.service is not None else None
        return (watched.running_since or 0.0) if watched is not None else 0.0

    def graph(self) -> dict[ServiceKey, frozenset[ServiceKey]]:
        """Who needs whom, among the services that are there, without cycles; made anew after `regraph`."""
        if self._graph is None:
            named = edges(self.needs())
            joined = {key: set(watched.joins.values()) & self.services.keys() for key, watched in self.services.items()}
            self._graph, self._cycles = without_cycles({key: roots | joined[key] for key, roots in named.items()})
        return self._graph

    def cycles(self) -> list[list[ServiceKey]]:
        """Those that the graph would have, each from a service to itself."""
        self.graph()
        return self._cycles

    def needs(self) -> dict[ServiceKey, Iterable[str]]:
        """What each service says that it needs, by name."""
        return {key: self._needs(watched) for key, watched in self.services.items()}

    def regraph(self) -> None:
        """A service came, went or changed what it needs."""
        self._graph = None
        self._needed = {}

    def needed(self, check: Check) -> frozenset[ServiceKey]:
        """The services that a stand-alone endpoint says that it needs."""
        if not check.depends_on:
            return frozenset()
        if check.name not in self._needed:
            self._needed[check.name] = named_by(check.depends_on, self.services)
        return self._needed[check.name]

    def first_causes(self, check: Check) -> tuple[ServiceKey, ...]:
        """Of what a stand-alone endpoint needs, directly or through others, what it has to wait for."""
        needed = self.needed(check)
        if not needed:
            return ()
        hindering = [key for key, watched in self.services.items() if self.hindrance(watched) is not None]
        return first_causes(self.graph(), needed, hindering)

    def _needs(self, watched: Watched) -> Iterable[str]:
        if watched.settings.depends_on:
            return watched.settings.depends_on
        labels = watched.labels
        if DEPENDS_ON in labels:
            return tuple(name.strip() for name in labels[DEPENDS_ON].split(",") if name.strip())
        return named_in_labels(labels) or watched.record.depends_on

    def deployed(self, key: ServiceKey) -> str | None:
        """Why nobody but an open deployment acts on a service; None where none covers it."""
        deployment, left = self.deployment, self.left_to_a_person
        if deployment is None or not (deployment.scope.covers(key) if left is None else key in left):
            return None
        if left is None:
            return f"{deployment.subject} is under way and alone acts here"
        return f"{deployment.subject} needs a person, and everything stays as it is"

    def deploys(self, check: Check) -> bool:
        """Whether an open deployment watches a stand-alone endpoint itself."""
        if self.deployment is None or self.left_to_a_person is not None:
            return False
        needed = self.needed(check)
        return not needed or any(self.deployed(key) is not None for key in needed)

    def engine_tells(self, now: float) -> bool:
        """Whether what is known of containers is what the engine says now."""
        return self.state.away is None and now >= self.state.settled_at

    def suspicion(self) -> Suspicion | None:
        """Whether the observer itself seems to be blind, its references heard."""
        suspicion = self.outlook.common_cause()
        return judged(suspicion, self.settings.observer.references, self.word) if suspicion is not None else None

    def past_threshold(self, names: Iterable[str]) -> bool:
        """Whether one of these checks has failed often enough to be believed."""
        wanted = set(names)
        streaks = [(alone.check.name, alone.streak) for alone in self.endpoints.values()]
        streaks += [pair for watched in self.services.values() for pair in watched.streaks.items()]
        return any(name in wanted and streak.standing is Standing.FAILING for name, streak in streaks)

    def roots_of(self, watched: Watched) -> frozenset[ServiceKey]:
        """The services it needs; while a journey fails at it that needs others too, those of them that are down."""
        needed = self.graph().get(watched.key, frozenset())
        if not watched.runs_well(self.clock.now()):
            return needed
        failing = [one for one in self.journeys.values() if one.is_of(watched.key) and watched.doubts(one.check.name)]
        return needed | {key for one in failing for key in self.services if one.is_of(key) and self._is_down(key)}

    def _is_down(self, key: ServiceKey) -> bool:
        """Whether a service is bad by itself, whatever checks say of it, or is being brought back."""
        watched = self.services[key]
        return watched.phase in {Phase.ACTING, Phase.VERIFYING} or not watched.runs_well(self.clock.now())

    def roots(self, watched: Watched) -> dict[Hindrance, tuple[str, ...]]:
        """The services it needs and has to wait for, by why."""
        needed = self.roots_of(watched) - {watched.key}
        found = [(str(key), self.hindrance(self.services[key])) for key in sorted(needed)]
        return {how: tuple(name for name, its in found if its is how) for how in Hindrance}

    def hindrance(self, root: Watched) -> Hindrance | None:
        """What a service is to those that need it; None when they need not wait."""
        if root.seen is None or root.record.desired is not Desired.UP:
            return None
        if root.phase in {Phase.ACTING, Phase.VERIFYING}:
            return Hindrance.DOWN  # it looks good before that is verified and recorded
        starting = root.seen.health is Health.STARTING
        if root.seen.health.bad or (starting and root.record.incident is not None):
            asked = self.approvals.get(root.key)
            waits = asked is not None and asked.state is ApprovalState.WAITING
            return Hindrance.LOST if waits or root.left_alone(self.clock.now()) else Hindrance.DOWN
        doubted = any(root.streaks[name].standing is Standing.DOUBTED for name in root.needed_checks())
        return Hindrance.UNSETTLED if starting or doubted else None

    def bearers(self, watched: Watched) -> dict[str, str]:
        """Containers whose namespaces its own one shares, as that refers to them → what their service calls its now."""
        joined: Mapping[str, str] = watched.container.joined if watched.container is not None else {}
        found = {name: self.services.get(watched.joins[at]) for at, name in joined.items() if at in watched.joins}
        return {
            name: parent.container.name
            for name, parent in found.items()
            if parent is not None and parent.container is not None
        }

    def culprit(self, watched: Watched) -> Watched | None:
        """Of those that hinder it, directly or through others, the nearest one that has an incident."""
        met, near = {watched.key}, [watched.key]
        while near:
            roots = sorted({root for key in near for root in self.roots_of(self.services[key])} - met)
            near = [key for key in roots if self.hindrance(self.services[key]) is not None]
            found = [self.services[key] for key in near if self.services[key].record.incident is not None]
            if found:
                return found[0]
            met.update(near)
        return None

    def dependents(self, root: ServiceKey) -> list[Watched]:
        """Those that need a service, and those at which a journey fails that needs it, too."""
        needing = {key for key, roots in self.graph().items() if root in roots}
        for journey in self.journeys.values():
            if journey.is_of(root):
                for key, watched in self.services.items():
                    if key != root and journey.is_of(key) and watched.doubts(journey.check.name):
                        needing.add(key)
        return [self.services[key] for key in sorted(needing)]

    def wake_all(self) -> None:
        for watched in self.services.values():
            watched.wake.set()
        self.changed.set()
