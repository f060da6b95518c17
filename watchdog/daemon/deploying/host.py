"""What the daemon is to a deployment: implements `deployments.host.DeploymentHost`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.check_schedule import CheckProber
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.registry import ServiceRegistry
from watchdog.daemon.observing.service_checks import ServiceChecks
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records, Update
from watchdog.daemon.recovering.proving import pin, proven_record
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import DEPLOYMENT
from watchdog.deployments.host import EndpointView, Proven, ServiceView
from watchdog.engine.protocol import Engine
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment, Stage
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import Desired, Entry, EntryKind, Incident, Revision, Row, ServiceRecord
from watchdog.model.settings import DeploySettings
from watchdog.policy.deployment import Present
from watchdog.policy.discovery import is_swapped_in, key_of, stands_for
from watchdog.policy.validation import serves
from watchdog.recovery.manager import ServiceRecoveryManager

OLDEST_API = "1.41"


class DaemonDeploymentHost:
    def __init__(
        self,
        *,
        state: DaemonState,
        containers: ContainerObserver,
        checks: ServiceChecks,
        registry: ServiceRegistry,
        journal: Journal,
        records: Records,
        incidents: IncidentManager,
        prober: CheckProber,
        manager: ServiceRecoveryManager,
    ) -> None:
        self._state = state
        self._containers = containers
        self._checks = checks
        self._registry = registry
        self._journal = journal
        self._records = records
        self._incidents = incidents
        self._prober = prober
        self.manager = manager
        state.measures.deployment_open = lambda: state.deployment.deployment is not None

    @property
    def engine(self) -> Engine:
        return self._state.engine

    @property
    def settings(self) -> DeploySettings:
        return self._state.settings.deploy

    def now(self) -> float:
        return self._state.clock.now()

    def wall(self) -> float:
        return self._state.clock.wall()

    def away(self) -> str | None:
        if self._state.engine_state.away is not None:
            return f"the engine is away: {self._state.engine_state.away}"
        return "the first poll is not done" if self._state.engine_state.polled_at is None else None

    def engine_since(self) -> float:
        return self._state.engine_state.settled_at

    def api_version(self) -> str:
        identity = self._state.engine_state.identity
        return identity.api_version if identity is not None else OLDEST_API

    def services(self) -> Mapping[ServiceKey, ServiceView]:
        return {key: _stand(service) for key, service in self._state.services.known.items()}

    def view(self, key: ServiceKey) -> ServiceView | None:
        service = self._state.services.known.get(key)
        return _stand(service) if service is not None else None

    def present(self) -> list[Present]:
        found: list[Present] = []
        for summary in self._containers.summaries():
            key = self._containers.key_of(summary.id)
            if key is None and is_swapped_in(summary.name):
                key = key_of(summary.name, summary.labels)
            if key is not None:
                running = summary.state in {"running", "paused", "restarting"}
                found.append(Present(id=summary.id, name=summary.name, service=key, running=running))
        return found

    def service_of(self, container: str, name: str, labels: Mapping[str, str]) -> ServiceKey | None:
        if is_swapped_in(name) or self._state.own_actions.gave(name):
            return stands_for(name, labels)
        key = self._containers.key_of(container) or self._state.service_of(name, labels)
        return key if isinstance(key, ServiceKey) else None

    def alone(self) -> list[EndpointView]:
        state = self._state
        return [
            EndpointView(check=one.check, needs=state.dependencies.needed(one.check))
            for one in state.services.endpoints.values()
        ]

    def journeys(self) -> list[Check]:
        return [journey.check for journey in self._state.services.journeys.values()]

    def concerns(self, journey: Check, key: ServiceKey) -> bool:
        return self._state.services.journeys[journey.name].is_of(key)

    def last_of(self, check: Check) -> Observation | None:
        alone = self._state.services.endpoints.get(check.name)
        if alone is not None:
            return alone.streak.last
        service = self._state.services.known.get(check.service) if check.service is not None else None
        streak = service.streaks.get(check.name) if service is not None else None
        return streak.last if streak is not None else None

    def incidents(self) -> list[Incident]:
        return [one.incident for one in self._state.incidents.values()]

    def graph(self) -> Mapping[ServiceKey, frozenset[ServiceKey]]:
        return self._state.dependencies.graph()

    def bearers(self, key: ServiceKey) -> Mapping[str, str]:
        service = self._state.services.known.get(key)
        return self._state.dependencies.namespace_bearers(service) if service is not None else {}

    async def ask(self, check: Check) -> Observation:
        return await self._prober.ask(check)

    async def look(self) -> None:
        await self._containers.look()

    async def changed(self, within: float) -> None:
        await self._state.changed.next(within)

    async def replaced(self, key: ServiceKey, mine: frozenset[str]) -> bool:
        return await self._containers.replaced(key, mine)

    def cover(self, deployment: Deployment | None, left: frozenset[ServiceKey] | None = None) -> None:
        if deployment is None:
            self._checks.forget_deployed()
        self._state.deployment.set(deployment, left)
        self._state.wake_all()

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
                self._state.measures.deployments[one.stage] += 1
        return rows

    async def spec(self, spec_id: str) -> ContainerSpec:
        return await self._journal.ledger.spec(spec_id)

    async def commit(
        self, deployment: Deployment, entry: Entry, proven: Iterable[Proven], retired: Iterable[ServiceKey]
    ) -> None:
        """Everybody's record is held until it is written: a worker that writes meanwhile would undo it."""
        state = self._state
        specs = {one.service: one.spec for one in proven if one.service in state.services.known}
        gone = {key for key in retired if key in state.services.known} - specs.keys()
        known = state.services.known
        services = {known[key]: spec for key, spec in specs.items()}

        def proven_by(service: ServiceState, spec: ContainerSpec) -> Update:
            return lambda record: proven_record(service, record, self._baseline(spec), spec)

        async def write(records: Mapping[ServiceState, ServiceRecord]) -> None:
            for service in services:
                await pin(state, self._journal, records[service], service.record)
            claims = [self._claim(key, deployment) for key in specs]
            await self._journal.write(
                entry, *claims, records=records.values(), specs=specs.values(), deployments=[deployment], vital=True
            )

        updates = [(service, proven_by(service, spec)) for service, spec in services.items()]
        await self._records.change_all([*updates, *((known[key], _retired) for key in gone)], write)
        for service, spec in services.items():
            service.identify(config_hash(spec), spec.id)
            self._incidents.claim(None, str(service.key), self.now())
        self._state.measures.deployments[deployment.stage] += 1
        for key in gone:
            if known[key].container is None:
                self._registry.remove(known[key])

    def _claim(self, key: ServiceKey, deployment: Deployment) -> Entry:
        sentence = f"claims that {key} is good as {deployment.subject} left it; looked at again in 10 minutes"
        return self._journal.entry(EntryKind.CLAIM, key, sentence)

    def _baseline(self, spec: ContainerSpec) -> Revision:
        return Revision(
            spec_id=spec.id,
            image=spec.image,
            image_id=spec.image_id,
            config_hash=config_hash(spec),
            proven_at=self.now(),
        )

    async def unpin(self, deployment: Deployment) -> None:
        records = self._state.ledger.records
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
        number = self._incidents.number_of(subject)
        if number is None:
            number = await self._incidents.of_subject(subject, sentence, self.now(), self.now(), Cause.DEPLOYMENT)
        await self._incidents.needs_person(number, sentence)

    async def all_clear(self, deployment: Deployment, sentence: str) -> None:
        number = self._incidents.number_of(f"{DEPLOYMENT}{deployment.id}")
        if number is not None:
            await self._incidents.close(number, sentence, self.now(), recovered=False)


def _retired(record: ServiceRecord) -> ServiceRecord:
    return replace(record, desired=Desired.RETIRED)


def _stand(service: ServiceState) -> ServiceView:
    needed = {check.name for check in service.settings.checks if not check.for_people}
    passing = [name in service.streaks and service.streaks[name].verdict is Verdict.PASS for name in needed]
    return ServiceView(
        key=service.key,
        container=service.container,
        seen=service.assessment,
        record=service.record,
        settings=service.settings,
        serves=serves(service.container, checks_pass=all(passing)),
    )
