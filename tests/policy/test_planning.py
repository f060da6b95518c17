"""Plans, line by line as every face shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import RUNNING, WEBUI, spec
from watchdog.model.container import ContainerSpec, ContainerState, RestartPolicy, Survey, Taken
from watchdog.model.health import Cause
from watchdog.model.plan import ConnectNetwork, DisconnectNetwork, HandOver, Plan, Wait
from watchdog.model.record import Rung
from watchdog.policy.planning import (
    LOOK_AGAIN_AFTER,
    Impossible,
    Remake,
    instead,
    plan_remake,
    plan_restart,
    plan_start,
)

ALWAYS = replace(RUNNING, restart_policy=RestartPolicy.ALWAYS)
MISSING = Remake(
    service=WEBUI,
    rung=Rung.RECREATE,
    cause=Cause.MISSING,
    because="it has no container; attempt 1 of 3",
    spec=spec(),
    survey=Survey(),
    existing=None,
    existing_spec=None,
    stop_timeout=None,
    connects_later=False,
    nonce="0a1b",
)
BROKEN = replace(
    MISSING,
    cause=Cause.UNHEALTHY,
    because="its health check fails; attempt 2 of 3",
    existing=ALWAYS,
    existing_spec=spec(),
    survey=Survey(name_holder=ALWAYS.id),
)
THREE_NETWORKS = spec(
    endpoints={"shop_default": {}, "shop_back": {"IPAMConfig": {"IPv4Address": "172.20.0.9"}}, "proxy": {}}
)
GONE_VOLUMES = (
    "DATA_GONE: volume shop_data, shop_logs no longer exists, and recreating would silently start with an empty one"
)


def lines(plan: Plan | Impossible) -> list[str]:
    assert isinstance(plan, Plan)
    return str(plan).splitlines()


def planned(remake: Remake, wanted: ContainerSpec | None = None) -> list[str]:
    if wanted is not None:
        remake = replace(remake, spec=wanted, existing_spec=wanted if remake.existing is not None else None)
    return lines(plan_remake(remake))


def test_a_start_is_one_step() -> None:
    assert lines(plan_start(WEBUI, Cause.CRASHED, "it exited with code 3; attempt 1 of 3", RUNNING)) == [
        "start shop/webui: it exited with code 3; attempt 1 of 3",
        "  1. start a1a1a1a1a1a1",
    ]


@pytest.mark.parametrize(("configured", "seconds"), [(None, "10"), (2.5, "2.5"), (0.0, "0")])
def test_a_restart_waits_as_long_as_configured_else_as_the_container_asks(
    configured: float | None, seconds: str
) -> None:
    assert lines(plan_restart(WEBUI, Cause.UNHEALTHY, "its health check fails", RUNNING, configured)) == [
        "restart shop/webui: its health check fails",
        f"  1. restart a1a1a1a1a1a1 (stop time-out {seconds} s)",
        "  if it fails: start a1a1a1a1a1a1",
    ]


def test_a_missing_container_is_created_under_a_name_of_its_own_renamed_and_started() -> None:
    assert planned(MISSING) == [
        "recreate shop/webui: it has no container; attempt 1 of 3",
        "  1. create shop-webui-1.watchdog-new-0a1b from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
        "  2. rename NEW to shop-webui-1",
        "  3. start NEW",
        "  if it fails: remove NEW",
    ]


def test_networks_that_are_gone_are_created_first() -> None:
    gone = replace(MISSING, survey=Survey(networks_gone=("shop_back", "proxy")))
    assert planned(gone)[1:4] == [
        "  1. create network shop_back",
        "  2. create network proxy",
        "  3. create shop-webui-1.watchdog-new-0a1b from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
    ]


def test_before_api_1_44_all_networks_but_the_first_are_connected_after_the_create() -> None:
    assert planned(replace(MISSING, connects_later=True), THREE_NETWORKS)[1:] == [
        "  1. create shop-webui-1.watchdog-new-0a1b from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
        "  2. connect NEW to shop_back",
        "  3. connect NEW to proxy",
        "  4. rename NEW to shop-webui-1",
        "  5. start NEW",
        "  if it fails: remove NEW",
    ]


def test_from_api_1_44_all_networks_come_with_the_create() -> None:
    assert planned(MISSING, THREE_NETWORKS) == planned(MISSING)


def test_a_broken_container_is_set_aside_until_its_successor_is_verified() -> None:
    assert planned(BROKEN) == [
        "recreate shop/webui: its health check fails; attempt 2 of 3",
        "  1. stop a1a1a1a1a1a1 (time-out 10 s)",
        "  2. set restart policy of a1a1a1a1a1a1 to no",
        "  3. rename a1a1a1a1a1a1 to shop-webui-1.watchdog-old-0a1b",
        "  4. create shop-webui-1.watchdog-new-0a1b from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
        "  5. rename NEW to shop-webui-1",
        "  6. start NEW",
        "  once verified: remove a1a1a1a1a1a1",
        "  if it fails: stop NEW (time-out 10 s)",
        "  if it fails: remove NEW",
        "  if it fails: rename a1a1a1a1a1a1 to shop-webui-1",
        "  if it fails: set restart policy of a1a1a1a1a1a1 to always",
        "  if it fails: start a1a1a1a1a1a1",
    ]


def test_a_static_address_is_freed_for_the_successor_and_given_back() -> None:
    plan = planned(replace(BROKEN, connects_later=True), THREE_NETWORKS)
    assert plan[3:7] == [
        "  3. rename a1a1a1a1a1a1 to shop-webui-1.watchdog-old-0a1b",
        "  4. disconnect a1a1a1a1a1a1 from shop_back",
        "  5. create shop-webui-1.watchdog-new-0a1b from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
        "  6. connect NEW to shop_back",
    ]
    assert plan[-5:-2] == [
        "  if it fails: remove NEW",
        "  if it fails: connect a1a1a1a1a1a1 to shop_back",
        "  if it fails: rename a1a1a1a1a1a1 to shop-webui-1",
    ]


def test_a_rollback_frees_only_addresses_on_networks_that_are_there_and_gives_back_what_was() -> None:
    earlier = replace(THREE_NETWORKS, id="d4" * 32)
    now = spec(endpoints={"shop_default": {}})
    rollback = replace(BROKEN, rung=Rung.ROLLBACK, spec=earlier, existing_spec=now, connects_later=True)
    assert not any("disconnect" in line for line in lines(plan_remake(rollback)))
    both = replace(rollback, existing_spec=spec(endpoints={"shop_back": {}}))
    plan = plan_remake(both)
    assert isinstance(plan, Plan)
    assert DisconnectNetwork(ALWAYS.id, "shop_back") in plan.steps
    assert ConnectNetwork(spec().id, ALWAYS.id, "shop_back") in plan.undo, "as it was, not as it is to be"


@pytest.mark.parametrize(
    ("state", "started_again"),
    [
        (ContainerState.RUNNING, True),
        (ContainerState.RESTARTING, True),
        (ContainerState.PAUSED, True),
        (ContainerState.EXITED, False),
        (ContainerState.CREATED, False),
        (ContainerState.DEAD, False),
    ],
)
def test_what_is_put_back_is_as_it_was_found(state: ContainerState, *, started_again: bool) -> None:
    """One that Docker was restarting must not stay down for good because its recreation failed."""
    on_failure = replace(ALWAYS, state=state, restart_policy=RestartPolicy.ON_FAILURE, restart_retries=3)
    plan = plan_remake(replace(BROKEN, existing=on_failure))
    assert isinstance(plan, Plan)
    restored = [str(step) for step in plan.undo[3:]]
    assert restored == [
        "set restart policy of a1a1a1a1a1a1 to on-failure",
        *(["start a1a1a1a1a1a1"] if started_again else []),
    ]


def test_a_container_that_was_renamed_gets_its_own_name_back_even_by_a_daemon_that_knows_only_names() -> None:
    renamed = replace(BROKEN, existing=replace(ALWAYS, name="shop-front"), survey=Survey())
    assert planned(renamed)[3] == "  3. rename a1a1a1a1a1a1 to shop-front.watchdog-old-0a1b"
    assert "  if it fails: rename a1a1a1a1a1a1 to shop-front" in planned(renamed)


@pytest.mark.parametrize(
    ("wanted", "survey", "because"),
    [
        (
            spec(unfaithful=("it uses links", "it was made with --rm")),
            Survey(),
            "it cannot be reproduced faithfully: it uses links; it was made with --rm",
        ),
        (
            spec(),
            Survey(volumes_gone=("shop_data", "shop_logs"), image_present=False),
            GONE_VOLUMES,
        ),
        (spec(), Survey(image_present=False), "its image shop/webui:2 (b2b2b2b2b2b2) is gone from the engine"),
    ],
)
@pytest.mark.parametrize("remake", [MISSING, BROKEN])
def test_what_cannot_work_is_not_tried(remake: Remake, wanted: ContainerSpec, survey: Survey, because: str) -> None:
    assert plan_remake(replace(remake, spec=wanted, survey=survey)) == Impossible(because)


@pytest.mark.parametrize("remake", [MISSING, BROKEN])
def test_a_name_that_somebody_else_holds_is_waited_for(remake: Remake) -> None:
    taken = replace(remake, survey=Survey(name_holder="e5" * 32))
    because = "the name shop-webui-1 is taken by container e5e5e5e5e5e5"
    assert plan_remake(taken) == Impossible(because, passing=True)


def test_a_port_that_a_stranger_has_is_waited_for_and_the_predecessors_own_is_not() -> None:
    port = Taken(what="port 80/tcp", container="e5" * 32, name="squatter")
    address = replace(port, what="address 10.0.0.9")
    because = "port 80/tcp is taken by container squatter and address 10.0.0.9 is taken by container squatter"
    for remake in (MISSING, BROKEN):
        taken = replace(remake, survey=replace(remake.survey, taken=(port, address)))
        assert plan_remake(taken) == Impossible(because, passing=True)
    own = replace(BROKEN, survey=replace(BROKEN.survey, taken=(replace(port, container=ALWAYS.id),)))
    assert isinstance(plan_remake(own), Plan)


def test_a_container_that_is_being_removed_is_waited_for() -> None:
    """The engine refuses to touch it, and it holds its name until it is gone."""
    removing = replace(BROKEN, existing=replace(ALWAYS, state=ContainerState.REMOVING))
    assert plan_remake(removing) == Impossible("its container is being removed", passing=True)


def test_what_passes_is_looked_at_again_and_what_does_not_needs_a_person() -> None:
    assert instead(Impossible("the engine is removing it", passing=True), 10.0) == Wait(
        "the engine is removing it", 10.0 + LOOK_AGAIN_AFTER
    )
    assert instead(Impossible("its volume is gone"), 10.0) == HandOver("its volume is gone")
