"""Fault 14, unguarded: somebody prunes. What can come back does, within its budget; what cannot is said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.scene import Scene
from tests.lab.sameness import assert_the_same

pytestmark = pytest.mark.engine

NETWORK = ("--label", "com.docker.compose.network=lan", "--subnet", "10.77.0.0/24")


@pytest.fixture
def unnoticed(watch: Scene) -> Callable[[Callable[[], object]], None]:
    """Does something while watchdog is told to wait: at once, however quick a recovery is."""

    def do(something: Callable[[], object]) -> None:
        watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
        something()
        watch.daemon.cli("resume", "webui")

    return do


def test_a_container_prune_that_took_a_stopped_service_is_undone(watch: Scene) -> None:
    engine = watch.engine
    before = engine.inspect(engine.run("webui", "--stop-timeout", "0", "--volume", "site:/site", "--volume", "/cache"))
    engine.docker("exec", "webui", "touch", "/site/precious", "/cache/precious")
    watch.start("webui", config=watch.daemon.config.replace('absence_grace = "300ms"', 'absence_grace = "3s"'))
    engine.docker("stop", "webui")
    engine.docker("container", "prune", "--force")
    watch.wait_recovered("webui")
    assert_the_same(before, engine.inspect("webui"))
    engine.docker("exec", "webui", "ls", "/site/precious", "/cache/precious")
    assert [row["payload"]["rung"] for row in watch.intents()] == ["recreate"]


def test_a_network_prune_that_took_the_network_of_a_stopped_service_is_undone(
    watch: Scene, unnoticed: Callable[[Callable[[], object]], None]
) -> None:
    engine = watch.engine
    engine.docker("network", "create", *NETWORK, "lan")
    before = engine.inspect(engine.run("webui", "--stop-timeout", "0", "--network", "lan", "--ip", "10.77.0.9"))
    watch.start("webui")

    def prune() -> None:
        engine.docker("stop", "webui")
        engine.docker("network", "prune", "--force")
        assert engine.api("GET", "/networks/lan").status == 404

    unnoticed(prune)
    watch.wait_recovered("webui")
    assert_the_same(before, engine.inspect("webui"))
    assert engine.api("GET", "/networks/lan").json["Labels"] == {"com.docker.compose.network": "lan"}
    assert len(watch.intents()) <= 2, "a start that fails for want of the network, and the recreation"
    assert len(watch.containers()) == 1


def test_an_image_prune_does_not_take_the_image_of_what_was_proven(
    watch: Scene, unnoticed: Callable[[Callable[[], object]], None]
) -> None:
    engine = watch.engine
    image = engine.image("shop/webui:1", marker="proven")
    before = engine.inspect(engine.run("webui", image="shop/webui:1"))
    watch.start("webui")

    def prune() -> None:
        engine.docker("rm", "--force", "webui")
        assert engine.image("shop/webui:1", marker="broken") != image
        engine.docker("image", "prune", "--force")

    unnoticed(prune)
    watch.wait_recovered("webui")
    after = engine.inspect("webui")
    assert after["Image"] == image
    after["Config"]["Image"] = before["Config"]["Image"]  # its name means another image now: it was made by its ID
    assert_the_same(before, after)


def test_a_volume_prune_takes_nothing_of_what_is_only_stopped(watch: Scene) -> None:
    engine = watch.engine
    engine.run("webui", "--stop-timeout", "0", "--volume", "site:/site", "--volume", "/cache")
    engine.docker("exec", "webui", "touch", "/site/precious", "/cache/precious")
    watch.start("webui")
    engine.docker("stop", "webui")
    engine.docker("volume", "prune", "--force")
    watch.wait_recovered("webui")
    engine.docker("exec", "webui", "ls", "/site/precious", "/cache/precious")
    assert [row["payload"]["rung"] for row in watch.intents()] == ["start"]


def test_what_a_prune_of_everything_took_is_named_and_left_to_a_person(
    watch: Scene, unnoticed: Callable[[Callable[[], object]], None]
) -> None:
    engine = watch.engine
    engine.run("webui", "--volume", "/cache")
    watch.start("webui")

    def prune() -> None:
        engine.docker("rm", "--force", "webui")
        engine.docker("system", "prune", "--force", "--volumes")

    unnoticed(prune)
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over")
    assert "DATA_GONE: volume " in watch.service("webui")["recovery"]
    assert watch.wait_incident("webui")["severity"] == "critical"
    watch.two_polls()
    assert watch.intents() == []
    assert watch.containers() == []
