"""The last rung: back to the last proven deployment, unless data could be written that the older one does not know."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

PATIENT = 'absence_grace = "1m"\nabsence_max = "1m"\n'
"""So that a deployment by hand is never mistaken for a removal, however slow the machine is."""


def _rungs(scene: Scene) -> list[str]:
    return [row["payload"]["rung"] for row in scene.intents("webui")]


def _deploy_what_crashes(scene: Scene, *options: str, more: str = "") -> str:
    """Proves version 1, then puts version 2 in its place, which exits at once; returns version 1's image ID."""
    first = scene.engine.image("shop/webui:1", marker="v1")
    scene.engine.image("shop/webui:2", marker="v2", cmd=["sh", "-c", "exit 3"])
    scene.engine.run("webui", *options, image="shop/webui:1")
    config = scene.daemon.config.replace('absence_grace = "300ms"\n', PATIENT)
    scene.start("webui", config=config + more)
    scene.engine.docker("rm", "--force", "webui")
    scene.engine.run("webui", *options, image="shop/webui:2")
    return first


def test_a_version_that_crashes_gives_way_to_the_proven_one(watch: Scene) -> None:
    first = _deploy_what_crashes(watch)
    incident = watch.wait_recovered("webui")
    assert _rungs(watch) == ["start", "recreate", "recreate", "rollback"]
    (container,) = watch.containers()
    assert watch.engine.inspect(container)["Image"] == first
    assert watch.engine.inspect(container)["Name"] == "/webui"
    assert watch.sentences(incident, "outcome")[-1].startswith("rollback recovered: runs")


def test_with_a_writable_volume_going_back_is_a_persons_call(watch: Scene) -> None:
    _deploy_what_crashes(watch, "-v", "site:/site")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 40.0)
    assert _rungs(watch) == ["start", "recreate", "recreate"]
    assert (
        "it has writable mounts, so going back to an older deployment is a person's call"
        in (watch.service("webui")["recovery"])
    )
    assert len(watch.containers()) == 1


def test_with_a_writable_volume_it_goes_back_where_the_configuration_says_always(watch: Scene) -> None:
    first = _deploy_what_crashes(watch, "-v", "site:/site", more='rollback = "always"\n')
    watch.wait_recovered("webui")
    assert _rungs(watch)[-1] == "rollback"
    (container,) = watch.containers()
    found = watch.engine.inspect(container)
    assert found["Image"] == first
    assert [(mount["Name"], mount["Destination"]) for mount in found["Mounts"]] == [("site", "/site")]


def test_a_vanished_volume_is_never_replaced_by_an_empty_one(watch: Scene) -> None:
    watch.engine.run("webui", "-v", "site:/site")
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.docker("volume", "rm", "site")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over")
    incident = watch.wait_incident("webui")
    assert incident["severity"] == "critical"
    sentence = "DATA_GONE: volume site no longer exists, and recreating would silently start with an empty one"
    assert any(sentence in said for said in watch.sentences(incident, "alert"))
    watch.two_polls()
    assert watch.intents() == []
    assert watch.containers() == []
    assert watch.engine.docker("volume", "ls", "--quiet") == ""
    assert watch.daemon.cli("status").code == 2
