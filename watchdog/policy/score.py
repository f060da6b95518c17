"""Health as a number, and the whole in one word.

A service: healthy and done 1; degraded 0.5 + 0.4 * the share of its checks that pass; paused 0.5; starting 0.3;
unhealthy, missing and unknown 0 (only what is proven counts).
The whole: the mean of services and stand-alone endpoints (1 up, 0 not) by weight, and at most 0.5 as soon as one
of them is down: one lost web UI must never again hide behind twenty healthy containers.
Both are monotone: nothing gets better and lowers them.
"""

from __future__ import annotations

from collections.abc import Sequence

from watchdog.model.health import Health, Status
from watchdog.model.observation import Verdict
from watchdog.model.snapshot import AbsenceNotJudged, EndpointStatus, ServiceStatus

CAP_WHEN_DOWN = 0.5

_BASE = {
    Health.HEALTHY: 1.0,
    Health.DONE: 1.0,
    Health.DEGRADED: 0.5,
    Health.PAUSED: 0.5,
    Health.STARTING: 0.3,
    Health.UNHEALTHY: 0.0,
    Health.MISSING: 0.0,
    Health.UNKNOWN: 0.0,
}


def service_score(health: Health, checks_passing: int, checks: int) -> float:
    """0..1 for one service; `checks_passing` of `checks` attached checks pass."""
    share = checks_passing / checks if checks else 0.0
    return _BASE[health] + (0.4 * share if health is Health.DEGRADED else 0.0)


def whole_score(services: Sequence[ServiceStatus], endpoints: Sequence[EndpointStatus]) -> float:
    """0..1 for everything; 1 when there is nothing to judge."""
    parts = [(service.weight, service.score) for service in services]
    parts += [(1.0, 1.0 if endpoint.verdict is Verdict.PASS else 0.0) for endpoint in endpoints if not endpoint.service]
    total = sum(weight for weight, _ in parts)
    if not total:
        return 1.0
    mean = sum(weight * score for weight, score in parts) / total
    return min(mean, CAP_WHEN_DOWN) if any(weight and not score for weight, score in parts) else mean


def overall_status(
    services: Sequence[ServiceStatus],
    endpoints: Sequence[EndpointStatus],
    absences: Sequence[AbsenceNotJudged],
    *,
    engine_up: bool,
    strict: bool = False,
) -> Status:
    """Critical wins over unknown, unknown over warning. A service that waits for a person stays critical until it is
    good, whatever its crash loop looks like at the moment. `strict` makes an absence that nobody judged unknown.
    """
    if any(service.health.bad for service in services):
        return Status.CRITICAL
    if engine_up and any(service.quarantined and service.health is not Health.HEALTHY for service in services):
        return Status.CRITICAL
    if any(endpoint.verdict is Verdict.FAIL for endpoint in endpoints):
        return Status.CRITICAL
    unknown = any(service.health is Health.UNKNOWN for service in services)
    unknown = unknown or any(endpoint.verdict is Verdict.UNKNOWN for endpoint in endpoints)
    if not engine_up or unknown or (strict and absences):
        return Status.UNKNOWN
    if any(service.health in {Health.DEGRADED, Health.STARTING, Health.PAUSED} for service in services):
        return Status.WARNING
    return Status.OK
