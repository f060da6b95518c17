"""What ties a container to those whose namespaces it shares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import API, CRASH, EXITED, MISSING, NOW, RUNNING, tried
from watchdog.model.container import ContainerState
from watchdog.model.health import Cause, Health
from watchdog.model.plan import Act, HandOver, Rest, Wait
from watchdog.model.record import Rung
from watchdog.model.settings import ServiceSettings
from watchdog.policy.assess import Sight, assess
from watchdog.policy.namespaces import Child, Parent, Ties, ties
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Situation, Surroundings

VPN = Parent(name="shop/vpn", container="v1", runs=True, started_at=100.0)
CHILD = Child({"network": "v1"}, started_at=200.0)
QUIET = Surroundings()
LONG_AGO = NOW - 60.0
LIVES_WITH_VPN = "it lives in the network namespace of shop/vpn, "


def tied(parent: Parent, child: Child = CHILD) -> Ties:
    return ties(child, {"network": parent})


def lost(**how: object) -> Situation:
    """A child that runs in a namespace that is gone, long after a person may have been at work."""
    settings = ServiceSettings()
    gone = Ties(cut_off=f"{LIVES_WITH_VPN}which was started again since")
    seen = assess(Sight(service=API, settings=settings, container=RUNNING, ties=gone))
    tied_so = replace(gone, **how)  # pyright: ignore[reportArgumentType]  # fields of Ties
    return replace(CRASH, assessment=seen, container=RUNNING, bad_since=LONG_AGO, ties=tied_so)


def test_as_long_as_the_parent_runs_on_nothing_is_cut_off() -> None:
    assert tied(VPN) == Ties()


@pytest.mark.parametrize(
    ("parent", "why"),
    [
        (replace(VPN, container=None, runs=False), "which has no container"),
        (replace(VPN, container="v2"), "which has another container now"),
        (replace(VPN, runs=False), "which does not run"),
        (replace(VPN, started_at=201.0), "which was started again since"),
    ],
)
def test_a_namespace_ends_with_its_parents_process(parent: Parent, why: str) -> None:
    assert tied(parent).cut_off == LIVES_WITH_VPN + why


@pytest.mark.parametrize(
    ("parent", "replaced"),
    [
        (replace(VPN, container=None, runs=False), True),
        (replace(VPN, container="v2"), True),
        (replace(VPN, runs=False), False),
        (replace(VPN, started_at=201.0), False),
    ],
)
def test_only_a_new_child_can_join_a_new_parent(parent: Parent, replaced: bool) -> None:
    assert tied(parent).replaced is replaced


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        (replace(VPN, started_at=201.0, witnessed=True), CHILD),
        (replace(VPN, started_at=None), CHILD),
        (VPN, replace(CHILD, started_at=None)),
    ],
)
def test_times_that_are_void_or_unknown_prove_nothing(parent: Parent, child: Child) -> None:
    assert tied(parent, child).cut_off == ""


def test_a_child_without_a_container_knows_who_does_not_run() -> None:
    down = replace(VPN, runs=False)
    parents = {"network": down, "pid": down, "ipc": replace(VPN, name="shop/other")}
    assert ties(None, parents) == Ties(down=("shop/vpn",))


def test_every_namespace_that_is_lost_is_named() -> None:
    child = Child({"pid": "v1", "network": "v1"}, started_at=200.0)
    gone = replace(VPN, container=None, runs=False)
    found = ties(child, {"pid": gone, "network": gone})
    assert found.cut_off == (
        f"{LIVES_WITH_VPN}which has no container; it lives in the pid namespace of shop/vpn, which has no container"
    )
    assert found.down == ("shop/vpn",)


def test_what_runs_in_a_lost_namespace_is_unhealthy() -> None:
    seen = lost().assessment
    assert (seen.health, seen.cause) == (Health.UNHEALTHY, Cause.NAMESPACE_LOST)
    assert seen.reason == f"{LIVES_WITH_VPN}which was started again since"


def test_a_child_of_a_restarted_parent_is_restarted_once_nobody_is_at_work() -> None:
    decision = decide(lost(), QUIET, NOW)
    assert isinstance(decision, Act)
    assert decision.rung is Rung.RESTART
    assert isinstance(decide(replace(lost(), bad_since=NOW), QUIET, NOW), Wait)


def test_a_child_of_a_replaced_parent_is_recreated_whatever_state_it_is_in() -> None:
    for container in (RUNNING, EXITED):
        decision = decide(replace(lost(replaced=True), container=container), QUIET, NOW)
        assert isinstance(decision, Act)
        assert decision.rung is Rung.RECREATE


def test_dockers_restart_policy_cannot_start_what_refers_to_a_container_that_is_gone() -> None:
    situation = replace(lost(replaced=True), dockers_turn_until=NOW + 20.0)
    assert isinstance(decide(situation, QUIET, NOW), Act)
    assert isinstance(decide(replace(situation, ties=Ties()), QUIET, NOW), Wait)


def test_a_failed_start_beside_a_replaced_parent_says_nothing_about_the_deployment() -> None:
    failed = replace(lost().assessment, cause=Cause.FAILED_START)
    situation = replace(lost(replaced=True), assessment=failed, config_hash="another")
    decision = decide(situation, QUIET, NOW)
    assert isinstance(decision, Act)
    assert decision.rung is Rung.RECREATE
    decision = decide(replace(situation, ties=Ties()), QUIET, NOW)
    assert isinstance(decision, Act)
    assert decision.rung is Rung.ROLLBACK


def test_nothing_is_started_before_its_parent_not_even_by_order() -> None:
    situation = replace(CRASH, assessment=MISSING, container=None, bad_since=LONG_AGO, ties=Ties(down=("shop/vpn",)))
    because = "shop/vpn, whose namespace it shares, must run first"
    assert decide(situation, QUIET, NOW) == Wait(because)
    assert decide(replace(situation, ordered=Ordered(NOW)), QUIET, NOW) == Rest(because)


def test_the_end_of_a_child_that_shares_processes_waits_for_the_news_of_its_parent() -> None:
    child = replace(EXITED, joined={"pid": "v1"})
    ended = replace(CRASH, container=child, bad_since=NOW)
    assert decide(ended, QUIET, NOW) == Wait("it may have ended with the one whose processes it shares", NOW + 1.0)
    assert isinstance(decide(ended, QUIET, NOW + 1.0), Act)
    only_network = replace(ended, container=replace(child, joined={"network": "v1"}))
    assert isinstance(decide(only_network, QUIET, NOW), Act)
    runs = replace(ended, container=replace(child, state=ContainerState.RUNNING))
    assert isinstance(decide(runs, QUIET, NOW), Act)


@pytest.mark.parametrize("rung", [Rung.START, Rung.RESTART])
def test_a_rung_that_cannot_join_the_new_parent_is_refused_with_the_one_that_can(rung: Rung) -> None:
    situation = replace(tried(situation=lost(replaced=True)), ordered=Ordered(NOW, rung))
    decision = decide(situation, QUIET, NOW)
    assert decision == HandOver(f"{LIVES_WITH_VPN}which was started again since: order `--action recreate`")
