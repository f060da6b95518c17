"""What a transaction needs of the daemon around it, which knows the services and is the only one that writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from watchdog.engine.protocol import Engine
from watchdog.model.container import Container, ContainerSpec
from watchdog.model.deployment import Deployment
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.model.record import Entry, EntryKind, Incident, Row, ServiceRecord
from watchdog.model.settings import DeploySettings, ServiceSettings
from watchdog.policy.deployment import Present
from watchdog.recovery.manager import ServiceRecoveryManager


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """One service as the daemon knows it now."""

    key: ServiceKey
    container: Container | None
    seen: Assessment | None
    record: ServiceRecord
    settings: ServiceSettings
    serves: bool
    """Users are served, as far as its container and its checks tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """An endpoint or journey that belongs to no service."""

    check: Check
    needs: frozenset[ServiceKey]


@dataclass(frozen=True, slots=True)
class Proven:
    """What a commit makes the newest proven deployment of a service."""

    service: ServiceKey
    spec: ContainerSpec


class DeploymentHost(Protocol):
    """One per daemon. `now` is steady seconds, `wall` Unix seconds."""

    @property
    def engine(self) -> Engine: ...

    @property
    def manager(self) -> ServiceRecoveryManager: ...

    @property
    def settings(self) -> DeploySettings: ...

    def now(self) -> float: ...

    def wall(self) -> float: ...

    def away(self) -> str | None:
        """Why the engine cannot be asked, or is not to be judged yet."""
        ...

    def engine_since(self) -> float:
        """When the engine last came back, steady seconds."""
        ...

    def api_version(self) -> str: ...

    def services(self) -> Mapping[ServiceKey, ServiceView]: ...

    def view(self, key: ServiceKey) -> ServiceView | None: ...

    def present(self) -> list[Present]:
        """All containers at the last look."""
        ...

    def service_of(self, container: str, name: str, labels: Mapping[str, str]) -> ServiceKey | None:
        """Whose container this is; None for one that stands for no service."""
        ...

    def alone(self) -> list[EndpointView]: ...

    def journeys(self) -> list[Check]:
        """Those that belong to services."""
        ...

    def concerns(self, journey: Check, key: ServiceKey) -> bool: ...

    def last_of(self, check: Check) -> Observation | None:
        """The newest answer to a check that the daemon asks."""
        ...

    def incidents(self) -> list[Incident]:
        """Those that are open."""
        ...

    def graph(self) -> Mapping[ServiceKey, frozenset[ServiceKey]]: ...

    def bearers(self, key: ServiceKey) -> Mapping[str, str]: ...

    async def ask(self, check: Check) -> Observation: ...

    async def look(self) -> None:
        """A whole look that begins now. Raises EngineUnavailable."""
        ...

    async def changed(self, within: float) -> None:
        """Returns when something may have changed, after so many seconds at the latest."""
        ...

    async def replaced(self, key: ServiceKey, mine: frozenset[str]) -> bool: ...

    def cover(self, deployment: Deployment | None, left: frozenset[ServiceKey] | None = None) -> None:
        """From now on only this deployment acts on what it covers (of a stuck one only `left`); None: nothing more."""
        ...

    def say(self, subject: str, sentence: str) -> None: ...

    def entry(
        self, kind: EntryKind, subject: object, sentence: str, *, payload: Mapping[str, Any] | None = None
    ) -> Entry: ...

    async def write(
        self,
        *entries: Entry,
        specs: Iterable[ContainerSpec] = (),
        deployments: Iterable[Deployment] = (),
        vital: bool = False,
    ) -> tuple[Row, ...]:
        """One transaction. Raises LedgerError."""
        ...

    async def spec(self, spec_id: str) -> ContainerSpec:
        """A saved one. Raises LedgerError."""
        ...

    async def commit(
        self, deployment: Deployment, entry: Entry, proven: Iterable[Proven], retired: Iterable[ServiceKey]
    ) -> None:
        """The end of the deployment, its baselines and what is retired by it, in one transaction."""
        ...

    async def unpin(self, deployment: Deployment) -> None:
        """Lets go of images that were held for a rollback only."""
        ...

    async def alarm(self, deployment: Deployment, sentence: str) -> None:
        """A critical incident: a person is needed."""
        ...

    async def all_clear(self, deployment: Deployment, sentence: str) -> None:
        """Ends that incident."""
        ...
