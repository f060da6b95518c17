"""Which services there are, how each is configured and what the ledger says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from watchdog.config.labels import resolve
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.endpoints import Endpoint, Journey
from watchdog.daemon.state.service import ServiceState
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.record import ServiceRecord
from watchdog.model.settings import ServiceSettings, Settings
from watchdog.policy.budget import none_in_future
from watchdog.policy.expected import missing


class LedgerView(Protocol):
    """What the ledger says, whoever reads it."""

    @property
    def records(self) -> Mapping[ServiceKey, ServiceRecord]: ...

    @property
    def head(self) -> str: ...


class ServiceListener(Protocol):
    def added(self, service: ServiceState) -> None: ...

    def removed(self, service: ServiceState) -> None: ...


@dataclass(slots=True, kw_only=True)
class Services:
    """Mutable; `settings` is replaced by a reload."""

    settings: Settings
    clock: Clock
    ledger: LedgerView
    known: dict[ServiceKey, ServiceState] = field(default_factory=dict[ServiceKey, ServiceState])
    endpoints: dict[str, Endpoint] = field(default_factory=dict[str, Endpoint])
    journeys: dict[str, Journey] = field(default_factory=dict[str, Journey])
    """Those that belong to services."""
    expected: dict[ServiceKey, str] = field(default_factory=dict[ServiceKey, str])
    """Services that a readable Compose file wants, and where it says so."""
    unwatched: set[ServiceKey] = field(default_factory=set[ServiceKey])
    """Services whose containers are there and not to be watched, by choice: they are not missing."""
    other_bearers: dict[ServiceKey, tuple[str, ...]] = field(default_factory=dict[ServiceKey, tuple[str, ...]])
    """Service → names of containers that bear its key and do not stand for it."""
    listeners: list[ServiceListener] = field(default_factory=list["ServiceListener"])
    """Those that want to know which services come and go; each puts itself here."""
    label_problems: dict[ServiceKey, tuple[str, ...]] = field(default_factory=dict[ServiceKey, tuple[str, ...]])
    """What is wrong with the labels of a service, a sentence each."""

    def new(self, key: ServiceKey, labels: Mapping[str, str], record: ServiceRecord | None = None) -> ServiceState:
        """Known from now on, under its configuration."""
        service = ServiceState(
            key=key,
            settings=self.settings_for(key, labels),
            record=record if record is not None else self.record_of(key),
            labels=labels,
        )
        self.known[key] = service
        for listener in self.listeners:
            listener.added(service)
        return service

    def remove(self, service: ServiceState) -> None:
        self.known.pop(service.key, None)
        for listener in self.listeners:
            listener.removed(service)

    def settings_for(self, key: ServiceKey, labels: Mapping[str, str]) -> ServiceSettings:
        """Configuration and labels of a service; what is wrong with its labels is kept for people to see."""
        resolved = resolve(self.settings, key, labels)
        if resolved.problems:
            self.label_problems[key] = resolved.problems
        else:
            self.label_problems.pop(key, None)
        return resolved.settings

    def record_of(self, key: ServiceKey) -> ServiceRecord:
        record = self.ledger.records.get(key) or ServiceRecord(service=key)
        return replace(record, attempts=none_in_future(record.attempts, self.clock.now()))

    def missing(self) -> dict[ServiceKey, ServiceRecord]:
        """What should be up by the ledger or the configuration and is not known, each with its record."""
        found = missing(self.ledger.records, self.settings.services, self.known)
        return {key: replace(self.record_of(key), desired=record.desired) for key, record in found.items()}

    def container_started_at(self, check: Check) -> float:
        """When the container was started whose service a check belongs to; 0 where it has none."""
        service = self.known.get(check.service) if check.service is not None else None
        return (service.incarnation.run.running_since or 0.0) if service is not None else 0.0
