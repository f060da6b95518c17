"""The property that all of recovery rests on: whatever was asked of a container, its successor has it as well."""

from __future__ import annotations

import itertools
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.faults.scene import Scene
from tests.fidelity.wishes import Wish, set_stage, wishes
from tests.lab.sameness import differences

pytestmark = pytest.mark.engine

SIDE_BY_SIDE = 8
EXAMPLES = int(os.environ.get("FIDELITY_EXAMPLES", "2"))
"""Of `SIDE_BY_SIDE` containers each; where it is set, they are other ones in each run."""


@settings(
    max_examples=EXAMPLES,
    derandomize="FIDELITY_EXAMPLES" not in os.environ,
    deadline=None,
    phases=(Phase.generate,),  # to shrink what takes seconds takes minutes, and the difference names its container
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def _any_containers(data: st.DataObject, watch: Scene, numbers: itertools.count[int]) -> None:
    asked = data.draw(st.tuples(*(wishes(number) for number in range(1, SIDE_BY_SIDE + 1))))
    _come_back(watch, {f"web{next(numbers)}": wish for wish in asked})


def _come_back(watch: Scene, asked: dict[str, Wish]) -> None:
    before: dict[str, Any] = {}
    try:
        made = {name: wish.fulfil(watch.engine, name) for name, wish in asked.items()}
        watch.daemon.wait_protected(*asked)
        before = {name: watch.engine.inspect(container) for name, container in made.items()}
        for container in made.values():
            watch.engine.api("DELETE", f"/containers/{container}", query={"force": 1})
        watch.daemon.wait(lambda: _are_back(watch, made), "not everything is back", 60.0)
        after = {name: watch.engine.inspect(name) for name in asked}
        assert {name: differences(before[name], after[name]) for name in asked} == {name: [] for name in asked}
    finally:
        for name in asked:
            order = {"service": name, "reason": "the next example", "by": "the test"}
            watch.daemon.request("POST", "/api/v1/services/retire", order)
            watch.engine.api("DELETE", f"/containers/{name}", query={"force": 1, "v": 1})


def _are_back(watch: Scene, made: dict[str, str]) -> bool:
    """Whether each is healthy with another container than it was made with."""
    services = {one["name"]: one for one in watch.daemon.status()["services"] if one["health"] == "healthy"}
    return all(name in services and services[name]["container"]["id"] != old for name, old in made.items())


@pytest.mark.timeout(60 + 60 * EXAMPLES)
def test_whatever_was_asked_of_a_container_its_successor_has_as_well(watch: Scene) -> None:
    set_stage(watch.engine)
    watch.start("peer")
    _any_containers(watch=watch, numbers=itertools.count(1))
