"""What the daemon is to a deployment: implements `deployments.host.DeploymentHost`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.check_schedule import Prober
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.registry import ServiceRegistry
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recovering.proving import pin, proven_record
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import DEPLOYMENT
from watchdog.daemon.state.world import World
from watchdog.deployments.host import EndpointView, Proven, ServiceView
from watchdog.engine.protocol import Engine
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment, Stage
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import Baseline, Desired, Entry, EntryKind, Incident, Row, ServiceRecord
from watchdog.model.settings import DeploySettings
from watchdog.policy.deployment import Present
from watchdog.policy.discovery import is_own_name, is_swapped_in, key_of, service_of, stands_for
from watchdog.policy.validation import serves
from watchdog.recovery.manager import ServiceRecoveryManager

OLDEST_API = "1.41"


class DaemonDeploymentHost:
    def __init__(
        self,
        *,
        world: World,
        looker: ContainerObserver,
        household: ServiceRegistry,
        journal: Journal,
        desk: IncidentManager,
        prober: Prober,
        manager: ServiceRecoveryManager,
    ) -> None:
        self._world = world
        self._looker = looker
        self._household = household
        self._journal = journal
        self._desk = desk
        self._prober = prober
        self.manager = manager
        world.measures.deployment_open = lambda: world.deployment is not None

    @property
    def engine(self) -> Engine:
        return self._world.engine

    @property
    def settings(self) -> DeploySettings:
        return self._world.settings.deploy

    def now(self) -> float:
        return self._world.clock.now()

    def wall(self) -> float:
        return self._world.clock.wall()

    def away(self) -> str | None:
        if self._world.state.away is not None:
            return f"the engine is away: {self._world.state.away}"
        return "the first poll is not done" if self._world.polled_at is None else None

    def engine_since(self) -> float:
        return self._world.state.settled_at

    def api_version(self) -> str:
        identity = self._world.state.identity
        return identity.api_version if identity is not None else OLDEST_API

    def services(self) -> Mapping[ServiceKey, ServiceView]:
        return {key: _stand(watched) for key, watched in self._world.services.items()}

    def view(self, key: ServiceKey) -> ServiceView | None:
        watched = self._world.services.get(key)
        return _stand(watched) if watched is not None else None

    def present(self) -> list[Present]:
        found: list[Present] = []
        for summary in self._looker.summaries():
            key = self._looker.key_of(summary.id)
            if key is None and is_swapped_in(summary.name):
                key = key_of(summary.name, summary.labels)
            if key is not None:
                running = summary.state in {"running", "paused", "restarting"}
                found.append(Present(id=summary.id, name=summary.name, service=key, running=running))
        return found

    def service_of(self, container: str, name: str, labels: Mapping[str, str]) -> ServiceKey | None:
        if is_swapped_in(name) or is_own_name(name):
            return stands_for(name, labels)
        key = self._looker.key_of(container) or service_of(self._world.settings, name, dict(labels))
        return key if isinstance(key, ServiceKey) else None

    def alone(self) -> list[EndpointView]:
        world = self._world
        return [EndpointView(check=one.check, needs=world.needed(one.check)) for one in world.endpoints.values()]

    def journeys(self) -> list[Check]:
        return [journey.check for journey in self._world.journeys.values()]

    def concerns(self, journey: Check, key: ServiceKey) -> bool:
        return self._world.journeys[journey.name].is_of(key)

    def last_of(self, check: Check) -> Observation | None:
        alone = self._world.endpoints.get(check.name)
        if alone is not None:
            return alone.streak.last
        watched = self._world.services.get(check.service) if check.service is not None else None
        streak = watched.streaks.get(check.name) if watched is not None else None
        return streak.last if streak is not None else None

    def incidents(self) -> list[Incident]:
        return list(self._desk.open.values())

    def graph(self) -> Mapping[ServiceKey, frozenset[ServiceKey]]:
        return self._world.graph()

    def bearers(self, key: ServiceKey) -> Mapping[str, str]:
        watched = self._world.services.get(key)
        return self._world.bearers(watched) if watched is not None else {}

    async def ask(self, check: Check) -> Observation:
        return await self._prober.ask(check)

    async def look(self) -> None:
        await self._looker.look()

    async def changed(self, within: float) -> None:
        await self._world.changed.next(within)

    async def replaced(self, key: ServiceKey, mine: frozenset[str]) -> bool:
        return await self._looker.replaced(key, mine)

    def cover(self, deployment: Deployment | None, left: frozenset[ServiceKey] | None = None) -> None:
        if deployment is None:
            self._household.forget_deployed()
        self._world.deployment, self._world.left_to_a_person = deployment, left
        self._world.wake_all()

    def say(self, subject: str, sentence: str) -> None:
        self._journal.say_of(subject, sentence)

    def entry(
        self, kind: EntryKind, subject: object, sentence: str, *, payload: Mapping[str, Any] | None = None
    ) -> Entry:
        return self._journal.entry(kind, subject, sentence, payload=payload)

    async def write(
        self,
        *entries: Entry,
        specs: Iterable[ContainerSpec] = (),
        deployments: Iterable[Deployment] = (),
        vital: bool = False,
    ) -> tuple[Row, ...]:
        deployments = tuple(deployments)
        rows = await self._journal.write(*entries, specs=specs, deployments=deployments, vital=vital)
        for one in deployments:
            if one.stage.over or one.stage is Stage.STUCK:
                self._world.measures.deployments[one.stage] += 1
        return rows

    async def spec(self, spec_id: str) -> ContainerSpec:
        return await self._journal.ledger.spec(spec_id)

    async def commit(
        self, deployment: Deployment, entry: Entry, proven: Iterable[Proven], retired: Iterable[ServiceKey]
    ) -> None:
        """Everybody's record is held until it is written: a worker that writes meanwhile would undo it."""
        world = self._world
        specs = {one.service: one.spec for one in proven if one.service in world.services}
        gone = {key for key in retired if key in world.services} - specs.keys()
        async with AsyncExitStack() as stack:
            for key in sorted(specs.keys() | gone):
                await stack.enter_async_context(world.services[key].recording)
            records: dict[ServiceKey, ServiceRecord] = {}
            for key, spec in specs.items():
                watched = world.services[key]
                records[key] = proven_record(watched, self._baseline(spec), spec)
                await pin(world, self._journal, records[key], watched.record)
            for key in gone:
                records[key] = replace(world.services[key].record, desired=Desired.RETIRED)
            claims = [self._claim(key, deployment) for key in specs]
            await self._journal.write(
                entry, *claims, records=records.values(), specs=specs.values(), deployments=[deployment], vital=True
            )
            for key, record in records.items():
                world.services[key].record = record
        for key, spec in specs.items():
            watched = world.services[key]
            watched.config_hash, watched.spec_id = config_hash(spec), spec.id
            self._desk.claim(None, str(key), self.now())
        self._world.measures.deployments[deployment.stage] += 1
        for key in gone:
            if world.services[key].container is None:
                self._household.dismiss(world.services[key])

    def _claim(self, key: ServiceKey, deployment: Deployment) -> Entry:
        sentence = f"claims that {key} is good as {deployment.subject} left it; looked at again in 10 minutes"
        return self._journal.entry(EntryKind.CLAIM, key, sentence)

    def _baseline(self, spec: ContainerSpec) -> Baseline:
        return Baseline(
            spec_id=spec.id,
            image=spec.image,
            image_id=spec.image_id,
            config_hash=config_hash(spec),
            proven_at=self.now(),
        )

    async def unpin(self, deployment: Deployment) -> None:
        records = self._world.memory.records
        for one in deployment.before:
            record = records.get(one.service)
            if record is not None and any(kept.image_id == one.image_id for kept in record.baselines):
                continue
            try:
                await self.engine.unpin_image(one.image_id, str(one.service))
            except EngineError as error:
                self.say(deployment.subject, f"an image stays pinned: {error}")

    async def alarm(self, deployment: Deployment, sentence: str) -> None:
        subject = f"{DEPLOYMENT}{deployment.id}"
        number = self._desk.number_of(subject)
        if number is None:
            number = await self._desk.of_subject(subject, sentence, self.now(), self.now(), Cause.DEPLOYMENT)
        await self._desk.needs_person(number, sentence)

    async def all_clear(self, deployment: Deployment, sentence: str) -> None:
        number = self._desk.number_of(f"{DEPLOYMENT}{deployment.id}")
        if number is not None:
            await self._desk.close(number, sentence, self.now(), recovered=False)


def _stand(watched: ServiceState) -> ServiceView:
    needed = {check.name for check in watched.settings.checks if not check.for_people}
    passing = [name in watched.streaks and watched.streaks[name].verdict is Verdict.PASS for name in needed]
    return ServiceView(
        key=watched.key,
        container=watched.container,
        seen=watched.seen,
        record=watched.record,
        settings=watched.settings,
        serves=serves(watched.container, checks_pass=all(passing)),
    )
