"""Fault 15: identity is labels and full ID. Names are given, taken back and given to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

LONG_GRACE = {"WATCHDOG_RECOVERY__ABSENCE_GRACE": "1h", "WATCHDOG_RECOVERY__ABSENCE_MAX": "1h"}
"""Longer than people take for what they do in these tests, however slow the machine is."""
STACK = """
name: shop
services:
  web:
    image: busybox:lab
"""


def test_a_renamed_container_is_still_its_service(watch: Scene) -> None:
    container = watch.engine.run("webui", "--stop-timeout", "0")
    watch.start("webui")
    watch.engine.docker("rename", "webui", "parked")
    watch.daemon.wait(lambda: watch.service("webui")["container"]["name"] == "parked", "the new name is not seen")
    watch.two_polls()
    assert watch.health("webui") == "healthy"
    assert watch.service("parked") is None
    watch.oracle.compare()
    assert watch.daemon.cli("check").code == 0
    assert watch.containers() == [container]
    assert watch.intents() == watch.daemon.incidents() == []

    watch.daemon.stop()
    watch.daemon.start()
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    assert watch.containers() == [container]
    assert watch.intents() == watch.daemon.incidents() == []

    watch.engine.crash(container)
    watch.wait_recovered("webui")
    assert watch.containers() == [container]
    assert watch.engine.inspect(container)["Name"] == "/parked"

    recreated = watch.daemon.cli("recover", "webui", "--action", "recreate")
    assert recreated.code == 0, recreated.err
    assert [watch.engine.inspect(one)["Name"] for one in watch.containers()] == ["/webui"]
    assert watch.gone(container)


def test_a_renamed_compose_container_is_still_its_service(watch: Scene, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(STACK)
    watch.engine.compose(tmp_path, "up", "--detach")
    watch.start("shop/web")
    (container,) = watch.containers()
    watch.engine.docker("rename", "shop-web-1", "something")
    watch.daemon.wait(lambda: watch.service("shop/web")["container"]["name"] == "something", "the name is not seen")
    watch.two_polls()
    assert watch.daemon.protected("shop/web")
    assert watch.containers() == [container]
    assert watch.intents() == watch.daemon.incidents() == []
    assert watch.daemon.cli("check").code == 0


def test_a_successor_that_takes_the_name_takes_the_service(watch: Scene) -> None:
    """How people replace a container by hand: rename aside, stop, run anew under the old name."""
    old = watch.engine.run("webui", "--stop-timeout", "0", "-e", "VERSION=1")
    watch.daemon.environment |= LONG_GRACE
    watch.start("webui")
    watch.engine.docker("rename", "webui", "webui-before")
    watch.engine.docker("stop", "webui-before")
    watch.daemon.wait(lambda: watch.health("webui") == "unhealthy", "its stop is not seen")
    new = watch.engine.run("webui", "-e", "VERSION=2")
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    watch.oracle.compare()
    assert watch.service("webui")["container"]["id"] == new
    assert watch.engine.inspect(old)["State"]["Running"] is False
    assert watch.intents() == []

    watch.engine.crash(new)
    watch.daemon.wait(lambda: watch.events(new, "start") == ["start", "start"], "its successor is not started")
    watch.daemon.wait_protected("webui")
    assert watch.engine.inspect(old)["State"]["Running"] is False
    assert {row["payload"]["container"] for row in watch.intents()} == {new}


def test_a_reused_name_is_the_service_again(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.daemon.environment |= LONG_GRACE
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    new = watch.engine.run("webui")
    watch.daemon.wait(lambda: watch.service("webui")["container"]["id"] == new, "its successor is not seen")
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    assert watch.containers() == [new] != [old]
    assert watch.intents() == []


def test_a_name_that_is_another_containers_id_prefix_leads_to_the_right_one(watch: Scene) -> None:
    victim = watch.engine.run("victim")
    name = victim[:12]
    namesake = watch.engine.run(name, "--stop-timeout", "0")
    watch.start("victim", name)

    watch.engine.crash(namesake)
    assert watch.wait_recovered(name)["cause"] == "crashed"
    ran = watch.daemon.cli("recover", name, "--action", "restart", "--json")
    assert ran.code == 0, ran.err
    watch.engine.docker("rm", "--force", name)  # the engine prefers a name to an ID's prefix
    watch.daemon.wait(lambda: len(watch.containers()) == 2 and watch.daemon.protected(name), "it does not come back")
    watch.two_polls()

    assert watch.events(victim, "start", "die", "kill", "stop", "restart", "rename") == ["start"]
    assert watch.engine.inspect(name)["Name"] == f"/{name}"
    assert namesake not in watch.containers()
    assert {row["subject"] for row in watch.intents()} == {name}


def test_a_service_whose_container_takes_anothers_name_is_not_made_a_second_time(watch: Scene) -> None:
    """Blue and green: both run, and the name goes from one to the other."""
    blue = watch.engine.run("webui", "--stop-timeout", "0")
    green = watch.engine.run("webui-next")
    watch.daemon.environment |= {"WATCHDOG_HEALTH__SOAK": "5s"}
    watch.start("webui", "webui-next")
    watch.engine.docker("rename", "webui", "webui-before")
    watch.engine.docker("rename", "webui-next", "webui")
    watch.daemon.wait(lambda: watch.service("webui")["container"]["id"] == green, "the new name is not seen")
    watch.engine.docker("rm", "--force", "webui-before")
    watch.two_polls()
    watch.oracle.compare()
    assert watch.containers() == [green] != [blue]
    assert [one["name"] for one in watch.daemon.status()["services"]] == ["webui"]
    assert watch.intents() == []
    assert watch.daemon.cli("check").code == 0
    watch.daemon.wait_protected("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")


def test_two_containers_that_swap_their_names_are_left_alone(watch: Scene) -> None:
    one = watch.engine.run("one")
    two = watch.engine.run("two")
    watch.daemon.environment |= {**LONG_GRACE, "WATCHDOG_HEALTH__SOAK": "5s"}
    watch.start("one", "two")
    for old, new in (("one", "tmp"), ("two", "one"), ("tmp", "two")):
        watch.engine.docker("rename", old, new)
    watch.daemon.wait(lambda: watch.service("one")["container"]["id"] == two, "the swap is not seen")
    watch.daemon.wait_protected("one", "two")
    watch.two_polls()
    watch.oracle.compare()
    assert {watch.service(name)["container"]["id"] for name in ("one", "two")} == {one, two}
    assert sorted(watch.containers()) == sorted((one, two))
    assert watch.intents() == watch.daemon.incidents() == []
