"""Fault 13: a container is removed and nobody announced it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine
from tests.lab.sameness import assert_the_same

pytestmark = pytest.mark.engine

SERVE = ("--", "httpd", "-f", "-p", "80", "-h", "/www")
STACK = """
name: shop
services:
  db:
    image: busybox:lab
    volumes: [data:/data]
  api:
    image: busybox:lab
    depends_on: [db]
    networks: {default: {}, back: {aliases: [backend]}}
  webui:
    image: busybox:lab
    command: httpd -f -p 80 -h /www
    depends_on: [api]
    ports: ["8081:80"]
    volumes: [/cache]
networks: {back: {}}
volumes: {data: {}}
"""
LONG_GRACE = {"WATCHDOG_RECOVERY__ABSENCE_GRACE": "1h", "WATCHDOG_RECOVERY__ABSENCE_MAX": "1h"}
"""An hour, so that what happens within the grace happens within the grace, however slow the machine is."""


def serves(engine: LabEngine, port: int) -> bool:
    try:
        return engine.get(port).body == b"ok\n"
    except OSError:
        return False


def test_a_removed_container_is_recreated_once_with_all_that_it_had(watch: Scene) -> None:
    engine = watch.engine
    image = engine.image("shop/webui:1", volume=["/cache"], env={"PATH": "/bin", "SECRET": "kept"})
    for network in ("front", "back"):
        engine.docker("network", "create", network)
    options = ("--network", "front", "--network-alias", "ui", "-v", "site:/site", "-p", "8081:80", "-e", "A=b")
    old = engine.run("webui", *options, *SERVE, image="shop/webui:1")
    engine.docker("network", "connect", "--alias", "web", "back", "webui")
    engine.docker("exec", "webui", "touch", "/cache/precious", "/site/precious")
    before = engine.inspect(old)
    networks = before["NetworkSettings"]["Networks"]
    assert {name: set(one["Aliases"]) - {old[:12]} for name, one in networks.items()} == {
        "front": {"ui"},
        "back": {"web"},
    }
    watch.start("webui")
    since = watch.moment()

    engine.docker("rm", "--force", "webui")
    incident = watch.wait_recovered("webui")

    (new,) = watch.containers()
    assert new != old
    assert_the_same(before, engine.inspect(new))
    assert engine.inspect(new)["Image"] == image
    engine.docker("exec", "webui", "ls", "/cache/precious", "/site/precious")
    watch.daemon.wait(lambda: serves(engine, 8081), "it does not serve")
    watch.two_polls()
    assert watch.containers() == [new]
    assert watch.events(new, "create", "start", "die", "restart", since=since) == ["create", "start"]
    assert watch.events(old, "die", "destroy", since=since) == ["die", "destroy"]
    assert incident["cause"] == "missing"
    (intent,) = watch.intents()
    assert intent["sentence"] == "will recreate: it has no container; attempt 1 of 3"
    assert watch.sentences(incident, "incident_opened")[0].startswith("it has no container")
    (outcome,) = watch.sentences(incident, "outcome")
    assert outcome.startswith("recreate recovered: runs")


def test_a_moved_tag_does_not_change_what_comes_back(watch: Scene) -> None:
    engine = watch.engine
    first = engine.image("shop/webui:1", marker="first")
    engine.run("webui", image="shop/webui:1")
    watch.start("webui")
    assert engine.image("shop/webui:1", marker="second") != first
    engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")
    assert engine.inspect("webui")["Image"] == first
    assert engine.docker("exec", "webui", "cat", "/marker") == "first"


def test_a_removed_service_is_missing_at_once_in_every_output(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.environment |= LONG_GRACE
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.daemon.wait(lambda: watch.service("webui")["container"] is None, "its container is not called gone")
    assert watch.service("webui")["health"] == "missing"
    waits = "it has no container; a person or a deployment may be at work (absence grace)"
    watch.daemon.wait(lambda: watch.service("webui")["recovery"] == waits, "it is not said what it waits for")
    assert watch.wait_incident("webui")["closed_at"] is None
    checked = watch.daemon.cli("check", "--json")
    assert checked.code == 2
    assert [one["health"] for one in checked.json["services"]] == ["missing"]
    assert watch.daemon.cli("status").code == 2
    watch.two_polls()
    assert watch.containers() == []
    assert watch.intents() == []


def test_a_replacement_by_a_person_within_the_grace_wins(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.daemon.environment |= LONG_GRACE
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_incident("webui")
    new = watch.engine.run("webui")
    incident = watch.wait_recovered("webui")
    watch.two_polls()
    assert watch.containers() == [new] != [old]
    assert watch.service("webui")["container"]["id"] == new
    assert watch.intents() == []
    assert watch.sentences(incident, "incident_closed")[0].startswith("good again without an action of watchdog's")


def test_a_removed_compose_service_comes_back_so_that_compose_finds_nothing_to_do(watch: Scene, tmp_path: Path) -> None:
    engine = watch.engine
    project = tmp_path / "shop"
    project.mkdir()
    (project / "compose.yaml").write_text(STACK)
    engine.compose(project, "up", "--detach")
    before = {name: engine.inspect(f"shop-{name}-1") for name in ("db", "api", "webui")}
    watch.start("shop/db", "shop/api", "shop/webui")
    for name in ("webui", "api"):
        engine.docker("rm", "--force", f"shop-{name}-1")
    for name in ("webui", "api"):
        assert watch.wait_recovered(f"shop/{name}")["cause"] == "missing"

    after = {name: engine.inspect(f"shop-{name}-1") for name in before}
    for name, one in before.items():
        assert_the_same(one, after[name])
    assert after["db"]["Id"] == before["db"]["Id"]
    assert len(watch.containers()) == 3
    since = watch.moment()
    said = engine.compose(project, "up", "--detach")
    assert said.count("Running") == 3, said
    assert watch.happened(since) == []
    assert sorted(watch.containers()) == sorted(one["Id"] for one in after.values())
    assert [row["subject"] for row in watch.intents()].count("shop/webui") == 1
    assert len(watch.intents()) == 2


def test_compose_down_and_up_again_within_the_grace_is_left_to_compose(watch: Scene, tmp_path: Path) -> None:
    engine = watch.engine
    (tmp_path / "compose.yaml").write_text(STACK)
    engine.compose(tmp_path, "up", "--detach")
    watch.daemon.environment |= LONG_GRACE
    watch.start("shop/db", "shop/api", "shop/webui")
    engine.compose(tmp_path, "down", "--timeout", "0")
    watch.daemon.wait(lambda: watch.health("shop/webui") == "missing", "shop/webui is not called missing")
    engine.compose(tmp_path, "up", "--detach")
    watch.daemon.wait_protected("shop/db", "shop/api", "shop/webui")
    watch.two_polls()
    assert len(watch.containers()) == 3
    assert watch.intents() == []
