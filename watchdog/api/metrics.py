"""Prometheus' view: every family is built anew at each scrape, so nothing stale remains (docs/metrics.md)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from watchdog import __version__
from watchdog.api.measures import BUCKETS, EVENTS, Histogram, Measures
from watchdog.channels.counts import ChannelCounts
from watchdog.model.approval import ApprovalState
from watchdog.model.channel import Channel
from watchdog.model.deployment import Stage
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict
from watchdog.model.record import Rung
from watchdog.model.snapshot import EndpointStatus, JourneyStatus, ServiceStatus, Snapshot

LABEL_LENGTH: Final = 200
"""Characters of a label value that are kept; what is longer ends in a digest of the whole."""

_SERVICE: Final = ("project", "name")


def label(text: str) -> str:
    """A label value that is bounded, valid UTF-8, and different for different texts."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    if len(text) <= LABEL_LENGTH:
        return text
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
    return f"{text[: LABEL_LENGTH - 13]}~{digest}"


class MetricsPage:
    """What `/metrics` answers: in the format that the scraper asks for, from the facts of this moment."""

    def __init__(self, snapshot: Callable[[], Snapshot], measures: Measures) -> None:
        self._snapshot = snapshot
        self._measures = measures
        self._process = ProcessCollector(registry=None)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """Body and content type for an `Accept` header: Prometheus' text format or OpenMetrics.

        What changes is read at once; then a thread writes it down, which with 10,000 endpoints takes half a second.
        """
        collector = _Families(self._snapshot(), list(_measured(self._measures)), _Tried.of(self._measures))
        return await asyncio.to_thread(self._write, collector, accept)

    def _write(self, collector: Collector, accept: str) -> tuple[bytes, str]:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(collector)
        registry.register(self._process)
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type


@dataclass(frozen=True, slots=True)
class _Tried:
    """Attempts to recover services, so far."""

    recoveries: Counter[tuple[ServiceKey, Rung]]
    failures: Counter[tuple[ServiceKey, Rung]]

    @classmethod
    def of(cls, measures: Measures) -> Self:
        return cls(measures.recoveries.copy(), measures.recovery_failures.copy())


@dataclass(frozen=True, slots=True, eq=False)
class _Families(Collector):
    snapshot: Snapshot
    measured: Sequence[Metric]
    tried: _Tried

    def collect(self) -> Iterator[Metric]:
        build = InfoMetricFamily("watchdog_build", "The version that runs.")
        build.add_metric((), {"version": __version__})
        yield build
        yield from _whole(self.snapshot)
        services = {_names(service): service for service in self.snapshot.services}
        yield from _services(services)
        yield from _used(services)
        yield from _attempts(services, self.tried)
        yield from _endpoints({label(endpoint.name): endpoint for endpoint in self.snapshot.endpoints})
        yield from _journeys({label(journey.name): journey for journey in self.snapshot.journeys})
        yield from self.measured


def _names(service: ServiceStatus) -> tuple[str, str]:
    return label(service.service.project), label(service.service.label)


def _gauge(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    """A family without labels; without a sample where the value is not known."""
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric((), value)
    return family


def _counter(name: str, text: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], int]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for label_values, value in values:
        family.add_metric(label_values, value)
    return family


def _whole(snapshot: Snapshot) -> Iterator[Metric]:
    yield _gauge("watchdog_health_score_ratio", "Weighted health of all services, 0 to 1.", snapshot.score)
    yield _gauge("watchdog_engine_up", "1 if the Docker Engine answers.", float(snapshot.engine_up))
    yield _gauge("watchdog_incidents_open", "Incidents that are open.", snapshot.incidents_open)


def _services(services: dict[tuple[str, str], ServiceStatus]) -> Iterator[Metric]:
    score = GaugeMetricFamily("watchdog_service_health_score_ratio", "Health of a service, 0 to 1.", labels=_SERVICE)
    health = StateSetMetricFamily(
        "watchdog_service_health", "Health of a service; exactly one state is 1.", labels=_SERVICE
    )
    flapping = GaugeMetricFamily(
        "watchdog_service_flapping", "1 if a service keeps changing between good and bad.", labels=_SERVICE
    )
    down = GaugeMetricFamily(
        "watchdog_service_downtime_seconds", "Since its open incident began; 0 without one.", labels=_SERVICE
    )
    allowed = GaugeMetricFamily(
        "watchdog_service_downtime_allowed_seconds", "A longer downtime is critical.", labels=_SERVICE
    )
    about = InfoMetricFamily("watchdog_service", "The container that a service has now.", labels=_SERVICE)
    for names, service in services.items():
        score.add_metric(names, service.score)
        health.add_metric(names, {state.value: state is service.health for state in Health})
        flapping.add_metric(names, float(service.flapping))
        down.add_metric(names, service.downtime)
        allowed.add_metric(names, service.downtime_allowed)
        if service.container is not None:
            about.add_metric(
                names, {"container_id": label(service.container.id), "image": label(service.container.image)}
            )
    yield score
    yield health
    yield flapping
    yield down
    yield allowed
    yield about


def _used(services: dict[tuple[str, str], ServiceStatus]) -> Iterator[Metric]:
    memory = GaugeMetricFamily(
        "watchdog_service_memory_bytes", "Memory that the container of a service uses, without caches.", labels=_SERVICE
    )
    limit = GaugeMetricFamily(
        "watchdog_service_memory_limit_bytes", "Memory that the container of a service may use.", labels=_SERVICE
    )
    cpu = CounterMetricFamily(
        "watchdog_service_cpu_seconds", "CPU time that the container of a service has used.", labels=_SERVICE
    )
    for names, service in services.items():
        if service.used is not None:
            memory.add_metric(names, service.used.memory)
            limit.add_metric(names, service.used.memory_limit)
            cpu.add_metric(names, service.used.cpu_seconds)
    yield memory
    yield limit
    yield cpu


def _attempts(services: dict[tuple[str, str], ServiceStatus], tried: _Tried) -> Iterator[Metric]:
    for name, text, counter in (
        ("watchdog_recoveries", "Attempts to recover a service.", tried.recoveries),
        ("watchdog_recovery_failures", "Attempts to recover a service that failed.", tried.failures),
    ):
        yield _counter(
            name,
            text,
            (*_SERVICE, "action"),
            (
                ((*names, rung.value), counter[service.service, rung])
                for names, service in services.items()
                for rung in Rung
            ),
        )


def _histogram(
    name: str, text: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], Histogram]]
) -> Metric:
    family = HistogramMetricFamily(name, text, labels=labels)
    bounds = [*(str(bound) for bound in BUCKETS), "+Inf"]
    for label_values, histogram in values:
        family.add_metric(label_values, list(zip(bounds, histogram.cumulative, strict=True)), histogram.total)
    return family


def _endpoints(endpoints: dict[str, EndpointStatus]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "watchdog_endpoint_up", "1 if the endpoint is good, 0 if it fails; absent while unknown.", labels=("name",)
    )
    phases = GaugeMetricFamily(
        "watchdog_probe_duration_seconds", "The last probe of an endpoint by phase.", labels=("name", "phase")
    )
    flapping = GaugeMetricFamily(
        "watchdog_endpoint_flapping", "1 if an endpoint keeps changing between good and bad.", labels=("name",)
    )
    tls = GaugeMetricFamily(
        "watchdog_tls_not_after_timestamp_seconds", "When the endpoint's certificate ends.", labels=("name",)
    )
    for name, endpoint in endpoints.items():
        if endpoint.verdict is not Verdict.UNKNOWN:
            up.add_metric((name,), float(endpoint.verdict is Verdict.PASS))
        flapping.add_metric((name,), float(endpoint.flapping))
        for phase, seconds in endpoint.phases.items():
            phases.add_metric((name, label(phase)), seconds)
        if endpoint.tls_not_after is not None:
            tls.add_metric((name,), endpoint.tls_not_after)
    yield up
    yield flapping
    yield phases
    yield tls


def _journeys(journeys: dict[str, JourneyStatus]) -> Iterator[Metric]:
    success = GaugeMetricFamily(
        "watchdog_journey_success",
        "1 if the journey is good, 0 if it fails; absent while unknown.",
        labels=("journey",),
    )
    seconds = GaugeMetricFamily(
        "watchdog_journey_step_seconds",
        "How long a step took when the journey was last made; absent where it was not reached.",
        labels=("journey", "step"),
    )
    passed = GaugeMetricFamily(
        "watchdog_journey_step_success",
        "1 if the step passed when the journey was last made, 0 if not; absent where it was not reached.",
        labels=("journey", "step"),
    )
    made = GaugeMetricFamily(
        "watchdog_journey_last_run_timestamp_seconds", "When the journey was last made.", labels=("journey",)
    )
    for name, journey in journeys.items():
        if journey.verdict is not Verdict.UNKNOWN:
            success.add_metric((name,), float(journey.verdict is Verdict.PASS))
        if journey.at is not None:
            made.add_metric((name,), journey.at)
        for step in {label(step.name): step for step in journey.steps}.values():
            if step.verdict is not Verdict.UNKNOWN:
                seconds.add_metric((name, label(step.name)), step.seconds)
                passed.add_metric((name, label(step.name)), float(step.verdict is Verdict.PASS))
    yield from (success, seconds, passed, made)


def _measured(measures: Measures) -> Iterator[Metric]:
    yield _histogram(
        "watchdog_detection_seconds",
        "From a failure to its detection; time=bound counts from the last good observation.",
        ("time",),
        ((("exact",), measures.detection), (("bound",), measures.detection_bound)),
    )
    yield _histogram(
        "watchdog_recovery_seconds",
        "From the detection of a failure to the verified recovery.",
        (),
        (((), measures.recovery),),
    )
    yield from _daemon(measures)
    yield from _alerts(measures)
    yield from _channels(measures.channels)


def _daemon(measures: Measures) -> Iterator[Metric]:
    yield _gauge(
        "watchdog_last_poll_timestamp_seconds",
        "When the last poll ended that reached the engine.",
        measures.last_poll_at,
    )
    yield _gauge("watchdog_poll_duration_seconds", "How long the last poll took.", measures.poll_seconds)
    for name, text, value in (
        ("watchdog_polls", "Polls of the engine.", measures.polls),
        ("watchdog_polls_missed", "Polls that were due and did not happen.", measures.polls_missed),
        ("watchdog_checks_missed", "Slots of checks that passed without a question.", measures.checks_missed),
        ("watchdog_claims", "Own claims of success that were checked again.", measures.claims),
        ("watchdog_claims_refuted", "Own claims of success that turned out wrong.", measures.claims_refuted),
        ("watchdog_ledger_failures", "Writes to the ledger that failed.", measures.ledger_failures),
    ):
        yield _counter(name, text, (), (((), value),))
    yield _histogram(
        "watchdog_check_start_lag_seconds",
        "From the moment at which a check is due to the moment at which it is asked.",
        (),
        (((), measures.check_start_lag),),
    )
    yield _counter(
        "watchdog_heartbeats",
        "Calls of those who call in.",
        ("name",),
        (((label(name),), count) for name, count in sorted(measures.heartbeats.items())),
    )
    yield _counter(
        "watchdog_events",
        "Events of the engine by type and action.",
        ("type", "action"),
        (((kind, action), measures.events[kind, action]) for kind, actions in EVENTS.items() for action in actions),
    )


def _alerts(measures: Measures) -> Iterator[Metric]:
    for name, text, counter in (
        ("watchdog_alerts_sent", "Alerts delivered.", measures.alerts.sent),
        ("watchdog_alert_failures", "Tries to deliver an alert that failed.", measures.alerts.failed),
        ("watchdog_alerts_dropped", "Alerts that were never delivered.", measures.alerts.dropped),
    ):
        yield _counter(name, text, ("receiver",), (((receiver,), count) for receiver, count in sorted(counter.items())))
    queued = GaugeMetricFamily("watchdog_alerts_queued", "Alerts that wait for their receiver.", labels=("receiver",))
    for receiver, count in sorted(measures.alerts.queued().items()):
        queued.add_metric((receiver,), count)
    yield queued
    firing = GaugeMetricFamily(
        "watchdog_alerts_firing", "Open incidents of which somebody was told.", labels=("severity",)
    )
    for severity, count in measures.firing().items():
        firing.add_metric((severity.value,), count)
    yield firing
    yield _gauge("watchdog_alerts_held", "Open incidents of which nobody is told now, by order.", measures.held())
    yield _gauge("watchdog_silences", "Silences that last.", measures.silences())
    yield _gauge("watchdog_approvals_waiting", "Plans that wait for a person's approval.", measures.approvals_waiting())
    yield _counter(
        "watchdog_approvals",
        "What became of requests for approval.",
        ("outcome",),
        (((state.value,), measures.approvals[state]) for state in ApprovalState if state is not ApprovalState.WAITING),
    )
    yield _gauge(
        "watchdog_deployment_open",
        "Whether a deployment is open, or waits for a person.",
        float(measures.deployment_open()),
    )
    yield _counter(
        "watchdog_deployments",
        "How deployments ended.",
        ("outcome",),
        (((stage.value,), measures.deployments[stage]) for stage in Stage if stage.over or stage is Stage.STUCK),
    )
    yield _counter("watchdog_pings", "Pings that were taken.", (), (((), measures.alerts.pings),))
    yield _counter("watchdog_ping_failures", "Pings that failed.", (), (((), measures.alerts.ping_failures),))
    yield _gauge("watchdog_ping_success_timestamp_seconds", "When the last ping was taken.", measures.alerts.pinged_at)


def _channels(counts: ChannelCounts) -> Iterator[Metric]:
    yield _counter(
        "watchdog_channel_messages",
        "Messages published on a channel.",
        ("channel",),
        (((channel.value,), counts.messages[channel]) for channel in Channel),
    )
    yield _counter(
        "watchdog_channel_dropped", "Messages that a subscriber was too slow to read.", (), (((), counts.dropped),)
    )
