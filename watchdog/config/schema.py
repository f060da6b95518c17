"""The shape of the configuration. A key that is not given is None: defaults live in `watchdog.model` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from watchdog.config import addresses, rules
from watchdog.model.settings import DiscoveryMode, OnStop, RollbackMode

Poll = Annotated[float, PlainValidator(rules.POLL)]
Timeout = Annotated[float, PlainValidator(rules.TIMEOUT)]
Span = Annotated[float, PlainValidator(rules.SPAN)]
Window = Annotated[float, PlainValidator(rules.WINDOW)]
Proof = Annotated[float, PlainValidator(rules.PROOF)]
Retention = Annotated[float, PlainValidator(rules.RETENTION)]
Count = Annotated[int, PlainValidator(rules.COUNT)]
Redirects = Annotated[int, PlainValidator(rules.whole(0, 20))]
ByteCount = Annotated[int, PlainValidator(rules.whole(1, 64 * 1024 * 1024))]
Weight = Annotated[float, PlainValidator(rules.WEIGHT)]
Switch = Annotated[bool, PlainValidator(rules.SWITCH)]
AbsolutePath = Annotated[Path, PlainValidator(rules.PATH)]
ServiceName = Annotated[str, PlainValidator(rules.SERVICE_NAME)]
ProjectName = Annotated[str, PlainValidator(rules.PROJECT_NAME)]
CheckName = Annotated[str, PlainValidator(rules.CHECK_NAME)]
ServiceReference = Annotated[str, PlainValidator(rules.SERVICE)]
ServiceReferences = Annotated[tuple[str, ...], PlainValidator(rules.SERVICES)]
Patterns = Annotated[tuple[str, ...], PlainValidator(rules.PATTERNS)]
Command = Annotated[tuple[str, ...], PlainValidator(rules.COMMAND)]
Url = Annotated[str, PlainValidator(addresses.URL)]
AppriseUrl = Annotated[str, PlainValidator(addresses.APPRISE)]
HostPort = Annotated[str, PlainValidator(addresses.HOST_PORT)]
Listen = Annotated[tuple[str, int], PlainValidator(addresses.LISTEN)]
EngineAddress = Annotated[str, PlainValidator(addresses.ENGINE)]
StatusRanges = Annotated[addresses.Ranges, PlainValidator(addresses.STATUS)]
Pattern = Annotated[str, PlainValidator(addresses.PATTERN)]
Headers = Annotated[dict[str, str], PlainValidator(addresses.HEADERS)]
HeaderPatterns = Annotated[dict[str, str], PlainValidator(addresses.HEADER_PATTERNS)]
Method = Annotated[str, PlainValidator(addresses.METHOD)]
Body = Annotated[str, PlainValidator(addresses.BODY)]
Secret = Annotated[str, PlainValidator(addresses.SECRET)]
Discovery = Annotated[DiscoveryMode, PlainValidator(rules.choice(DiscoveryMode))]
Stop = Annotated[OnStop, PlainValidator(rules.choice(OnStop))]
Rollback = Annotated[RollbackMode, PlainValidator(rules.choice(RollbackMode))]


class Section(BaseModel):
    """A table of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def given(self) -> dict[str, Any]:
        """The keys that have a value."""
        return {key: value for key, value in self if value is not None}


class EngineSection(Section):
    host: EngineAddress | None = Field(
        default=None,
        description="The Docker Engine to watch. Without it `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` "
        "are read, else it is `unix:///var/run/docker.sock`.",
    )
    tls_verify: Switch | None = Field(default=None, description="Speak TLS with the engine and check its certificate.")
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


class ServiceRecoverySection(Section):
    """What may differ from service to service."""

    enabled: Switch | None = Field(default=None, description="Off: everything is watched and told, nothing is done.")
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
    absence_grace: Span | None = Field(
        default=None,
        description="How long a removed service may be absent before it is recreated; it is told as missing at once.",
    )
    absence_max: Span | None = Field(
        default=None, description="The longest that somebody else's work on the project may prolong that grace."
    )
    on_stop: Stop | None = Field(
        default=None, description="What a `docker stop` of a protected service means: bring it back, or leave it be."
    )
    verify_timeout: Timeout | None = Field(
        default=None, description="How long a recovered service may take to be verified, beyond its start period."
    )
    rollback: Rollback | None = Field(
        default=None,
        description="Whether the last rung may go back to another image; auto: not where writable mounts hold data.",
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


class AlertSection(Section):
    timeout: Timeout | None = Field(default=None, description="How long one delivery may take.")
    critical_after: Span | None = Field(
        default=None, description="A service down for so long raises a critical alert, whatever recovery does."
    )
    ping: Url | None = Field(
        default=None, description="URL that is fetched as long as watchdog works: whoever misses it tells of its death."
    )
    ping_file: AbsolutePath | None = Field(default=None, description="File that holds `ping`.")
    ping_interval: Poll | None = Field(default=None, description="How often it is fetched.")
    receiver: Any = Field(default=None, description="Where alerts go, beside the files in the state directory.")


class ReceiverSection(Section):
    """One of webhook, alertmanager, apprise and command says where to."""

    name: CheckName = Field(description="Its name in routes, metrics and logs; unique, and not `files`.")
    webhook: Url | None = Field(default=None, description="URL to which each alert is posted as JSON.")
    webhook_file: AbsolutePath | None = Field(default=None, description="File that holds `webhook`.")
    alertmanager: Url | None = Field(
        default=None, description="Base URL of an Alertmanager, as `http://127.0.0.1:9093`."
    )
    alertmanager_file: AbsolutePath | None = Field(default=None, description="File that holds `alertmanager`.")
    apprise: AppriseUrl | None = Field(
        default=None, description="An address of Apprise, as `mailtos://USER:PASSWORD@HOST?to=ops@example.org`."
    )
    apprise_file: AbsolutePath | None = Field(default=None, description="File that holds `apprise`.")
    command: Command | None = Field(
        default=None, description="Program that is run with each alert as JSON on standard input; no shell."
    )
    token: Secret | None = Field(default=None, description="Bearer token (webhook, alertmanager).")
    token_file: AbsolutePath | None = Field(default=None, description="File that holds `token`.")
    secret: Secret | None = Field(default=None, description="Signs each alert (webhook).")
    secret_file: AbsolutePath | None = Field(default=None, description="File that holds `secret`.")
    timeout: Timeout | None = Field(default=None, description="How long one delivery may take; else `alert.timeout`.")


class CheckSection(Section):
    """One of url, tcp and tls says what is asked."""

    name: CheckName = Field(description="Its name in every output; unique.")
    url: Url | None = Field(default=None, description="Ask over HTTP. With https:// the certificate's end is read too.")
    tcp: HostPort | None = Field(default=None, description="Ask whether a connection can be made.")
    tls: HostPort | None = Field(default=None, description="Ask for a valid certificate.")
    method: Method | None = Field(default=None, description="Method of the request (url).")
    headers: Headers | None = Field(default=None, description="Headers of the request (url).")
    authorization: Secret | None = Field(
        default=None, description='The header Authorization, as "Bearer ${SHOP_TOKEN}" (url).'
    )
    authorization_file: AbsolutePath | None = Field(default=None, description="File that holds `authorization` (url).")
    body: Body | None = Field(default=None, description="Body of the request (url).")
    status: StatusRanges | None = Field(default=None, description="What the answer's status must be (url).")
    body_matches: Pattern | None = Field(
        default=None, description="What must be found in the first `max_bytes` of the answer (url)."
    )
    headers_match: HeaderPatterns | None = Field(
        default=None, description="What the answer's headers must match (url)."
    )
    max_bytes: ByteCount | None = Field(default=None, description="How much of the answer is read (url).")
    max_latency: Timeout | None = Field(
        default=None, description="A right answer that took longer is a FAIL (url). Without it only `timeout` counts."
    )
    redirects: Redirects | None = Field(
        default=None, description="How many redirects on the same host are followed (url)."
    )
    verify_tls: Switch | None = Field(default=None, description="Whether a wrong certificate is a FAIL (url, tls).")
    expiry_warning: Span | None = Field(
        default=None, description="A certificate that ends sooner than this is a FAIL (url, tls)."
    )
    interval: Poll | None = Field(default=None, description="How often it is asked; else `watch.interval`.")
    retry_interval: Poll | None = Field(default=None, description="As `health.retry_interval`, for this check.")
    timeout: Timeout | None = Field(
        default=None, description="How long an answer may take; else 10s, or the interval where that is shorter."
    )
    failures: Count | None = Field(default=None, description="As `health.failures`, for this check.")
    successes: Count | None = Field(default=None, description="As `health.successes`, for this check.")


class EndpointSection(CheckSection):
    service: ServiceReference | None = Field(
        default=None, description="The service that is recovered when this endpoint fails."
    )


class ServiceSection(Section):
    """A service that should exist, and what differs for it. `health`, `recovery`, `check` are read one by one."""

    name: ServiceName = Field(description="The service's name in its project, or the container's name.")
    project: ProjectName | None = Field(default=None, description="Its project; without it the name in any project.")
    enabled: Switch | None = Field(default=None, description="Off: it is neither watched nor touched.")
    depends_on: ServiceReferences | None = Field(
        default=None, description="The services that it needs: they are brought back first."
    )
    weight: Weight | None = Field(default=None, description="Its share in the health score of the whole.")
    stop_timeout: Span | None = Field(
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
    service: list[Any] | None = Field(default=None, description="Services that should exist.")
    endpoint: list[Any] | None = Field(default=None, description="What is asked from outside.")


SECTIONS: dict[str, type[Section]] = {
    "engine": EngineSection,
    "discovery": DiscoverySection,
    "watch": WatchSection,
    "health": HealthSection,
    "recovery": RecoverySection,
    "api": ApiSection,
    "state": StateSection,
    "alert": AlertSection,
}
"""Each is judged alone, so that one mistake hides no other."""
