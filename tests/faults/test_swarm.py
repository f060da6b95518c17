"""Fault 36: what Swarm manages is Swarm's. Its end is reported, and nothing is done about it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import BASE_IMAGE, LabEngine

pytestmark = pytest.mark.engine


def test_a_task_of_swarm_that_dies_is_left_to_swarm_and_reported(
    own_engine: Callable[..., LabEngine], scene_of: Callable[[LabEngine], Scene]
) -> None:
    watch = scene_of(own_engine())
    engine = watch.engine
    engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    options = ("--detach", "--no-resolve-image", "--restart-delay", "0s", "--name", "shop_db")
    engine.docker("service", "create", *options, BASE_IMAGE)
    engine.run("webui")
    watch.start("webui")
    task = watch.daemon.wait(lambda: _tasks(watch), "Swarm starts no task")[0]
    engine.crash(task)
    watch.daemon.wait(lambda: _tasks(watch) not in ([], [task]), "Swarm starts no other task", 60.0)
    name = engine.inspect(task)["Name"].lstrip("/")
    sentence = f"{name} of Swarm's service shop_db ended with code 137: left to Swarm"
    watch.daemon.wait(lambda: sentence in watch.daemon.log, "it is not reported")
    watch.two_polls()
    assert watch.intents() == []
    assert watch.daemon.incidents() == []
    assert [service["name"] for service in watch.daemon.status()["services"]] == ["webui"]


def _tasks(watch: Scene) -> list[str]:
    """Full IDs of the running containers of Swarm's services."""
    lines = watch.engine.api("GET", "/containers/json").json
    return [line["Id"] for line in lines if "com.docker.swarm.service.id" in line["Labels"]]
