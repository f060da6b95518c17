"""Whether what a deployment left behind is good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import EXITED, HTTP, RUNNING, observed
from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.observation import Verdict
from watchdog.policy.validation import CREATED_FOR, Judgement, answer, infrastructure, serves

STARTED = 1000.0
FRESH = replace(RUNNING, started_at=STARTED, start_period=5.0)
STARTING = replace(FRESH, healthcheck=HealthcheckState.STARTING)
HEALTHY = replace(FRESH, healthcheck=HealthcheckState.HEALTHY)


def judged(container: Container | None, *, wall: float = STARTED + 1, since: float = STARTED) -> Judgement:
    return infrastructure(container, since=since, wall=wall, patience=10.0)


@pytest.mark.parametrize(
    ("container", "passed", "because"),
    [
        (None, False, "no container"),
        (FRESH, True, "runs"),
        (HEALTHY, True, "runs and passes its health check"),
        (replace(FRESH, healthcheck=HealthcheckState.UNHEALTHY), False, "its health check fails"),
        (replace(FRESH, healthcheck=HealthcheckState.UNHEALTHY, healthcheck_output="500"), False, "fails: 500"),
        (STARTING, None, "has not passed yet"),
        (replace(STARTING, started_at=None), None, "has not passed yet"),
        (replace(FRESH, state=ContainerState.PAUSED), False, "paused"),
        (EXITED, False, "ended with code 3"),
        (replace(EXITED, oom_killed=True), False, "for want of memory"),
        (replace(EXITED, error="no such file"), False, "(no such file)"),
        (replace(EXITED, exit_code=0), True, "did its work"),
        (replace(EXITED, exit_code=0, restart_policy=RestartPolicy.ALWAYS), False, "ended with code 0"),
        (replace(EXITED, state=ContainerState.RESTARTING), False, "crashed with code 3"),
        (replace(EXITED, state=ContainerState.DEAD), False, "ended"),
        (replace(FRESH, state=ContainerState.CREATED), None, "created"),
        (replace(FRESH, state=ContainerState.REMOVING), None, "removing"),
    ],
)
def test_a_service_is_judged_by_its_container(container: Container | None, passed: bool | None, because: str) -> None:
    found = judged(container)
    assert found.passed is passed
    assert because in found.because


def test_a_health_check_that_does_not_pass_in_its_time_fails() -> None:
    assert judged(STARTING, wall=STARTED + 14.9).passed is None
    found = judged(STARTING, wall=STARTED + 15)
    assert (found.passed, found.because) == (False, "its health check did not pass within 15 s")


def test_a_container_that_stays_created_was_never_started() -> None:
    late = STARTED + CREATED_FOR
    assert judged(replace(FRESH, state=ContainerState.CREATED, error="bad"), wall=late).because.endswith("(bad)")
    assert judged(replace(FRESH, state=ContainerState.REMOVING), wall=late).passed is False


def asked(
    verdict: Verdict,
    *,
    failed: int = 0,
    container: Container | None = FRESH,
    after: float = 1.0,
    status: int | None = None,
) -> bool | None:
    last = observed(verdict)
    if status is not None:
        last = replace(last, evidence={"http_status": status})
    return answer(HTTP, last, failed, container, since=STARTED, wall=STARTED + after, patience=10.0).passed


def test_a_check_that_passes_proves_it() -> None:
    assert asked(Verdict.PASS) is True


def test_a_service_that_does_not_run_has_no_time_to_begin() -> None:
    ended = replace(FRESH, state=ContainerState.EXITED)
    assert asked(Verdict.FAIL, failed=1, container=ended) is None
    assert asked(Verdict.FAIL, failed=9, container=ended) is False


def test_a_service_that_does_not_answer_yet_has_its_time_to_begin() -> None:
    assert asked(Verdict.FAIL, failed=9) is None
    assert asked(Verdict.FAIL, failed=9, status=503) is None
    assert asked(Verdict.FAIL, failed=9, after=15.0) is False
    assert asked(Verdict.FAIL, failed=9, container=replace(FRESH, started_at=None), after=15.0) is False


def test_a_wrong_answer_of_its_own_proves_that_it_is_bad_at_the_threshold() -> None:
    assert asked(Verdict.FAIL, failed=1, status=500) is None
    assert asked(Verdict.FAIL, failed=2, status=500) is False


def test_what_its_own_health_check_calls_ready_has_no_time_to_begin() -> None:
    assert asked(Verdict.FAIL, failed=2, container=HEALTHY) is False


def test_an_endpoint_without_a_service_has_none_either() -> None:
    assert asked(Verdict.FAIL, failed=1, container=None) is None
    assert asked(Verdict.FAIL, failed=2, container=None) is False


def test_what_cannot_be_asked_is_waited_for_and_then_not_proven() -> None:
    assert asked(Verdict.UNKNOWN) is None
    assert asked(Verdict.UNKNOWN, after=10.0) is False


@pytest.mark.parametrize(
    ("container", "checks_pass", "expected"),
    [
        (None, True, False),
        (EXITED, True, False),
        (FRESH, True, True),
        (FRESH, False, False),
        (HEALTHY, True, True),
        (STARTING, True, False),
    ],
)
def test_users_are_served_by_what_runs_and_passes(
    container: Container | None, checks_pass: bool, expected: bool
) -> None:
    assert serves(container, checks_pass=checks_pass) is expected
