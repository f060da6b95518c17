"""Faults 5 and 8: out of memory, and a command that cannot be run. What another deployment would help, and what not."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

EATS_WHEN_TOLD = "while [ ! -e /tmp/eat ]; do sleep 0.1; done; rm /tmp/eat; exec tail /dev/zero"
EATS = ["tail", "/dev/zero"]
PATIENT = 'absence_grace = "1m"\nabsence_max = "1m"\n'
"""So that a deployment by hand is never mistaken for a removal, however slow the machine is."""


def _rungs(watch: Scene) -> list[str]:
    return [row["payload"]["rung"] for row in watch.intents("webui")]


def _prove_version_1(watch: Scene) -> str:
    """Watches version 1 until it is proven, and takes it away as a person who deploys does; its image ID."""
    image = watch.engine.image("shop/webui:1", marker="v1")
    watch.engine.run("webui", image="shop/webui:1")
    watch.start("webui", config=watch.daemon.config.replace('absence_grace = "300ms"\n', PATIENT))
    watch.engine.docker("rm", "--force", "webui")
    return image


def test_what_ran_out_of_memory_is_started_again_with_that_cause(watch: Scene) -> None:
    container = watch.engine.run("webui", "--memory", "16m", "--", "sh", "-c", EATS_WHEN_TOLD)
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/tmp/eat")
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == "oom"
    assert incident["summary"] == "it ran out of memory (it exited with code 137)"
    assert watch.containers() == [container]
    assert "oom" in watch.events(container, "oom", "die")
    assert _rungs(watch) == ["start"]


def test_no_other_image_is_tried_against_running_out_of_memory(watch: Scene) -> None:
    _prove_version_1(watch)
    second = watch.engine.image("shop/webui:2", marker="v2", cmd=EATS)
    watch.engine.run("webui", "--memory", "16m", image="shop/webui:2")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 60.0)
    assert _rungs(watch) == ["start", "recreate", "recreate"]
    said = watch.service("webui")["recovery"]
    assert said.startswith("it ran out of memory (it exited with code 137); tried start, recreate, recreate; ")
    assert said.endswith("another deployment would not help against running out of memory")
    assert {row["payload"]["cause"] for row in watch.intents()} == {"oom"}
    (container,) = watch.containers()
    assert watch.engine.inspect(container)["Image"] == second


@pytest.mark.parametrize("looked_at_in_between", [False, True])
def test_a_command_that_does_not_exist_gives_way_to_the_proven_deployment_at_once(
    watch: Scene, *, looked_at_in_between: bool
) -> None:
    first = _prove_version_1(watch)
    watch.engine.image("shop/webui:2", marker="v2", cmd=["/no/such/program"])
    watch.engine.docker("create", "--name", "webui", "shop/webui:2")
    if looked_at_in_between:
        watch.two_polls()
    with pytest.raises(AssertionError, match="no such file or directory"):
        watch.engine.docker("start", "webui")
    watch.wait_recovered("webui")
    (intent,) = watch.intents()
    assert intent["payload"]["rung"] == "rollback", "nothing else is tried on what cannot start"
    assert intent["payload"]["cause"] == "failed_start"
    assert intent["sentence"].startswith("will rollback: its container could not be started")
    assert "/no/such/program" in intent["sentence"]
    (container,) = watch.containers()
    found = watch.engine.inspect(container)
    assert (found["Name"], found["Image"], found["State"]["Running"]) == ("/webui", first, True)


def test_a_command_that_does_not_exist_is_a_persons_where_no_other_deployment_was_proven(watch: Scene) -> None:
    watch.engine.image("shop/webui:2", marker="v2", cmd=["/no/such/program"])
    watch.start(more='[[service]]\nname = "webui"\n')
    with pytest.raises(AssertionError, match="no such file or directory"):
        watch.engine.run("webui", image="shop/webui:2")
    watch.two_polls()
    watch.daemon.wait(lambda: watch.health("webui") == "unhealthy", "webui is not called unhealthy")
    assert watch.service("webui")["protected"] is False
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "nobody is called")
    assert len(watch.containers()) == 1
