"""The configuration as plain frozen values: what the rooms below `config/` read. Durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from watchdog.model.alerting import GroupBy, Maintenance, Route
from watchdog.model.api import ApiSettings
from watchdog.model.deployment import Limits
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe.journey import services_of
from watchdog.model.record import Rung
from watchdog.model.validator import ValidatorSettings


class DiscoveryMode(StrEnum):
    ALL = "all"
    LABELLED = "labelled"
    CONFIGURED = "configured"


class OnStop(StrEnum):
    """What a `docker stop` of a protected service means."""

    RECOVER = "recover"
    RESPECT = "respect"


class RollbackMode(StrEnum):
    """Whether the last rung may go back to another image. AUTO: not where writable mounts hold data."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    host: str | None = None
    """As DOCKER_HOST; None means DOCKER_HOST, else unix:///var/run/docker.sock."""
    tls_verify: bool = False
    cert_path: Path | None = None
    timeout: float = 10.0
    settle: float = 10.0
    """After the engine came (back), how long nothing is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverySettings:
    mode: DiscoveryMode = DiscoveryMode.ALL
    exclude: tuple[str, ...] = ()
    """Shell patterns against `project/name` and the container's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    failures: int = 2
    successes: int = 1
    retry_interval: float = 5.0
    soak: float = 60.0
    """How long a service must be good without a break before it is proven."""
    stable: float = 10.0
    """How long a container that has neither health check nor check must run before it is called good."""
    flap_low: float = 5.0
    """Per cent of its last states that changed, by weight: what flaps has settled when it is no more than that."""
    flap_high: float = 20.0
    """More per cent than that and it flaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverySettings:
    enabled: bool = True
    max_attempts: int = 3
    window: float = 600.0
    """Attempts older than this no longer count (it is never shorter than a whole ladder takes, see `policy.budget`),
    and an incident that comes back within it is the same one.
    """
    backoff: float = 5.0
    """Wait before the second attempt; doubles with each, up to `backoff_max`, ± 20 % jitter."""
    backoff_max: float = 60.0
    absence_grace: float = 10.0
    absence_max: float = 120.0
    on_stop: OnStop = OnStop.RECOVER
    concurrency: int = 4
    verify_timeout: float = 60.0
    """How long a recovered service may take to be verified, on top of its start period."""
    rollback: RollbackMode = RollbackMode.AUTO
    approval: frozenset[Rung] = frozenset()
    """What waits for a person's approval, unless a person ordered it."""
    approval_expires: float = 3600.0
    """How long such a request is waited for before a person is called."""
    restarts_per_minute: int = 10
    """Global budget for restarting containers that are *running*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSettings:
    dir: Path = Path("/var/lib/watchdog")
    run_dir: Path = Path("/run/watchdog")
    """Where the lock named after the engine's ID lives."""
    key_file: Path | None = None
    retention: float = 90 * 86400.0


class ReceiverKind(StrEnum):
    """How a receiver is reached; the configuration's key of its address."""

    WEBHOOK = "webhook"
    ALERTMANAGER = "alertmanager"
    APPRISE = "apprise"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverSettings:
    """Where alerts go, by a name that routes and metrics use."""

    name: str
    kind: ReceiverKind
    address: str = field(default="", repr=False)
    """A URL: of a webhook, of an Alertmanager without `/api/v2`, or one that Apprise understands."""
    command: tuple[str, ...] = ()
    """Run with the alert as JSON on standard input."""
    token: str | None = field(default=None, repr=False)
    """Sent as a bearer token."""
    secret: str | None = field(default=None, repr=False)
    """Signs what is posted to a webhook."""
    timeout: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    receivers: tuple[ReceiverSettings, ...] = ()
    timeout: float = 10.0
    critical_after: float = 300.0
    """The greatest downtime allowed: longer than this is critical, whatever the ladder does."""
    group_wait: float = 30.0
    """How long a warning waits: what is good again by then pages nobody."""
    group_by: GroupBy = GroupBy.PROJECT
    repeat: float = 4 * 3600.0
    """Between reminders of what is critical; 0: none."""
    runbook: str = "docs/runbook.md"
    """Where that page is published: alerts link its sections."""
    routes: tuple[Route, ...] = ()
    """Without any, every receiver hears of warnings and above."""
    ping: str | None = field(default=None, repr=False)
    """URL that is fetched as long as the daemon works."""
    ping_interval: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverSettings:
    references: tuple[str, ...] = ()
    """`host:port` or URL: what is asked to tell a blind observer from failures that are real."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploySettings:
    limits: Limits = field(default_factory=Limits)
    confirm_timeout: float = 30.0
    """Within which every validator that is asked has to confirm."""
    hooks: tuple[Check, ...] = ()
    """Commands that have to end with 0 before anything is changed, as a backup of a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """Everything that is configured for one service, defaults and labels already applied."""

    enabled: bool = True
    configured: bool = False
    """Named in the configuration: it should exist."""
    depends_on: tuple[str, ...] = ()
    """Service names, resolved in the same project first."""
    weight: float = 1.0
    health: HealthSettings = field(default_factory=HealthSettings)
    recovery: RecoverySettings = field(default_factory=RecoverySettings)
    checks: tuple[Check, ...] = ()
    owner: str = ""
    """Whom it concerns; routes may match it."""
    runbook: str = ""
    """The link that its alerts show; without it that of the section for the cause."""
    critical_after: float = 300.0
    """Its greatest downtime allowed."""
    stop_timeout: float | None = None
    """`autoheal.stop.timeout`; None leaves it to the container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    engine: EngineSettings = field(default_factory=EngineSettings)
    discovery: DiscoverySettings = field(default_factory=DiscoverySettings)
    interval: float = 60.0
    health: HealthSettings = field(default_factory=HealthSettings)
    recovery: RecoverySettings = field(default_factory=RecoverySettings)
    api: ApiSettings = field(default_factory=ApiSettings)
    state: StateSettings = field(default_factory=StateSettings)
    alert: AlertSettings = field(default_factory=AlertSettings)
    observer: ObserverSettings = field(default_factory=ObserverSettings)
    services: tuple[tuple[ServiceKey, ServiceSettings], ...] = ()
    """A key without project matches that name in any project."""
    endpoints: tuple[Check, ...] = ()
    journeys: tuple[Check, ...] = ()
    """Each asks a `JourneyProbe`, which says whose they are."""
    maintenance: tuple[Maintenance, ...] = ()
    deploy: DeploySettings = field(default_factory=DeploySettings)
    validators: tuple[ValidatorSettings, ...] = ()
    source: Path | None = None
    """The file that was read; None when there is none."""

    @property
    def alone(self) -> tuple[Check, ...]:
        """Endpoints and journeys that belong to no service."""
        endpoints = (check for check in self.endpoints if check.service is None)
        journeys = (check for check in self.journeys if not services_of(check.probe))
        return (*endpoints, *journeys)

    @property
    def journeys_of_services(self) -> tuple[Check, ...]:
        return tuple(check for check in self.journeys if services_of(check.probe))
