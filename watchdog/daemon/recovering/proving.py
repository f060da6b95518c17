"""When a deployment counts as proven, and what people want of a service: done, stopped, up."""

from __future__ import annotations

from dataclasses import replace

from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError
from watchdog.model.container import ContainerSpec
from watchdog.model.health import Assessment, Health
from watchdog.model.record import Desired, EntryKind, Revision, ServiceRecord
from watchdog.policy.discovery import explicitly_enabled
from watchdog.policy.graph import named_in_labels
from watchdog.policy.journeys import not_reached

KEPT = 5
"""Proven deployments that are remembered, with their images pinned."""


class Proving:
    """Keeps `record.desired` and the baselines of one service."""

    def __init__(self, state: DaemonState, service: ServiceState, journal: Journal, records: Records) -> None:
        self._state = state
        self._service = service
        self._journal = journal
        self._records = records
        self._proven: str | None = None
        """The container (full ID) whose deployment is recorded already."""
        self._renamed_at: float | None = None
        """When another service's container was met under this name; what it was before says nothing of this one."""

    async def consider(self, seen: Assessment, now: float) -> None:
        service = self._service
        container = service.container
        if container is None:
            return
        if container.id != service.record.container_id:
            await self._meet(now)
        if self._state.deployment.reason(service.key) is not None:
            return  # what a deployment brought is proven by its commit
        match seen.health:
            case Health.DONE:
                await self._want(Desired.DONE, f"{service.key} did its work; its absence will be nobody's concern")
            case Health.PAUSED if service.incarnation.stop.by_operator:
                await self._want(Desired.STOPPED, f"{service.key} was stopped by a person, which is respected")
            case health if health.bad and service.record.desired is Desired.STOPPED:
                await self._want(Desired.UP, f"{service.key} was not stopped by a person after all: {seen.reason}")
            case Health.HEALTHY:
                due = self.due_at(now)
                if due is not None and now >= due:
                    await self._prove(container.id, now)
            case _:
                pass

    def due_at(self, now: float) -> float | None:
        """When its present container will have been good for the soak (steady seconds).

        None when there is nothing to prove.
        """
        service = self._service
        container, seen = service.container, service.assessment
        if container is None or seen is None or seen.health is not Health.HEALTHY:
            return None
        protected = self._proven == container.id and service.record.desired is Desired.UP
        if service.flapping() is not None or any(not_reached(streak.last) for streak in service.streaks.values()):
            return None  # a journey that fails at another service says nothing of this one's deployment
        deployed = self._state.deployment.reason(service.key) is not None  # all are looked at again at its end
        commands_only = self._state.operators.commands_only is not None
        if protected or deployed or service.record.desired is Desired.RETIRED or commands_only:
            return None
        incarnation = service.incarnation
        run, last_bad_at = incarnation.run, incarnation.last_bad_at
        began = run.running_since if last_bad_at is None else run.good_since
        began = began if began is not None else now
        return max(began, last_bad_at or began, self._renamed_at or began) + service.settings.health.soak

    async def _meet(self, now: float) -> None:
        """A container not met before: whoever made it takes back what was said of its predecessor."""
        service = self._service
        container, name = (service.container.id, service.container.name) if service.container is not None else ("", "")
        others = (record for key, record in self._state.ledger.records.items() if key != service.key)
        self._renamed_at = now if any(record.container_id == container for record in others) else None
        asked_for = service.settings.configured or explicitly_enabled(service.labels)

        def met(record: ServiceRecord) -> ServiceRecord:
            record = replace(record, container_id=container, container_name=name)
            if record.desired in {Desired.RETIRED, Desired.DONE, Desired.STOPPED}:
                record = replace(record, desired=Desired.UNPROVEN)
            if asked_for and record.desired is Desired.UNPROVEN and service.running_for(now) > 0:
                record = replace(record, desired=Desired.UP)
            return record

        await self._records.change(service, met, vital=True)

    async def _want(self, desired: Desired, sentence: str) -> None:
        service = self._service
        if service.record.desired is desired or service.record.desired is Desired.RETIRED:
            return
        self._journal.say(service.key, sentence)
        entry = self._journal.entry(EntryKind.DECISION, service.key, sentence)
        await self._records.change(service, lambda record: replace(record, desired=desired), entry)

    async def _prove(self, container: str, now: float) -> None:
        """Saves the spec while there is something to inspect, and protects the service from now on."""
        service = self._service
        try:
            spec = await self._state.engine.capture(container)
        except EngineError as error:
            self._journal.say(service.key, f"its spec could not be saved yet: {error}")
            return
        digest = config_hash(spec)
        baseline = Revision(
            spec_id=spec.id, image=spec.image, image_id=spec.image_id, config_hash=digest, proven_at=now
        )
        await self._record(baseline, spec)
        service.identify(digest, spec.id)
        self._proven = container

    async def _record(self, baseline: Revision, spec: ContainerSpec) -> None:
        service = self._service
        sentence = f"proven: {service.key} was good for {service.settings.health.soak:g} s; protected from now on"
        if spec.unfaithful:
            sentence += f" (could not be recreated: {'; '.join(spec.unfaithful)})"

        def proven(record: ServiceRecord) -> ServiceRecord | None:
            if record.desired is Desired.RETIRED:
                return None  # by a person, while its spec was read
            changed = proven_record(service, record, baseline, spec)
            return changed if changed != record else None

        async def write(record: ServiceRecord) -> None:
            container = record.container_id
            payload = {"spec": spec.id, "image": spec.image, "image_id": spec.image_id, "container": container}
            entry = self._journal.entry(EntryKind.BASELINE, service.key, sentence, payload=payload)
            await pin(self._state, self._journal, record, service.record)
            await self._journal.write(entry, records=[record], specs=[spec])
            self._journal.say(service.key, sentence)

        await self._records.change_with(service, proven, write)


def proven_record(
    service: ServiceState, record: ServiceRecord, baseline: Revision, spec: ContainerSpec
) -> ServiceRecord:
    """What the ledger says of a service whose deployment is proven."""
    return replace(
        _with_baseline(record, baseline, spec),
        desired=Desired.UP,
        compose_files=_compose_files(dict(service.labels)),
        depends_on=named_in_labels(service.labels),
        joins={namespace: str(key) for namespace, key in service.links.joins.items()},
        container_name=service.container.name if service.container is not None else record.container_name,
    )


async def pin(state: DaemonState, journal: Journal, record: ServiceRecord, before: ServiceRecord) -> None:
    """Pins what a rollback may need and lets go of the rest; a failing pin must not keep a baseline away."""
    kept = {baseline.image_id for baseline in record.baselines}
    held = {baseline.image_id for baseline in before.baselines}
    try:
        for image_id in kept - held:
            await state.engine.pin_image(image_id, str(record.service))
        for image_id in held - kept:
            await state.engine.unpin_image(image_id, str(record.service))
    except EngineError as error:
        journal.say(record.service, f"its image could not be pinned: {error}")


def _with_baseline(record: ServiceRecord, baseline: Revision, spec: ContainerSpec) -> ServiceRecord:
    """The newest first; the same deployment again only refreshes its spec (its anonymous volumes may be new)."""
    newest = record.baselines[0] if record.baselines else None
    if newest is not None and newest.config_hash == baseline.config_hash:
        if newest.spec_id == spec.id:
            return record
        return replace(record, baselines=(baseline, *record.baselines[1:]))
    others = tuple(old for old in record.baselines if old.config_hash != baseline.config_hash)
    return replace(record, baselines=(baseline, *others)[:KEPT])


def _compose_files(labels: dict[str, str]) -> tuple[str, ...]:
    files = labels.get("com.docker.compose.project.config_files", "")
    return tuple(name for name in files.split(",") if name)
