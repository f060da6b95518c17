"""Which engine calls bring a service back to what it was before a deployment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import RUNNING, spec
from watchdog.model.container import ContainerState, RestartPolicy, Survey, Taken
from watchdog.model.deployment import Before
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Plan
from watchdog.policy.planning import Impossible
from watchdog.policy.restoring import (
    Found,
    as_before,
    networks_changed,
    obstacle,
    plan_network,
    plan_removal,
    plan_restore,
    plan_set_aside,
)

WEBUI = ServiceKey("shop", "webui")
OLD = RUNNING
NEW = replace(RUNNING, id="e5" * 32, stop_timeout=3.0)
BEFORE = Before(
    service=WEBUI,
    container=OLD.id,
    container_name=OLD.name,
    spec_id="c3" * 32,
    image_id=OLD.image_id,
    config_hash="v1",
    ran=True,
    protected=True,
    good=True,
)
FOUND = Found(service=WEBUI, before=BEFORE, spec=spec(), original=OLD)
GONE = replace(FOUND, original=None, newcomers=(NEW,))


def restored(found: Found, survey: Survey | None = None, *, connects_later: bool = False) -> list[str]:
    plan = plan_restore(found, survey or Survey(), "because", "n1", connects_later=connects_later)
    assert isinstance(plan, Plan)
    assert plan.undo == ()
    return [str(step) for step in plan.steps]


def test_what_is_as_it_was_needs_nothing() -> None:
    assert as_before(FOUND)
    assert plan_restore(FOUND, Survey(), "because", "n1", connects_later=False) is None


@pytest.mark.parametrize(
    "found",
    [
        GONE,
        replace(FOUND, original=None),
        replace(FOUND, newcomers=(NEW,)),
        replace(FOUND, unattached=("shop_default",)),
        replace(FOUND, original=replace(OLD, name="old")),
        replace(FOUND, original=replace(OLD, state=ContainerState.EXITED)),
        replace(FOUND, before=None, newcomers=(NEW,)),
    ],
)
def test_whatever_differs_has_to_be_brought_back(found: Found) -> None:
    assert not as_before(found)


def test_a_service_that_was_not_there_and_left_nothing_is_as_before() -> None:
    assert as_before(Found(service=WEBUI, before=None))


def test_newcomers_are_stopped_never_start_again_and_make_room() -> None:
    stopped = replace(NEW, id="f6" * 32, name="b_shop-webui-1", state=ContainerState.CREATED)
    plan = plan_set_aside(replace(GONE, newcomers=(NEW, stopped)), "because", "n1")
    assert [str(step) for step in plan.steps] == [
        "stop e5e5e5e5e5e5 (time-out 3 s)",
        "set restart policy of e5e5e5e5e5e5 to no",
        "rename e5e5e5e5e5e5 to shop-webui-1.watchdog-old-n10",
        "set restart policy of f6f6f6f6f6f6 to no",
        "rename f6f6f6f6f6f6 to b_shop-webui-1.watchdog-old-n11",
    ]
    assert [str(step) for step in plan_removal(GONE, "because").steps] == ["remove e5e5e5e5e5e5"]


def test_what_an_earlier_try_has_set_aside_is_not_set_aside_again_but_removed() -> None:
    aside = replace(NEW, name="shop-webui-1.watchdog-old-n00", state=ContainerState.EXITED)
    found = replace(GONE, newcomers=(aside,))
    assert plan_set_aside(found, "because", "n1").steps == ()
    assert [str(step) for step in plan_removal(found, "because").steps] == ["remove e5e5e5e5e5e5"]


def test_a_container_that_is_gone_is_made_again_from_what_was_saved() -> None:
    assert restored(GONE, Survey(networks_gone=("shop_default",))) == [
        "create network shop_default",
        "create shop-webui-1.watchdog-new-n1 from spec c3c3c3c3c3c3, image b2b2b2b2b2b2",
        "rename NEW to shop-webui-1",
        "start NEW",
    ]


def test_one_that_did_not_run_is_made_and_not_started() -> None:
    assert restored(replace(GONE, before=replace(BEFORE, ran=False)))[-1] == "rename NEW to shop-webui-1"


def test_a_container_that_is_still_there_gets_back_its_policy_name_networks_and_start() -> None:
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}
    found = replace(
        FOUND,
        spec=spec(host_config=policy),
        original=replace(OLD, name="old", state=ContainerState.EXITED),
        unattached=("shop_default",),
    )
    assert restored(found) == [
        "set restart policy of a1a1a1a1a1a1 to on-failure",
        "rename a1a1a1a1a1a1 to shop-webui-1",
        "connect a1a1a1a1a1a1 to shop_default",
        "start a1a1a1a1a1a1",
    ]


def test_one_that_did_not_run_is_stopped_again() -> None:
    found = replace(FOUND, before=replace(BEFORE, ran=False), original=replace(OLD, stop_timeout=2.0))
    assert restored(found) == ["stop a1a1a1a1a1a1 (time-out 2 s)"]
    restarting = replace(OLD, restart_policy=RestartPolicy.ALWAYS)
    assert restored(replace(FOUND, original=restarting)) == ["set restart policy of a1a1a1a1a1a1 to no"]


def test_what_a_deployment_brought_has_nothing_to_be_restored_to() -> None:
    found = Found(service=WEBUI, before=None, newcomers=(NEW,))
    assert plan_restore(found, Survey(), "because", "n1", connects_later=False) is None
    assert networks_changed([found]) == {}
    assert obstacle(found, ()) is None


def test_a_network_that_was_made_otherwise_is_made_again() -> None:
    survey = Survey(networks_changed=("shop_default",))
    gone, stays = replace(GONE, survey=survey), replace(FOUND, survey=survey)
    ((network, users),) = networks_changed([gone, replace(FOUND, survey=Survey()), stays]).items()
    assert users == (gone, stays)
    assert [str(step) for step in plan_network(network, users, "because").steps] == [
        f"disconnect {OLD.id[:12]} from shop_default",
        "remove network shop_default",
        "create network shop_default",
    ]


def test_what_newcomers_hold_is_no_obstacle_and_what_strangers_hold_is() -> None:
    mine = Survey(name_holder=NEW.id, taken=(Taken(what="port 80/tcp", container=NEW.id, name="n"),))
    assert obstacle(replace(GONE, survey=mine), {NEW.id}) is None
    assert obstacle(replace(FOUND, survey=mine), ()) is None
    stranger = Survey(taken=(Taken(what="port 80/tcp", container="9" * 64, name="thief"),))
    found = obstacle(replace(GONE, survey=stranger), {NEW.id})
    assert found is not None
    assert found.because == "port 80/tcp is taken by container thief"


def test_lost_data_is_an_obstacle_and_no_plan() -> None:
    survey = Survey(volumes_gone=("shop_data",))
    found = obstacle(replace(GONE, survey=survey), ())
    assert found is not None
    assert "DATA_GONE" in found.because
    assert isinstance(plan_restore(GONE, survey, "because", "n1", connects_later=False), Impossible)
