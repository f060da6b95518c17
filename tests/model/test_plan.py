"""Steps of a plan: what they say, and the container that stands in for one not made yet."""

from __future__ import annotations

import json

import pytest

from watchdog.codecs.plans import steps_as_json, steps_from_json
from watchdog.model.plan import (
    NEW,
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    RemoveContainer,
    RemoveNetwork,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
    container_of,
    short,
    spec_of,
    with_container,
)

OLD = "a1" * 32
MADE = "b2" * 32
ON_NETWORK = RemoveNetwork("shop_default")
ON_NONE: list[Step] = [CreateContainer("s", "webui", "i"), CreateNetwork("s", "shop_default")]


def on(container: str) -> list[Step]:
    """Each kind of step that works on a container."""
    return [
        StartContainer(container),
        RestartContainer(container, 10.0),
        StopContainer(container, 10.0),
        SetRestartPolicy(container, "no"),
        RenameContainer(container, "webui"),
        DisconnectNetwork(container, "shop_default"),
        ConnectNetwork("s", container, "shop_default"),
        RemoveContainer(container),
    ]


def test_people_know_a_container_by_twelve_digits() -> None:
    assert (short(OLD), short(NEW)) == ("a1a1a1a1a1a1", "NEW")


@pytest.mark.parametrize("step", on(NEW), ids=str)
def test_the_container_that_was_made_takes_the_place_of_the_new_one(step: Step) -> None:
    assert container_of(step) == NEW
    made = with_container(step, MADE)
    assert type(made) is type(step)
    assert container_of(made) == MADE
    assert str(made) == str(step).replace(NEW, short(MADE))


@pytest.mark.parametrize("step", on(OLD), ids=str)
def test_steps_on_another_container_stay_as_they_are(step: Step) -> None:
    assert container_of(step) == OLD
    assert with_container(step, MADE) is step


@pytest.mark.parametrize("step", ON_NONE, ids=str)
def test_steps_on_no_container_stay_as_they_are(step: Step) -> None:
    assert container_of(step) == ""
    assert with_container(step, MADE) is step


def test_steps_are_read_as_they_were_stored() -> None:
    steps = (*on(NEW), *on(OLD), *ON_NONE, ON_NETWORK)
    assert steps_from_json(json.loads(json.dumps(steps_as_json(steps)))) == steps


def test_a_step_on_a_network_alone_has_neither_container_nor_spec() -> None:
    assert (container_of(ON_NETWORK), spec_of(ON_NETWORK)) == ("", "")
    assert with_container(ON_NETWORK, "abc") is ON_NETWORK
    assert str(ON_NETWORK) == "remove network shop_default"


def test_a_step_names_the_spec_that_it_needs() -> None:
    assert {spec_of(step) for step in ON_NONE} == {"s"}
    needed = {type(step): spec_of(step) for step in on(OLD)}
    assert needed.pop(ConnectNetwork) == "s"
    assert set(needed.values()) == {""}
