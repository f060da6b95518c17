"""A container that runs and is broken: set aside for its successor, and put back when that one is no better."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

CHECKED = "--interval=200ms --retries=1 CMD test ! -e {}"


def _rungs(scene: Scene) -> list[str]:
    return [row["payload"]["rung"] for row in scene.intents("webui")]


def test_when_a_restart_does_not_help_a_new_one_takes_its_place_and_nothing_is_left_over(watch: Scene) -> None:
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/broken"))
    old = watch.engine.run("webui", "--restart", "always", "--stop-timeout", "0", image="shop/webui:1")
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/broken")
    incident = watch.wait_recovered("webui")
    assert _rungs(watch) == ["restart", "recreate"]
    watch.daemon.wait(lambda: watch.gone(old), "what was set aside is still there")
    (new,) = watch.containers()
    found = watch.engine.inspect(new)
    assert (found["Name"], found["HostConfig"]["RestartPolicy"]["Name"]) == ("/webui", "always")
    steps = watch.sentences(incident, "step")
    verified = next(
        row["seq"]
        for row in watch.daemon.timeline(incident["id"])
        if row["kind"] == "outcome" and "recreate" in row["sentence"]
    )
    removed = next(
        row["seq"] for row in watch.daemon.timeline(incident["id"]) if row["sentence"] == f"done: remove {old[:12]}"
    )
    assert verified < removed
    assert any(step.startswith(f"done: set restart policy of {old[:12]} to no") for step in steps)


def test_when_the_new_one_is_no_better_the_old_one_is_put_back(watch: Scene) -> None:
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/flag/broken"))
    options = ("--restart", "always", "--stop-timeout", "0", "-v", "flag:/flag")
    old = watch.engine.run("webui", *options, image="shop/webui:1")
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/flag/broken")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 60.0)
    assert _rungs(watch) == ["restart", "recreate", "recreate"]
    assert watch.containers() == [old]
    found = watch.engine.inspect(old)
    assert (found["Name"], found["HostConfig"]["RestartPolicy"]["Name"]) == ("/webui", "always")
    assert found["State"]["Running"]
    watch.oracle.compare()


def test_a_daemon_killed_while_the_new_one_is_verified_leaves_nothing_over(watch: Scene) -> None:
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/broken").replace("200ms", "1s"))
    old = watch.engine.run("webui", "--restart", "always", "--stop-timeout", "0", image="shop/webui:1")
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/broken")
    watch.daemon.wait(lambda: _started_beside(watch, old), "no successor was started", 40.0)
    watch.daemon.kill()
    assert not watch.engine.inspect(old)["State"]["Running"]
    assert watch.engine.inspect(old)["HostConfig"]["RestartPolicy"]["Name"] == "no"
    watch.daemon.start()
    watch.wait_recovered("webui")
    watch.daemon.wait(lambda: watch.gone(old), "what was set aside is still there")
    (new,) = watch.containers()
    assert watch.engine.inspect(new)["Name"] == "/webui"
    assert _rungs(watch) == ["restart", "recreate"]


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_daemon_killed_while_one_that_is_no_better_is_verified_puts_the_old_one_back(
    watch: Scene, kills: int
) -> None:
    watch.engine.docker("network", "create", "--subnet", "10.77.0.0/24", "shop")
    watch.engine.image("shop/webui:1", healthcheck=CHECKED.format("/flag/broken").replace("200ms", "1s"))
    options = ("--restart", "always", "--stop-timeout", "0", "-v", "flag:/flag", "--net", "shop", "--ip", "10.77.0.7")
    old = watch.engine.run("webui", *options, image="shop/webui:1")
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/flag/broken")
    watch.daemon.wait(lambda: _started_beside(watch, old), "no successor was started", 40.0)
    for _ in range(kills):
        watch.daemon.kill()
        watch.daemon.start()
        watch.daemon.wait(lambda: watch.service("webui"), "webui is not seen")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 60.0)
    assert _rungs(watch) == ["restart", "recreate", "recreate"]
    assert watch.containers() == [old]
    found = watch.engine.inspect(old)
    assert (found["Name"], found["HostConfig"]["RestartPolicy"]["Name"]) == ("/webui", "always")
    assert found["State"]["Running"]
    assert found["NetworkSettings"]["Networks"]["shop"]["IPAddress"] == "10.77.0.7"
    watch.oracle.compare()


def _started_beside(scene: Scene, old: str) -> bool:
    """Whether a successor runs under the name while the old one is set aside."""
    lines = scene.engine.containers()
    return [(line["Names"], line["State"]) for line in lines if line["Id"] != old] == [(["/webui"], "running")]
