"""Fault 26: containers that live in another one's network, pid or ipc namespace, and what becomes of that one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors import recover
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

SERVE = ("--stop-signal", "KILL", "-p", "8081:80", "--", "httpd", "-f", "-p", "80", "-h", "/www")
STACK = """
name: shop
services:
  vpn:
    image: busybox:lab
    command: httpd -f -p 80 -h /www
    stop_signal: KILL
    ports: ["8081:80"]
  fetch:
    image: busybox:lab
    stop_signal: KILL
    network_mode: service:vpn
  watch:
    image: busybox:lab
    stop_signal: KILL
    pid: service:vpn
"""
ALL_THREE = ("--network", "container:parent", "--pid", "container:parent", "--ipc", "container:parent")

TIME_FOR_A_PERSON = {"WATCHDOG_RECOVERY__ABSENCE_GRACE": "10s"}
"""More than a person's restart or removal and run take, however slow the machine is."""


def _family(watch: Scene, *shared: str) -> tuple[str, str]:
    """A parent that serves, and a child that lives in its namespaces; their full IDs."""
    parent = watch.engine.run("parent", "--ipc", "shareable", *SERVE)
    child = watch.engine.run("child", "--stop-signal", "KILL", *(shared or ALL_THREE[:4]))
    return parent, child


def _asks_parent(watch: Scene, child: str) -> bool:
    """Whether the child reaches its parent where only one that shares its network can."""
    return watch.engine.docker("exec", child, "wget", "-q", "-O", "-", "http://127.0.0.1/") == "ok"


def _lives_with(watch: Scene, child: str, parent: str) -> list[str]:
    found = watch.engine.inspect(child)["HostConfig"]
    mode = f"container:{watch.engine.inspect(parent)['Id']}"
    return [field for field in ("NetworkMode", "PidMode", "IpcMode") if found[field] == mode]


def _verified_before_intent(watch: Scene, parent: str, child: str) -> bool:
    """By the ledger: the parent was verified before anything was begun on the child."""
    verified = [row["seq"] for row in watch.daemon.rows("outcome") if row["subject"] == parent]
    begun = [row["seq"] for row in watch.intents(child)]
    return bool(verified and begun) and max(verified) < min(begun)


def test_children_of_a_parent_that_is_removed_are_recreated_after_it(watch: Scene) -> None:
    parent, child = _family(watch, *ALL_THREE)
    watch.start("parent", "child")
    watch.engine.docker("rm", "--force", "parent")
    watch.wait_recovered("parent")
    watch.wait_recovered("child")
    assert {parent, child}.isdisjoint(watch.containers())
    assert _lives_with(watch, "child", "parent") == ["NetworkMode", "PidMode", "IpcMode"]
    assert _asks_parent(watch, "child")
    assert [row["payload"]["rung"] for row in watch.intents("child")] == ["recreate"]
    assert _verified_before_intent(watch, "parent", "child")
    watch.two_polls()
    assert len(watch.intents()) == 2


def test_children_of_a_parent_that_a_person_recreates_are_recreated(watch: Scene) -> None:
    _, child = _family(watch)
    watch.daemon.environment |= TIME_FOR_A_PERSON
    watch.start("parent", "child")
    watch.engine.docker("rm", "--force", "parent")
    new = watch.engine.run("parent", "-e", "VERSION=2", *SERVE)
    watch.wait_recovered("child")
    assert child not in watch.containers()
    assert watch.engine.inspect("parent")["Id"] == new
    assert _lives_with(watch, "child", "parent") == ["NetworkMode", "PidMode"]
    assert _asks_parent(watch, "child")
    assert watch.intents("parent") == []


def test_children_of_a_parent_that_is_recreated_by_order_are_recreated(watch: Scene) -> None:
    _, child = _family(watch)
    watch.start("parent", "child")
    code, (result,) = recover(watch, "parent", "--action", "recreate")
    assert (code, result["outcome"]) == (0, "recovered")
    watch.wait_recovered("child")
    assert child not in watch.containers()
    assert _asks_parent(watch, "child")
    assert len(watch.containers()) == 2


def test_children_of_a_parent_that_is_restarted_are_restarted_and_not_recreated(watch: Scene) -> None:
    parent, child = _family(watch, "--network", "container:parent")
    watch.daemon.environment |= TIME_FOR_A_PERSON
    watch.start("parent", "child")
    watch.engine.docker("restart", "parent")
    incident = watch.wait_recovered("child")
    assert incident["cause"] == "namespace_lost"
    (intent,) = watch.intents()
    assert "namespace of parent, which was started again since" in intent["sentence"]
    assert sorted(watch.containers()) == sorted((parent, child))
    assert intent["payload"]["rung"] == "restart"
    assert _asks_parent(watch, "child")


def test_children_of_a_parent_that_crashes_wait_for_it_and_are_restarted(watch: Scene) -> None:
    parent, child = _family(watch, "--network", "container:parent")
    watch.start("parent", "child")
    watch.engine.crash("parent")
    watch.wait_recovered("parent")
    watch.wait_recovered("child")
    assert sorted(watch.containers()) == sorted((parent, child))
    assert _verified_before_intent(watch, "parent", "child")
    assert _asks_parent(watch, "child")


def test_a_family_that_is_removed_whole_comes_back_parent_first(watch: Scene) -> None:
    _family(watch, *ALL_THREE)
    watch.start("parent", "child")
    watch.engine.docker("rm", "--force", "child", "parent")
    watch.wait_recovered("parent")
    watch.wait_recovered("child")
    assert _verified_before_intent(watch, "parent", "child")
    assert _lives_with(watch, "child", "parent") == ["NetworkMode", "PidMode", "IpcMode"]
    assert len(watch.containers()) == 2


def test_a_child_that_crashes_alone_leaves_its_parent_alone(watch: Scene) -> None:
    parent, child = _family(watch, "--network", "container:parent")
    watch.start("parent", "child")
    watch.engine.crash("child")
    watch.wait_recovered("child")
    watch.two_polls()
    assert {row["subject"] for row in watch.intents()} == {"child"}
    assert sorted(watch.containers()) == sorted((parent, child))


def test_a_compose_service_in_anothers_network_comes_back_once_and_compose_makes_it_only_once_more(
    watch: Scene, tmp_path: Path
) -> None:
    """Compose hashes the ID of the container whose namespace it is: nobody but Compose can make that label right."""
    engine = watch.engine
    (tmp_path / "compose.yaml").write_text(STACK)
    engine.compose(tmp_path, "up", "--detach")
    watch.start("shop/vpn", "shop/fetch", "shop/watch")
    engine.docker("rm", "--force", "shop-vpn-1")
    for name in ("vpn", "fetch", "watch"):
        watch.wait_recovered(f"shop/{name}")
    assert _lives_with(watch, "shop-fetch-1", "shop-vpn-1") == ["NetworkMode"]
    assert _lives_with(watch, "shop-watch-1", "shop-vpn-1") == ["PidMode"]
    assert _asks_parent(watch, "shop-fetch-1")
    watch.two_polls()
    assert len(watch.containers()) == len(watch.intents()) == 3
    watch.verdict()
    watch.daemon.stop()  # its grace is too short here for what Compose does now
    vpn = engine.inspect("shop-vpn-1")["Id"]
    engine.compose(tmp_path, "up", "--detach")
    assert engine.inspect("shop-vpn-1")["Id"] == vpn
    said = engine.compose(tmp_path, "up", "--detach")
    assert said.count("Running") == 3, said
