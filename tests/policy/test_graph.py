"""Dependencies: who waits for whom, and in which order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import API, DB, WEBUI
from watchdog.model.identity import ServiceKey
from watchdog.policy.graph import (
    COMPOSE_DEPENDS_ON,
    DEPENDS_ON,
    all_roots,
    cycle_in,
    edges,
    first_causes,
    meant,
    named_by,
    named_in_labels,
    needs_of,
    nobodys,
    tiers,
    without_cycles,
)

SHOP = {WEBUI: frozenset({API}), API: frozenset({DB}), DB: frozenset[ServiceKey]()}
SHARED_DB = ServiceKey("data", "db")
PLAIN_DB = ServiceKey("", "db")

_keys = st.builds(ServiceKey, st.sampled_from(["", "shop", "data"]), st.sampled_from("abcdef"), st.integers(1, 2))
_graphs = st.dictionaries(_keys, st.frozensets(_keys, max_size=3), max_size=10)


def test_the_names_in_composes_label_are_read() -> None:
    label = "db:service_healthy:false, api:service_started:true,,:x"
    assert named_in_labels({COMPOSE_DEPENDS_ON: label}) == ("db", "api")
    assert named_in_labels({}) == ()


def test_a_name_means_the_service_of_the_same_project_first() -> None:
    needs = {WEBUI: ["db"], DB: [], SHARED_DB: [], PLAIN_DB: []}
    assert edges(needs)[WEBUI] == {DB}


def test_a_name_that_the_project_does_not_have_means_the_container_of_that_name() -> None:
    assert edges({WEBUI: ["db"], SHARED_DB: [], PLAIN_DB: []})[WEBUI] == {PLAIN_DB}


def test_a_full_name_means_the_service_of_that_project() -> None:
    assert edges({WEBUI: ["data/db"], DB: [], SHARED_DB: []})[WEBUI] == {SHARED_DB}


def test_a_name_means_every_container_of_a_scaled_service() -> None:
    second = ServiceKey("shop", "db", 2)
    assert edges({WEBUI: ["db"], DB: [], second: []})[WEBUI] == {DB, second}


def test_nothing_waits_for_what_is_not_there_or_for_itself() -> None:
    assert edges({WEBUI: ["webui", "nobody", "data/nobody", ""]})[WEBUI] == frozenset()


def test_roots_come_first_and_siblings_together() -> None:
    other = ServiceKey("blog", "web")
    assert tiers({**SHOP, other: frozenset()}) == [[other, DB], [API], [WEBUI]]


def test_what_is_needed_but_not_there_holds_nobody_up() -> None:
    assert tiers({WEBUI: frozenset({API})}) == [[WEBUI]]


def test_a_cycle_and_what_needs_it_comes_last_and_whole() -> None:
    ring = {API: frozenset({WEBUI}), WEBUI: frozenset({API}), ServiceKey("shop", "x"): frozenset({API})}
    assert tiers({**ring, DB: frozenset()}) == [[DB], [API, WEBUI, ServiceKey("shop", "x")]]


def test_names_that_nobody_has_are_told_by_who_says_to_need_them() -> None:
    needs = {WEBUI: ["db", "nobody", "data/db"], DB: ["data/nobody"], API: list[str]()}
    assert nobodys(needs) == {WEBUI: ("nobody", "data/db"), DB: ("data/nobody",)}
    assert nobodys(needs, [SHARED_DB, ServiceKey("", "nobody")]) == {DB: ("data/nobody",)}


def test_a_cycle_is_named_and_holds_nobody_up_while_other_edges_stay() -> None:
    ring = {WEBUI: frozenset({API, DB}), API: frozenset({WEBUI}), DB: frozenset[ServiceKey]()}
    left, cycles = without_cycles(ring)
    assert left == {WEBUI: {DB}, API: frozenset(), DB: frozenset()}
    assert cycles == [[API, WEBUI, API]]
    assert without_cycles(SHOP) == (SHOP, [])


@given(_graphs)
def test_without_its_cycles_every_graph_has_an_order(graph: dict[ServiceKey, frozenset[ServiceKey]]) -> None:
    left, cycles = without_cycles(graph)
    assert cycle_in(left) == []
    lost = {(key, root) for key in graph for root in graph[key] - left[key]}
    assert lost == {(key, root) for cycle in cycles for key, root in pairwise(cycle)}
    assert left.keys() == graph.keys()


@given(_graphs)
def test_every_service_has_one_place_after_all_that_it_needs_unless_a_cycle_forbids(
    graph: dict[ServiceKey, frozenset[ServiceKey]],
) -> None:
    order = tiers(graph)
    place = {key: number for number, tier in enumerate(order) for key in tier}
    assert sorted(key for tier in order for key in tier) == sorted(graph)
    assert all(order)
    for key, roots in graph.items():
        for root in roots & set(graph):
            assert place[root] < place[key] or place[key] == len(order) - 1


@given(_graphs, st.data())
def test_all_roots_are_what_can_be_reached(graph: dict[ServiceKey, frozenset[ServiceKey]], data: st.DataObject) -> None:
    key = data.draw(_keys)
    found = all_roots(graph, key)
    assert key not in found
    direct = graph.get(key, frozenset())
    onward = {far for near in found for far in graph.get(near, frozenset())}
    assert found == (direct | onward) - {key}


def test_the_roots_of_a_roots_root_are_roots_too() -> None:
    assert all_roots(SHOP, WEBUI) == {API, DB}
    assert all_roots(SHOP, DB) == frozenset()


def test_a_root_that_is_needed_by_two_ways_or_round_a_ring_is_found_once() -> None:
    both_ways = SHOP | {WEBUI: frozenset({API, DB})}
    assert all_roots(both_ways, WEBUI) == {API, DB}
    assert all_roots({WEBUI: frozenset({API}), API: frozenset({WEBUI})}, WEBUI) == {API}


@pytest.mark.parametrize(
    ("named", "near", "found"),
    [
        ("shop/api", None, "shop/api"),
        ("shop/db", None, None),
        ("api", "shop/webui", "shop/api"),
        ("api", "infra/cache", None),
        ("cache", "shop/webui", "infra/cache"),
        ("proxy", "shop/webui", "proxy"),
        ("nobody", None, None),
    ],
)
def test_a_name_means_the_service_itself_else_that_of_the_same_project_else_the_only_one(
    named: str, near: str | None, found: str | None
) -> None:
    keys = [ServiceKey.parse(name) for name in ("shop/api", "blog/api", "infra/cache", "proxy", "shop/proxy")]
    wanted = ServiceKey.parse(found) if found else None
    assert meant(ServiceKey.parse(named), keys, ServiceKey.parse(near) if near else None) == wanted


def test_a_name_from_outside_all_projects_means_it_in_any() -> None:
    second = ServiceKey("shop", "db", 2)
    keys = (WEBUI, DB, second, SHARED_DB, PLAIN_DB)
    assert named_by(["db"], keys) == {DB, second, SHARED_DB, PLAIN_DB}
    assert named_by(["shop/db", "nobody"], keys) == {DB, second}
    assert named_by(["shop/db#2", "webui"], keys) == {second, WEBUI}


@pytest.mark.parametrize(
    ("hindering", "causes"),
    [
        ((), ()),
        ((SHARED_DB,), ()),
        ((WEBUI,), (WEBUI,)),
        ((WEBUI, API), (API,)),
        ((WEBUI, API, DB), (DB,)),
        ((WEBUI, DB), (DB,)),
    ],
)
def test_what_hinders_and_is_itself_hindered_by_nothing_is_the_first_cause(
    hindering: tuple[ServiceKey, ...], causes: tuple[ServiceKey, ...]
) -> None:
    assert first_causes(SHOP, [WEBUI], hindering) == causes


def test_of_several_things_that_are_needed_each_may_be_a_first_cause() -> None:
    assert first_causes(SHOP, [WEBUI, SHARED_DB], [SHARED_DB, DB, API]) == (SHARED_DB, DB)


def test_what_a_service_needs_is_said_by_the_configuration_first_then_by_labels_then_by_the_ledger() -> None:
    compose = {COMPOSE_DEPENDS_ON: "cache:service_started:true"}
    label = compose | {DEPENDS_ON: " db , , queue"}
    assert needs_of(("api",), label, ("old",)) == ("api",)
    assert needs_of((), label, ("old",)) == ("db", "queue")
    assert needs_of((), compose, ("old",)) == ("cache",)
    assert needs_of((), {}, ("old",)) == ("old",)
