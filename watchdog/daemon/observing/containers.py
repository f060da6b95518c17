"""Looks at the engine: one list, then an inspect of only what changed. Its answer is the truth; events are hints."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from watchdog.daemon.observing.namespaces import NamespaceTracker
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incarnation import ContainerLook
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.protocol import Summary
from watchdog.errors import EngineError, NotFound
from watchdog.model.container import Container, ContainerState, HealthcheckState
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Desired
from watchdog.policy.discovery import NotAService, key_of, settled
from watchdog.policy.succession import predecessor_of, standing

SIDE_BY_SIDE = 16
"""Inspects that are under way at once."""

STUCK_FOR = 30.0
"""So long a container that the engine did not tell of is not asked for again, unless something happens to it: each
time may take the engine's whole time-out, for which no other look begins.
"""


class Keeper(Protocol):
    """Who takes care of the services that are found: their workers and their checks."""

    def add(self, key: ServiceKey, labels: Mapping[str, str]) -> ServiceState: ...

    def reconfigure(self, service: ServiceState, labels: Mapping[str, str]) -> None:
        """Its labels have changed."""
        ...

    def remove(self, service: ServiceState) -> None:
        """It is gone, and nobody minds."""
        ...

    def rename(self, service: ServiceState, bearer: ServiceKey) -> None:
        """Its container was given the name of another service, and is that one's from now on."""
        ...


class ContainerObserver:
    """Keeps `state.services.known` equal to the engine. Raises EngineUnavailable; everything else it absorbs."""

    def __init__(self, state: DaemonState, keeper: Keeper, self_id: str | None) -> None:
        self._state = state
        self._keeper = keeper
        self._self_id = self_id
        self._summaries: dict[str, Summary] = {}
        self._containers: dict[str, Container] = {}
        self._named: dict[str, ServiceKey] = {}
        """Full ID → the service by labels or name."""
        self._keys: dict[str, ServiceKey] = {}
        """Full ID → the service that it belongs to, whatever it is called now."""
        self._opted_out: dict[str, ServiceKey] = {}
        """Containers that ask not to be watched: what they replace is not missing."""
        self._untold: dict[str, tuple[float, str]] = {}
        """Full ID → when the engine was last asked in vain (steady seconds), and what came instead of an answer."""
        self._silent: set[ServiceKey] = set()
        """Their services."""
        self._looking = asyncio.Lock()
        self._begun = self._served = 0
        """Whole looks: how many were begun, and which of them was the last that succeeded."""
        self._hinted: set[str] = set()
        """Containers to inspect in the next whole look."""
        self._kinship = NamespaceTracker(state, self.key_of)

    async def look(self, hints: Iterable[str] = ()) -> None:
        """Looks at everything; containers in `hints` are inspected whether their line changed or not.

        A look that began after this one was asked for serves it too: many that are asked for at once are two.
        """
        asked_at = self._begun
        self._hinted |= set(hints)
        async with self._looking:
            if self._served > asked_at:
                return
            self._begun += 1
            hinted, self._hinted = self._hinted, set[str]()
            try:
                await self._look(hinted)
            except EngineError:
                self._hinted |= hinted
                raise
            self._served = self._begun

    async def _look(self, hints: set[str]) -> None:
        summaries = await self._state.engine.list_containers()
        found = {summary.id: summary for summary in summaries if summary.id != self._self_id}
        changed = {key for key in found if self._may_differ(found[key])}
        gone = set(self._summaries) - set(found)
        self._summaries = found
        due = [key for key in changed | (hints & set(found)) if self._discover(found[key])]
        for key in gone:
            self._named.pop(key, None)
            self._containers.pop(key, None)
            self._opted_out.pop(key, None)
            self._untold.pop(key, None)
        self._settle()
        before = self._starts(due)
        await self._inspect(due)
        self._apply(set(self._keys.values()) | set(self._state.services.known))
        self._kinship.follow(found, self._started_since(before))

    async def look_at(self, containers: Iterable[str]) -> None:
        """A fresh look at known containers only, by full ID; cheaper than a whole look."""
        async with self._looking:
            due = self._with_parents(name for name in containers if name in self._keys)
            before = self._starts(due)
            self._apply(await self._inspect(due))
            self._kinship.follow(self._summaries, self._started_since(before))

    def present(self) -> Collection[str]:
        """Full IDs of all containers at the last whole look, but its own."""
        return self._summaries.keys()

    def summaries(self) -> Collection[Summary]:
        """All containers at the last whole look, but its own."""
        return self._summaries.values()

    def knows(self, container: str) -> bool:
        return container in self._keys

    def key_of(self, container: str) -> ServiceKey | None:
        return self._keys.get(container)

    def forget(self) -> None:
        """After a reload of the configuration everything is discovered again."""
        self._summaries.clear()
        self._containers.clear()
        self._named.clear()
        self._keys.clear()
        self._opted_out.clear()
        self._untold.clear()

    async def replaced(self, key: ServiceKey, mine: frozenset[str]) -> bool:
        """Whether a container of the service exists that is none of `mine`: one call, past every memory."""
        name = self._state.services.record_of(key).container_name
        return any(
            summary.id not in mine and self._stands_for(summary) == key and name in {"", summary.name}
            for summary in await self._state.engine.list_containers()
        )

    def _stands_for(self, summary: Summary) -> ServiceKey | NotAService | None:
        """As `service_of`, by what is remembered where neither name nor labels have changed since."""
        known = self._summaries.get(summary.id)
        if known is not None and (known.name, known.labels) == (summary.name, summary.labels):
            return self._named.get(summary.id)
        return self._state.service_of(summary.name, summary.labels)

    def _may_differ(self, summary: Summary) -> bool:
        """Whether an inspect may tell more than is known.

        The engine's list says nothing of a start that failed, nor when what is unhealthy was last asked.
        """
        known = self._containers.get(summary.id)
        if summary.id in self._untold and summary == self._summaries.get(summary.id):
            return self._state.clock.now() - self._untold[summary.id][0] >= STUCK_FOR
        unchanged = known is not None and summary == self._summaries.get(summary.id)
        silent = known is not None and known.healthcheck is HealthcheckState.UNHEALTHY
        return not unchanged or silent or summary.state == ContainerState.CREATED

    def _discover(self, summary: Summary) -> bool:
        """Whether the container belongs to a service; keeps which, by labels or name."""
        key = self._state.service_of(summary.name, summary.labels)
        if isinstance(key, NotAService):
            if self._named.pop(summary.id, None) is not None:
                self._containers.pop(summary.id, None)
            if key.by_choice:
                self._opted_out[summary.id] = key_of(summary.name, summary.labels)
            return False
        self._opted_out.pop(summary.id, None)
        self._named[summary.id] = key
        return True

    def _settle(self) -> None:
        """Decides anew whose each container is: a name may have gone from one to another."""
        records = self._state.ledger.records
        met = {key: record.container_id for key, record in records.items() if record.desired is Desired.UP}
        self._keys = settled(self._named, met)

    async def _inspect(self, containers: list[str]) -> set[ServiceKey]:
        places = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(container: str) -> ServiceKey | None:
            key = self._keys.get(container)
            async with places:
                try:
                    self._containers[container] = await self._state.engine.inspect(container)
                    self._untold.pop(container, None)
                except NotFound:
                    self._untold.pop(container, None)
                    self._containers.pop(container, None)
                    self._summaries.pop(container, None)
                    self._named.pop(container, None)
                    self._keys.pop(container, None)
                except EngineError as error:
                    await self._state.engine.identify()  # raises where it is not for want of this one answer
                    self._untold[container] = self._state.clock.now(), str(error)
            return key

        return {key for key in await asyncio.gather(*map(one, containers)) if key is not None}

    def _with_parents(self, containers: Iterable[str]) -> list[str]:
        """Them and those whose namespaces they share: what befalls one of these befalls them."""
        due = dict.fromkeys(containers)
        known = [self._containers[name] for name in due if name in self._containers]
        parents = (parent for container in known for parent in container.joined.values())
        return [*due, *(parent for parent in parents if parent in self._keys and parent not in due)]

    def _starts(self, containers: Iterable[str]) -> dict[str, float | None]:
        known = ((name, self._containers.get(name)) for name in containers)
        return {name: container.started_at if container is not None else None for name, container in known}

    def _started_since(self, before: Mapping[str, float | None]) -> set[str]:
        return {name for name, at in self._starts(before).items() if at != before[name]}

    def _apply(self, touched: set[ServiceKey]) -> None:
        state, now = self._state, self._state.clock.now()
        by_key: dict[ServiceKey, list[Container]] = {key: [] for key in touched - self._note_untold()}
        for name, key in self._keys.items():
            container = self._containers.get(name)
            if container is None or key not in by_key:
                continue
            if container.auto_remove:
                self._opted_out[name] = key
            else:
                by_key[key].append(container)
        unwatched = state.services.unwatched = set(self._opted_out.values())
        for key, containers in by_key.items():
            service = state.services.known.get(key)
            container = self._standing(key, service, containers)
            if service is None:
                if container is None:
                    continue
                service = self._keeper.add(key, dict(container.labels))
            bearer = self._keys.get(service.record.container_id, key)
            if container is None and bearer != key:
                self._keeper.rename(service, bearer)
                continue
            if container is None and key in unwatched:
                self._keeper.remove(service)
                continue
            if service.container == container and service.incarnation.looked_at:
                service.looked_again(now)
                continue
            self._see(service, container, now)

    def _standing(
        self, key: ServiceKey, service: ServiceState | None, bearers: Sequence[Container]
    ) -> Container | None:
        """The container that stands for a service; of others that bear its key people are told."""
        state = self._state
        covered = state.deployment.reason(key) is not None
        record = service.record if service is not None else state.services.record_of(key)
        predecessor = predecessor_of(record, stopped=service is not None and service.signals.stopped)
        found = standing(bearers, predecessor, ours=state.own_actions.worked_on(), covered=covered)
        state.services.other_bearers.pop(key, None)
        if found.others and not covered:
            state.services.other_bearers[key] = found.others
        return found.container

    def _note_untold(self) -> set[ServiceKey]:
        """Services of which nobody can say how they are, which they are told."""
        untold = {self._keys[name]: because for name, (_, because) in self._untold.items() if name in self._keys}
        for key in self._silent | untold.keys():
            service = self._state.services.known.get(key)
            if service is not None and service.inspection.error != untold.get(key):
                service.note_inspection(untold.get(key), self._state.clock.now())
        self._silent = set(untold)
        return self._silent

    def _see(self, service: ServiceState, container: Container | None, now: float) -> None:
        state = self._state
        if container is not None and dict(container.labels) != dict(service.labels):
            self._keeper.reconfigure(service, dict(container.labels))
        moments = (container.started_at, container.probed_at) if container is not None else (None, None)
        started, probed = (state.clock.steady(at) if at is not None else None for at in moments)
        service.see(ContainerLook(container=container, at=now, started_at=started, probed_at=probed))
        service.wake.set()
        state.changed.set()
        if container is None and service.record.desired is not Desired.UP:
            self._keeper.remove(service)
