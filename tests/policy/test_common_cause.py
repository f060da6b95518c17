"""When it is the observer who is blind."""

from __future__ import annotations

import pytest

from tests.policy.samples import API, DB, WEBUI
from watchdog.model.identity import ServiceKey
from watchdog.policy.common_cause import Asked, Suspicion, suspect_observer

BLOG = ServiceKey("blog", "web")
GRAPH = {WEBUI: frozenset({API}), API: frozenset({DB})}
NO_EDGES: dict[ServiceKey, frozenset[ServiceKey]] = {}


def asked(service: ServiceKey | None, *, failing: bool = True, fine: bool = True) -> Asked:
    return Asked(f"check of {service}", service, failing=failing, container_fine=fine)


def test_two_unrelated_checks_that_fail_while_their_containers_are_fine_blind_the_observer() -> None:
    sentence = (
        "2 unrelated checks fail while their containers are fine (check of blog/web, check of shop/webui): "
        "the observer's own network is suspected"
    )
    assert suspect_observer([asked(WEBUI), asked(BLOG)], GRAPH) == Suspicion(
        sentence, ("check of blog/web", "check of shop/webui")
    )


def test_stand_alone_endpoints_are_unrelated_to_everything() -> None:
    assert suspect_observer([asked(None), asked(None)], NO_EDGES) is not None
    assert suspect_observer([asked(WEBUI), asked(None)], NO_EDGES) is not None


def test_one_check_that_passes_proves_that_the_observer_sees() -> None:
    assert suspect_observer([asked(WEBUI), asked(BLOG), asked(None, failing=False)], GRAPH) is None


@pytest.mark.parametrize(
    "checks",
    [
        [],
        [asked(WEBUI)],
        [asked(WEBUI), asked(WEBUI)],
        [asked(WEBUI), asked(API)],
        [asked(WEBUI), asked(DB)],
        [asked(DB), asked(WEBUI)],
    ],
)
def test_failures_of_one_service_or_of_one_root_are_no_common_cause(checks: list[Asked]) -> None:
    assert suspect_observer(checks, GRAPH) is None


def test_services_that_need_the_same_root_are_related() -> None:
    graph = {WEBUI: frozenset({DB}), BLOG: frozenset({DB})}
    assert suspect_observer([asked(WEBUI), asked(BLOG)], graph) is None


def test_a_failure_behind_a_broken_container_is_that_containers() -> None:
    assert suspect_observer([asked(WEBUI), asked(BLOG, fine=False)], GRAPH) is None


def test_a_long_list_of_failing_checks_is_cut_in_the_sentence_only() -> None:
    many = [asked(ServiceKey("", f"s{number}")) for number in range(9)]
    suspicion = suspect_observer(many, NO_EDGES)
    assert suspicion is not None
    assert len(suspicion.names) == 9
    assert suspicion.because.startswith("9 unrelated checks fail")
    assert "s4" in suspicion.because
    assert "s5" not in suspicion.because
