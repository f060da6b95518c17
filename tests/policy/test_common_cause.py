"""When it is the observer who is blind."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from tests.policy.samples import API, DB, WEBUI
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.inside import ExecProbe
from watchdog.model.probe.network import TcpProbe
from watchdog.policy.common_cause import Asked, Suspicion, Word, judged, places, reached, suspect_observer

BLOG = ServiceKey("blog", "web")
GRAPH = {WEBUI: frozenset({API}), API: frozenset({DB})}
NO_EDGES: dict[ServiceKey, frozenset[ServiceKey]] = {}


REFERENCES = ("1.1.1.1:53", "https://example.org/")
SUSPECTED = Suspicion("3 unrelated checks fail", ("a", "b", "c"))


_NUMBERS = count()


def asked(*services: ServiceKey, reached: bool = False, fine: bool = True, place: str | None = None) -> Asked:
    """At a place of its own, where none is given."""
    name = "check of " + (" and ".join(map(str, services)) or "None")
    places = frozenset({place or f"host{next(_NUMBERS)}:80"})
    return Asked(name, frozenset(services), reached=reached, container_fine=fine, places=places)


def seen(target: str, reached: bool | None = False, remote: str | None = None) -> tuple[Check, Observation]:
    probe = HttpProbe(url=target) if "://" in target else TcpProbe(tcp=target)
    evidence = {"remote": remote} if remote is not None else {}
    check = Check(name="page", probe=probe)
    return check, Observation(
        check="page", at=0.0, verdict=Verdict.FAIL, reason="it fails", evidence=evidence, reached=reached
    )


def test_two_unrelated_checks_that_fail_while_their_containers_are_fine_blind_the_observer() -> None:
    sentence = (
        "2 unrelated checks fail while their containers are fine (check of blog/web, check of shop/webui): "
        "the observer's own network is suspected"
    )
    assert suspect_observer([asked(WEBUI), asked(BLOG)], GRAPH) == Suspicion(
        sentence, ("check of blog/web", "check of shop/webui")
    )


def test_stand_alone_endpoints_are_unrelated_to_everything() -> None:
    assert suspect_observer([asked(), asked()], NO_EDGES) is not None
    assert suspect_observer([asked(WEBUI), asked()], NO_EDGES) is not None


def test_stand_alone_endpoints_are_related_by_what_they_need() -> None:
    assert suspect_observer([asked(DB), asked(WEBUI)], GRAPH) is None
    assert suspect_observer([asked(BLOG, DB), asked(WEBUI)], GRAPH) is None
    assert suspect_observer([asked(BLOG), asked(WEBUI)], GRAPH) is not None


def test_of_three_two_that_share_nothing_are_enough() -> None:
    assert suspect_observer([asked(WEBUI, BLOG), asked(WEBUI), asked(BLOG)], NO_EDGES) is not None
    chain = [asked(WEBUI, BLOG), asked(BLOG, DB), asked(DB, WEBUI)]
    assert suspect_observer(chain, NO_EDGES) is None


def test_one_check_that_is_answered_proves_that_the_observer_sees() -> None:
    assert suspect_observer([asked(WEBUI), asked(BLOG), asked(reached=True)], GRAPH) is None


def test_what_is_asked_at_one_place_counts_once() -> None:
    here = [asked(WEBUI, place="10.0.0.1:80"), asked(BLOG, place="10.0.0.1:80")]
    assert suspect_observer(here, NO_EDGES) is None
    assert suspect_observer([*here, asked(DB, place="10.0.0.1:81")], NO_EDGES) is not None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (seen("http://shop.example/a"), seen("http://shop.example:80/b"), True),
        (seen("https://shop.example/a"), seen("shop.example:443"), True),
        (seen("https://shop.example/a", remote="192.0.2.1:443"), seen("https://shop.example/b"), True),
        (seen("http://a.example/", remote="192.0.2.1:80"), seen("http://b.example/", remote="192.0.2.1:80"), True),
        (seen("http://shop.example/"), seen("https://shop.example/"), False),
        (seen("http://a.example/", remote="192.0.2.1:80"), seen("http://b.example/", remote="192.0.2.2:80"), False),
    ],
)
def test_a_place_is_a_host_and_its_port_by_name_or_by_address(
    one: tuple[Check, Observation], other: tuple[Check, Observation], *, same: bool
) -> None:
    assert bool(places(*one) & places(*other)) is same


@pytest.mark.parametrize("found", [True, False, None])
def test_only_what_is_asked_over_the_observers_own_network_speaks_of_it(found: bool | None) -> None:
    check, last = seen("shop.example:80", found)
    assert reached(check, last) is found
    assert reached(replace(check, vantage=WEBUI), last) is None
    assert reached(Check(name="inside", probe=ExecProbe(exec=("true",))), last) is None
    assert reached(check, None) is None


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


def test_without_references_a_suspicion_stands_as_it_is() -> None:
    assert judged(SUSPECTED, (), None) == SUSPECTED


def test_while_the_references_are_asked_the_observer_stays_suspected() -> None:
    assert judged(SUSPECTED, REFERENCES, None) == Suspicion(
        "3 unrelated checks fail, and the references are asked", SUSPECTED.names
    )


def test_one_reference_that_answers_clears_the_observer() -> None:
    assert judged(SUSPECTED, REFERENCES, Word(answered=REFERENCES[:1], silent=REFERENCES[1:])) is None


@pytest.mark.parametrize(
    ("silent", "said"),
    [(REFERENCES, "1.1.1.1:53, https://example.org/ do"), (REFERENCES[:1], "1.1.1.1:53 does")],
)
def test_references_that_are_all_silent_confirm_the_suspicion(silent: tuple[str, ...], said: str) -> None:
    confirmed = judged(SUSPECTED, REFERENCES, Word(answered=(), silent=silent))
    assert confirmed is not None
    assert confirmed.because == f"3 unrelated checks fail, and {said} not answer either"
    assert confirmed.names == SUSPECTED.names
