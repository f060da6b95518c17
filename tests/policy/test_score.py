"""Health as a number, and the whole in one word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import DB, WEBUI
from watchdog.model.health import Health, Status
from watchdog.model.observation import Verdict
from watchdog.model.snapshot import AbsenceNotJudged, EndpointStatus, ServiceStatus
from watchdog.policy.score import CAP_WHEN_DOWN, overall_status, service_score, whole_score

BEST_FIRST = [
    {Health.HEALTHY, Health.DONE},
    {Health.DEGRADED},
    {Health.PAUSED},
    {Health.STARTING},
    {Health.UNHEALTHY, Health.MISSING, Health.UNKNOWN},
]


def service(health: Health = Health.HEALTHY, *, score: float | None = None, weight: float = 1.0) -> ServiceStatus:
    worth = service_score(health, 0, 0) if score is None else score
    return ServiceStatus(service=WEBUI, health=health, score=worth, reason="", weight=weight)


def endpoint(verdict: Verdict, *, of_service: bool = False) -> EndpointStatus:
    owner = WEBUI if of_service else None
    return EndpointStatus(name="shop", target="http://shop/", verdict=verdict, reason="", service=owner)


ABSENCE = AbsenceNotJudged(service=DB, reason="nothing says that it should run")

_weights = st.floats(min_value=0, max_value=1000)
_scores = st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.9, 1.0]) | st.floats(0, 1)
_services = st.lists(st.builds(service, score=_scores, weight=_weights), max_size=8)
_endpoints = st.lists(st.builds(endpoint, st.sampled_from(Verdict), of_service=st.booleans()), max_size=4)


@pytest.mark.parametrize(
    ("health", "score"),
    [
        (Health.HEALTHY, 1.0),
        (Health.DONE, 1.0),
        (Health.DEGRADED, 0.5),
        (Health.PAUSED, 0.5),
        (Health.STARTING, 0.3),
        (Health.UNHEALTHY, 0.0),
        (Health.MISSING, 0.0),
        (Health.UNKNOWN, 0.0),
    ],
)
def test_a_service_without_checks_is_worth_what_its_health_says(health: Health, score: float) -> None:
    assert service_score(health, 0, 0) == score


def test_a_degraded_service_is_worth_more_the_more_of_its_checks_pass() -> None:
    assert service_score(Health.DEGRADED, 1, 2) == pytest.approx(0.7)
    assert service_score(Health.DEGRADED, 2, 2) == pytest.approx(0.9)


@given(st.integers(0, 9), st.integers(0, 9), st.data())
def test_no_service_gets_better_and_is_worth_less(passing: int, failing: int, data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, len(BEST_FIRST) - 1))
    worse = data.draw(st.sampled_from(sorted(BEST_FIRST[rank])))
    better = data.draw(st.sampled_from(sorted(set[Health]().union(*BEST_FIRST[: rank + 1]))))
    more = data.draw(st.integers(0, failing))
    checks = passing + failing
    before, after = service_score(worse, passing, checks), service_score(better, passing + more, checks)
    if worse is not Health.DEGRADED and better is Health.DEGRADED:
        after = min(after, service_score(better, 0, checks))
    assert 0.0 <= before <= after <= 1.0


@given(_services, _endpoints, st.data())
def test_nothing_gets_better_and_lowers_the_whole(
    services: list[ServiceStatus], endpoints: list[EndpointStatus], data: st.DataObject
) -> None:
    better = [
        replace(one, score=data.draw(st.floats(one.score, 1.0)) if data.draw(st.booleans()) else one.score)
        for one in services
    ]
    up = [replace(one, verdict=Verdict.PASS) if data.draw(st.booleans()) else one for one in endpoints]
    assert 0.0 <= whole_score(services, endpoints) <= whole_score(better, up) <= 1.0


def test_one_service_that_is_down_never_hides_behind_twenty_that_are_fine() -> None:
    whole = [*[service()] * 20, service(Health.MISSING)]
    assert whole_score(whole, []) == CAP_WHEN_DOWN
    assert whole_score([*[service()] * 20, service(Health.STARTING)], []) > 0.95


def test_a_whole_that_is_worse_than_the_cap_is_not_lifted_to_it() -> None:
    assert whole_score([service(Health.MISSING)] * 3 + [service()], []) == 0.25


def test_weights_say_how_much_a_service_matters() -> None:
    assert whole_score([service(Health.PAUSED, weight=3.0), service()], []) == pytest.approx(0.625)


def test_a_service_without_weight_does_not_matter_at_all() -> None:
    assert whole_score([service(Health.MISSING, weight=0.0), service()], []) == 1.0


def test_a_stand_alone_endpoint_counts_like_a_service_and_that_of_a_service_only_with_it() -> None:
    assert whole_score([service()], [endpoint(Verdict.FAIL)]) == 0.5
    assert whole_score([service()], [endpoint(Verdict.UNKNOWN)]) == 0.5
    assert whole_score([service()], [endpoint(Verdict.PASS)]) == 1.0
    assert whole_score([service()], [endpoint(Verdict.FAIL, of_service=True)]) == 1.0


def test_where_there_is_nothing_to_judge_nothing_is_wrong() -> None:
    assert whole_score([], []) == 1.0
    assert overall_status([], [], [], engine_up=True) is Status.OK


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health.HEALTHY, Status.OK),
        (Health.DONE, Status.OK),
        (Health.DEGRADED, Status.WARNING),
        (Health.STARTING, Status.WARNING),
        (Health.PAUSED, Status.WARNING),
        (Health.UNKNOWN, Status.UNKNOWN),
        (Health.UNHEALTHY, Status.CRITICAL),
        (Health.MISSING, Status.CRITICAL),
    ],
)
def test_the_whole_is_as_its_worst_service(health: Health, status: Status) -> None:
    assert overall_status([service(), service(health)], [], [], engine_up=True) is status


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict.PASS, Status.OK), (Verdict.UNKNOWN, Status.UNKNOWN), (Verdict.FAIL, Status.CRITICAL)],
)
@pytest.mark.parametrize("of_service", [True, False])
def test_every_endpoint_counts_for_the_word(verdict: Verdict, status: Status, *, of_service: bool) -> None:
    endpoints = [endpoint(verdict, of_service=of_service)]
    assert overall_status([service()], endpoints, [], engine_up=True) is status


def test_an_engine_that_is_away_makes_the_whole_unknown() -> None:
    assert overall_status([service()], [], [], engine_up=False) is Status.UNKNOWN


def test_an_absence_that_nobody_judged_is_unknown_only_when_one_is_strict() -> None:
    assert overall_status([service()], [], [ABSENCE], engine_up=True) is Status.OK
    assert overall_status([service()], [], [ABSENCE], engine_up=True, strict=True) is Status.UNKNOWN
    assert overall_status([service()], [], [], engine_up=True, strict=True) is Status.OK


def test_critical_wins_over_unknown_and_unknown_over_warning() -> None:
    bad, unknown, warning = service(Health.MISSING), service(Health.UNKNOWN), service(Health.STARTING)
    assert overall_status([warning, unknown, bad], [], [], engine_up=False) is Status.CRITICAL
    assert overall_status([warning, unknown], [], [], engine_up=True) is Status.UNKNOWN


@pytest.mark.parametrize("health", [Health.STARTING, Health.DEGRADED, Health.PAUSED, Health.UNKNOWN])
def test_what_waits_for_a_person_is_critical_until_it_is_good(health: Health) -> None:
    handed_over = replace(service(health), quarantined=True)
    assert overall_status([handed_over], [], [], engine_up=True) is Status.CRITICAL
    assert overall_status([replace(service(), quarantined=True)], [], [], engine_up=True) is Status.OK


def test_with_the_engine_away_not_even_a_handed_over_service_is_judged() -> None:
    handed_over = replace(service(Health.UNKNOWN), quarantined=True)
    assert overall_status([handed_over], [], [], engine_up=False) is Status.UNKNOWN
