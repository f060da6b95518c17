"""The shape of the configuration. A key that is not given is None: defaults live in `watchdog.model` alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from watchdog.config import rules
from watchdog.config.by_label import TRUE_OR_FALSE, Label, adds, restricts
from watchdog.config.deployments import DeploySection
from watchdog.config.fields import (
    AbsolutePath,
    Bool,
    Count,
    Discovery,
    EngineAddress,
    Grouping,
    Link,
    Listen,
    Owner,
    Patterns,
    Percent,
    Poll,
    ProjectName,
    Proof,
    References,
    Retention,
    Rollback,
    Rungs,
    Section,
    ServiceName,
    ServiceReferences,
    Span,
    Stop,
    Timeout,
    Url,
    Weight,
    Window,
)
from watchdog.policy.discovery import ENABLE
from watchdog.policy.graph import DEPENDS_ON


class EngineSection(Section):
    host: EngineAddress | None = Field(
        default=None,
        description="The Docker Engine to watch. Without it `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` "
        "are read, else it is `unix:///var/run/docker.sock`.",
    )
    tls_verify: Bool | None = Field(default=None, description="Speak TLS with the engine and check its certificate.")
    cert_path: AbsolutePath | None = Field(
        default=None, description="Directory with `ca.pem`, `cert.pem` and `key.pem` for TLS with the engine."
    )
    timeout: Timeout | None = Field(default=None, description="How long one call of the engine may take.")
    settle: Span | None = Field(
        default=None, description="After the engine came (back), how long nothing is judged: its containers start too."
    )


class DiscoverySection(Section):
    mode: Discovery | None = Field(
        default=None,
        description="Which containers are services: all; those with the label `watchdog.enable=true` or "
        "`autoheal=true` and those of `[[service]]`; or those of `[[service]]` only.",
    )
    exclude: Patterns | None = Field(
        default=None, description="What is never a service: patterns against `project/name` and the container's name."
    )


class WatchSection(Section):
    interval: Poll | None = Field(
        default=None, description="How often everything is looked at; events of the engine only make it faster."
    )


class HealthSection(Section):
    failures: Count | None = Field(default=None, description="FAILs in a row until a check counts as failed.")
    successes: Count | None = Field(default=None, description="PASSes in a row until a failed check is good again.")
    retry_interval: Poll | None = Field(
        default=None, description="While a check is in doubt it is asked again after this instead of its interval."
    )
    soak: Proof | None = Field(
        default=None, description="How long a service must be good without a break before its deployment is proven."
    )
    stable: Proof | None = Field(
        default=None,
        description="How long a container with neither health check nor check must run before it is called good.",
    )
    flap_low: Percent | None = Field(
        default=None, description="What flaps has settled once no more per cent of its last 21 states changed."
    )
    flap_high: Percent | None = Field(
        default=None, description="More per cent than that and it flaps: it is not restarted then. 100: never."
    )


class ServiceRecoverySection(Section):
    """What may differ from service to service."""

    enabled: Bool | None = Field(default=None, description="Off: everything is watched and told, nothing is done.")
    max_attempts: Count | None = Field(
        default=None, description="Attempts in `window` before rollback, then quarantine and a person."
    )
    window: Window | None = Field(
        default=None,
        description="Older attempts no longer count; an incident that comes back within it is the same one.",
    )
    backoff: Span | None = Field(
        default=None, description="Wait before the second attempt; doubles with each, with 20 % jitter."
    )
    backoff_max: Span | None = Field(default=None, description="The longest wait between two attempts.")
    absence_grace: Annotated[Span | None, Label("watchdog.absence-grace")] = Field(
        default=None,
        description="How long a removed service may be absent before it is recreated; it is told as missing at once.",
    )
    absence_max: Span | None = Field(
        default=None, description="The longest that somebody else's work on the project may prolong that grace."
    )
    on_stop: Annotated[Stop | None, Label("watchdog.on-stop")] = Field(
        default=None, description="What a `docker stop` of a protected service means: bring it back, or leave it be."
    )
    verify_timeout: Timeout | None = Field(
        default=None, description="How long a recovered service may take to be verified, beyond its start period."
    )
    rollback: Rollback | None = Field(
        default=None,
        description="Whether the last rung may go back to another image; auto: not where writable mounts hold data.",
    )
    approval: Annotated[Rungs | None, Label("watchdog.approval", merge=adds)] = Field(
        default=None, description="The actions that wait until a person approves the plan ([approvals](approvals.md))."
    )
    approval_expires: Window | None = Field(
        default=None, description="How long a plan waits for approval; then its service is handed to a person."
    )


class RecoverySection(ServiceRecoverySection):
    concurrency: Annotated[int, PlainValidator(rules.whole(1, 64))] | None = Field(
        default=None, description="How many services are brought back at the same time."
    )
    restarts_per_minute: Count | None = Field(
        default=None, description="Budget of all services together for restarting containers that are running."
    )


class ApiSection(Section):
    listen: Listen | None = Field(
        default=None, description="Where metrics and the read-only API are served over TCP; off: nowhere."
    )
    socket: AbsolutePath | None = Field(
        default=None, description="Unix socket (mode 0600) of the whole API; only here something can be changed."
    )


class StateSection(Section):
    dir: AbsolutePath | None = Field(default=None, description="Directory (mode 0700) of the ledger and snapshots.")
    run_dir: AbsolutePath | None = Field(
        default=None, description="Directory of the lock by which only one daemon acts on an engine."
    )
    key_file: AbsolutePath | None = Field(
        default=None, description="Key that encrypts the saved specs (they hold secrets); without it they are plain."
    )
    retention: Retention | None = Field(default=None, description="How long the ledger keeps what happened.")


class ObserverSection(Section):
    references: References | None = Field(
        default=None,
        description="Addresses that have nothing to do with the services, as host:port or URL. When several unrelated "
        "checks fail they are asked: if one answers the failures are real, else the own network is away.",
    )


class AlertSection(Section):
    """`receiver` and `route` are read one by one."""

    timeout: Timeout | None = Field(default=None, description="How long one delivery may take.")
    critical_after: Span | None = Field(
        default=None,
        description="The greatest downtime allowed: a longer one raises a critical alert, whatever recovery does.",
    )
    group_wait: Span | None = Field(
        default=None, description="How long a warning waits: what is good again by then is told to nobody."
    )
    group_by: Grouping | None = Field(
        default=None, description="Whether warnings of a project that are due together are one message."
    )
    repeat: Span | None = Field(default=None, description="Between reminders of what is critical; 0: none.")
    runbook: Link | None = Field(
        default=None, description="Where that page of the documentation is: alerts link its sections."
    )
    ping: Url | None = Field(
        default=None, description="URL that is fetched as long as watchdog works: whoever misses it tells of its death."
    )
    ping_file: AbsolutePath | None = Field(default=None, description="File that holds `ping`.")
    ping_interval: Poll | None = Field(default=None, description="How often it is fetched.")
    receiver: Any = Field(default=None, description="Where alerts go, beside the files in the state directory.")
    route: Any = Field(default=None, description="Who of them hears of what; without any, each of warnings and above.")


class ServiceSection(Section):
    """A service that should exist, and what differs for it. `health`, `recovery`, `check` are read one by one."""

    name: ServiceName = Field(description="The service's name in its project, or the container's name.")
    project: ProjectName | None = Field(default=None, description="Its project; without it the name in any project.")
    enabled: Annotated[Bool | None, Label(ENABLE, TRUE_OR_FALSE, merge=restricts)] = Field(
        default=None, description="Off: it is neither watched nor touched."
    )
    depends_on: Annotated[ServiceReferences | None, Label(DEPENDS_ON)] = Field(
        default=None, description="The services that it needs: they are brought back first."
    )
    weight: Annotated[Weight | None, Label("watchdog.weight")] = Field(
        default=None, description="Its share in the health score of the whole."
    )
    owner: Annotated[Owner | None, Label("watchdog.owner")] = Field(
        default=None, description="Whom it concerns; shown by alerts, and matched by routes."
    )
    runbook: Link | None = Field(
        default=None, description="The link that its alerts show; else the runbook's section for the cause."
    )
    critical_after: Annotated[Span | None, Label("watchdog.critical-after")] = Field(
        default=None, description="As `alert.critical_after`, for this service."
    )
    stop_timeout: Annotated[Span | None, Label("autoheal.stop.timeout")] = Field(
        default=None, description="How long it gets to stop before it is killed; else what its container says."
    )
    health: Any = Field(default=None, description="Overrides of [health].")
    recovery: Any = Field(default=None, description="Overrides of [recovery].")
    check: Any = Field(default=None, description="Checks of this service.")


class File(BaseSettings):
    """The whole configuration, and by pydantic-settings the environment's variables that say the same."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHDOG_", env_nested_delimiter="__", enable_decoding=False, defer_build=True
    )

    engine: EngineSection | None = Field(default=None, description="The Docker Engine.")
    discovery: DiscoverySection | None = Field(default=None, description="Which containers are services.")
    watch: WatchSection | None = Field(default=None, description="How often is looked.")
    health: HealthSection | None = Field(default=None, description="When something counts as good or bad.")
    recovery: RecoverySection | None = Field(default=None, description="What is done about it, and how often.")
    api: ApiSection | None = Field(default=None, description="Where the daemon can be asked.")
    state: StateSection | None = Field(default=None, description="Where the daemon keeps what it knows.")
    alert: AlertSection | None = Field(default=None, description="How people are told.")
    deploy: DeploySection | None = Field(default=None, description="Within which limits is deployed.")
    observer: ObserverSection | None = Field(default=None, description="How to tell that it is watchdog who is blind.")
    service: list[Any] | None = Field(default=None, description="Services that should exist.")
    endpoint: list[Any] | None = Field(default=None, description="What is asked from outside.")
    journey: list[Any] | None = Field(default=None, description="What a person does, in order.")
    maintenance: list[Any] | None = Field(
        default=None, description="When is worked on what: it is watched on, and neither acted upon nor told of."
    )
    validator: list[Any] | None = Field(default=None, description="Who is asked before a change.")


SECTIONS: dict[str, type[Section]] = {
    "engine": EngineSection,
    "discovery": DiscoverySection,
    "watch": WatchSection,
    "health": HealthSection,
    "recovery": RecoverySection,
    "api": ApiSection,
    "state": StateSection,
    "observer": ObserverSection,
    "alert": AlertSection,
    "deploy": DeploySection,
}
"""Each is judged alone, so that one mistake hides no other."""
