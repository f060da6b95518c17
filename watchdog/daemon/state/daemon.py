"""The state of the daemon, put together: shared by its rooms, changed only in its loop."""

from __future__ import annotations

from collections.abc import Mapping

from watchdog.api.measures import Measures
from watchdog.channels.hub import Hub
from watchdog.daemon.state.changed import Changed
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.connectivity import ConnectivityMonitor
from watchdog.daemon.state.dependencies import Dependencies
from watchdog.daemon.state.deployment import DeploymentCover
from watchdog.daemon.state.engine import EngineState
from watchdog.daemon.state.heartbeats import HeartbeatStore
from watchdog.daemon.state.incidents import OpenIncident
from watchdog.daemon.state.observer import ObserverState
from watchdog.daemon.state.operators import OperatorState
from watchdog.daemon.state.services import LedgerView, Services
from watchdog.engine.protocol import Engine
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.settings import Settings
from watchdog.policy.discovery import NotAService, service_of
from watchdog.policy.graph import meant
from watchdog.recovery.ours import OwnActions


class DaemonState:
    """One per daemon; each part has its owner, named where it is made."""

    def __init__(self, *, settings: Settings, clock: Clock, engine: Engine, ledger: LedgerView) -> None:
        self.clock = clock
        self.engine = engine
        self.ledger = ledger
        self.measures = Measures()
        self.own_actions = OwnActions()
        self.hub = Hub(clock.wall, self.measures.channels)
        self.changed = Changed()
        """Set whenever what the faces show may have changed."""
        self.engine_state = EngineState()
        self.incidents: dict[int, OpenIncident] = {}
        """Those that are open, by number."""
        self.operators = OperatorState()
        self.services = Services(settings=settings, clock=clock, ledger=ledger)
        self.dependencies = Dependencies(self.services, self.operators.approvals)
        self.observer = ObserverState(self.services, ConnectivityMonitor(self.services, self.dependencies))
        self.deployment = DeploymentCover(self.dependencies)
        self.heartbeats = HeartbeatStore(clock, self.services.container_started_at)

    @property
    def settings(self) -> Settings:
        return self.services.settings

    def service_of(self, name: str, labels: Mapping[str, str]) -> ServiceKey | NotAService:
        """The service that a container belongs to, or why it is none."""
        if self.own_actions.gave(name):
            return NotAService("watchdog is replacing it")
        return service_of(self.settings, name, dict(labels))

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:
        """As `probes.containers.Containers`."""
        key = meant(service, self.services.known, near)
        return self.services.known[key].container if key is not None else None

    def wake_all(self) -> None:
        for service in self.services.known.values():
            service.wake.set()
        self.changed.set()
