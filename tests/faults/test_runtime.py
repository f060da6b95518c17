"""Fault 16: the programs between the engine and a container die."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine
from tests.lab.parts import kill_containerd, kill_shim

pytestmark = pytest.mark.engine

SceneOf = Callable[[LabEngine], Scene]
AWAY = "answers, but its containerd does not"


def test_a_container_whose_shim_was_killed_is_started_again(watch: Scene) -> None:
    container = watch.engine.run("webui")
    watch.start("webui")
    kill_shim(watch.engine, "webui")
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == "crashed"
    assert watch.containers() == [container]
    assert [row["payload"]["rung"] for row in watch.intents()] == ["start"]
    assert watch.engine.inspect(container)["State"]["Running"]


def test_without_containerd_the_engine_is_degraded_and_no_service_is_touched(
    own_engine: Callable[..., LabEngine], scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui")
    pid = watch.engine.inspect(container)["State"]["Pid"]
    watch.start("webui")
    since = watch.moment()
    kill_containerd(watch.engine)
    watch.daemon.wait(lambda: not watch.daemon.status()["engine_up"], "the engine is not called away")
    assert watch.health("webui") == "unknown"
    (incident,) = watch.daemon.incidents()
    assert incident["subject"] == "engine"
    assert AWAY in incident["summary"]

    watch.engine.start()
    watch.daemon.wait(lambda: watch.daemon.healthy("webui"), "webui is not healthy")
    watch.two_polls()
    assert watch.engine.inspect(container)["State"]["Pid"] == pid
    assert watch.happened(since) == []
    assert watch.intents() == []
    assert watch.containers() == [container]


def test_an_attempt_that_containerd_is_missing_for_says_nothing_of_the_service(
    own_engine: Callable[..., LabEngine], scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui")
    seldom = watch.daemon.config.replace('interval = "1s"', 'interval = "4s"')
    watch.start("webui", config=seldom.replace('absence_grace = "300ms"', 'absence_grace = "2s"'))
    watch.engine.docker("kill", "webui")
    kill_containerd(watch.engine)
    watch.daemon.wait(lambda: not watch.daemon.status()["engine_up"], "the engine is not called away")
    watch.engine.start()
    watch.wait_recovered("webui")
    assert watch.containers() == [container]
    burnt = [row["sentence"] for row in watch.daemon.rows("outcome") if row["payload"]["outcome"] == "failed"]
    assert len(burnt) <= 1, "one attempt may have found out"
    assert all(AWAY in sentence for sentence in burnt), burnt
    assert watch.intents()[-1]["sentence"].endswith("attempt 1 of 3"), "and it does not count"
