"""Which services there are, and what the ledger remembers of those that the engine does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from watchdog.daemon.incidents.checks import CheckIncidents, subject_of
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.background import Background
from watchdog.daemon.observing.service_checks import ServiceChecks
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incarnation import ContainerLook
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.subjects import CHECK
from watchdog.errors import LedgerError
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Desired, EntryKind, ServiceRecord
from watchdog.policy.discovery import left_out
from watchdog.policy.flapping import Flaps


class ServiceRegistry:
    """Each service has its state, its checks and, where workers are subscribed, its worker from `add` to `remove`."""

    def __init__(
        self,
        *,
        state: DaemonState,
        checks: ServiceChecks,
        check_incidents: CheckIncidents,
        incidents: IncidentManager,
        journal: Journal,
        records: Records,
        background: Background,
    ) -> None:
        self._state = state
        self._checks = checks
        self._check_incidents = check_incidents
        self._incidents = incidents
        self._journal = journal
        self._records = records
        self._background = background
        self._renaming: set[ServiceKey] = set()
        """Services whose container was renamed, which is being written."""

    def add(self, key: ServiceKey, labels: Mapping[str, str], record: ServiceRecord | None = None) -> ServiceState:
        service = self._state.services.new(key, labels, record)
        service.restore_flaps(self._restored_flaps(service))
        self._state.dependencies.invalidate()
        self._checks.set(service)
        return service

    def _restored_flaps(self, service: ServiceState) -> dict[str, Flaps]:
        """What an earlier daemon knew of it and of those of its checks that are for people."""
        subjects = [str(service.key), *(subject_of(service.key, check.name) for check in service.settings.checks)]
        return {name: flaps for one in subjects for name, flaps in self._check_incidents.restored_flaps(one).items()}

    def reconfigure(self, service: ServiceState, labels: Mapping[str, str]) -> None:
        """By the configuration and its labels as they are now."""
        service.reconfigure(self._state.services.settings_for(service.key, labels), labels)
        self._state.dependencies.invalidate()
        self._checks.set(service)
        kept = {subject_of(service.key, check.name) for check in service.settings.checks}
        self._background.start(self._check_incidents.drop(subject_of(service.key), self._state.clock.now(), kept))
        service.wake.set()

    def remove(self, service: ServiceState) -> None:
        for dependent in self._state.dependencies.dependents(service.key):
            dependent.wake.set()
        self._state.services.remove(service)
        self._state.dependencies.invalidate()
        self._checks.drop(service.key)
        if service.record.incident is not None:
            self._background.start(self._close_removed(service, service.record.incident))
        self._background.start(self._check_incidents.drop(subject_of(service.key), self._state.clock.now()))
        self._state.changed.set()

    def rename(self, service: ServiceState, bearer: ServiceKey) -> None:
        """A second container made from what the first one was would write to the same volumes: it is retired."""
        if service.key not in self._renaming:
            self._renaming.add(service.key)
            self._background.start(self._retire_renamed(service, bearer))

    async def _retire_renamed(self, service: ServiceState, bearer: ServiceKey) -> None:
        """It is watched until that is written; where it cannot be, the next look tries again."""
        sentence = f"{service.key} is retired: its container was renamed and is {bearer} now"
        entry = self._journal.entry(EntryKind.DECISION, service.key, sentence, incident=service.record.incident)
        try:
            await self._records.change(
                service, lambda record: replace(record, desired=Desired.RETIRED), entry, vital=True
            )
        finally:
            self._renaming.discard(service.key)
        self._journal.say(service.key, sentence)
        if self._state.services.known.get(service.key) is service:  # a reload may have removed it meanwhile
            self.remove(service)

    async def _close_removed(self, service: ServiceState, number: int) -> None:
        sentence, now = f"nobody expects {service.key} any more", self._state.clock.now()
        await self._records.change_with(
            service,
            lambda record: replace(record, incident=None, last_incident=number, quarantined=None),
            lambda record: self._incidents.close(number, sentence, now, recovered=False, record=record),
        )

    async def load_expected(self, bearer_of: Callable[[str], ServiceKey | None]) -> None:
        """What the ledger or the configuration says should be up and the engine does not have: it is missing.

        `bearer_of`: the service that a container, by full ID, is of now. A service whose container bears another's
        name is not made again beside it.
        """
        state = self._state
        for key, record in state.services.missing().items():
            labels = await self._labels(record)
            # Perhaps it was met while its labels were read.
            met = key in state.services.known or key in state.services.unwatched
            enabled = state.services.settings_for(key, labels).enabled
            if met or not enabled or left_out(state.settings, key, labels):
                continue
            service = self.add(key, labels, record)
            service.see(ContainerLook(container=None, at=state.clock.now()))
            bearer = bearer_of(record.container_id)
            if bearer is not None and bearer != key:
                self.rename(service, bearer)
        asked = {
            subject_of(key, check.name) for key, one in state.services.known.items() for check in one.settings.checks
        }
        await self._check_incidents.drop(CHECK, state.clock.now(), asked)

    async def _labels(self, record: ServiceRecord) -> dict[str, str]:
        if not record.baselines:
            return {}
        try:
            spec = await self._journal.ledger.spec(record.baselines[0].spec_id)
        except LedgerError as error:
            self._journal.say(record.service, f"its saved spec cannot be read: {error}")
            return {}
        return dict(spec.config.get("Labels") or {})
