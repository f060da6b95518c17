"""Fault 24: what a recovery needs is gone or taken. It is said which, and no attempt is burnt on what cannot work."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import BASE_IMAGE
from tests.lab.sameness import assert_the_same

pytestmark = pytest.mark.engine

MAC = "02:aa:00:00:00:01"
OLD_API = "v1.41"
"""Spoken by both engines; later the MAC moved from the container to its network."""


def _handed_over(watch: Scene, because: str) -> None:
    """At once, critical, without an attempt and without a container."""
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over")
    watch.daemon.wait(lambda: because in watch.service("webui")["recovery"], f"it is not said that {because}")
    assert watch.wait_incident("webui")["severity"] == "critical"
    watch.two_polls()
    assert watch.intents() == []
    assert watch.containers() == []


def _waits(watch: Scene, because: str, service: str = "webui") -> None:
    """It says what it waits for, and goes on waiting."""
    watch.daemon.wait(lambda: because in watch.service(service)["recovery"], f"it does not wait because {because}")
    watch.two_polls()
    assert because in watch.service(service)["recovery"]
    assert watch.intents() == []


def _back_by_one_attempt(watch: Scene) -> Any:
    """The service, recreated by attempt 1; its inspect object."""
    watch.wait_recovered("webui")
    (intent,) = watch.intents()
    assert intent["sentence"] == "will recreate: it has no container; attempt 1 of 3"
    return watch.engine.inspect("webui")


def test_an_image_that_is_gone_is_named_and_left_to_a_person(watch: Scene) -> None:
    image = watch.engine.image("shop/webui:1")
    watch.engine.run("webui", image="shop/webui:1")
    watch.start("webui")
    watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.docker("rmi", "--force", image)
    watch.daemon.cli("resume", "webui")
    short = image.removeprefix("sha256:")[:12]
    _handed_over(watch, f"its image shop/webui:1 ({short}) is gone from the engine")


def test_a_port_that_another_container_has_is_waited_for(watch: Scene) -> None:
    before = watch.engine.inspect(watch.engine.run("webui", "--publish", "8081:80"))
    watch.start("webui")
    watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.run("squatter", "--publish", "127.0.0.1:8081:90")
    watch.daemon.cli("resume", "webui")
    _waits(watch, "port 8081/tcp is taken by container squatter")
    watch.daemon.cli("retire", "squatter", "--reason", "a test")
    watch.engine.docker("rm", "--force", "squatter")
    assert_the_same(before, _back_by_one_attempt(watch))


def test_a_port_that_a_program_of_the_host_has_is_said_and_no_other_deployment_is_tried(watch: Scene) -> None:
    watch.engine.run("webui", "--publish", "8081:80")
    watch.start("webui")
    watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
    watch.engine.docker("rm", "--force", "webui")
    listener = subprocess.Popen([*watch.engine.enter, "busybox", "nc", "-l", "-p", "8081"])
    try:
        watch.daemon.cli("resume", "webui")
        watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 60.0)
    finally:
        listener.kill()
        listener.wait()
    assert [row["payload"]["rung"] for row in watch.intents()] == ["recreate"] * 3
    assert "0.0.0.0:8081: bind: address already in use" in watch.daemon.rows("outcome")[0]["sentence"]
    assert watch.containers() == [], "nothing is left of attempts"


def test_an_address_that_another_container_has_is_waited_for(watch: Scene) -> None:
    watch.engine.docker("network", "create", "--subnet", "10.77.0.0/24", "front")
    options = ("--network", "front", "--ip", "10.77.0.9")
    before = watch.engine.inspect(watch.engine.run("webui", *options))
    watch.start("webui")
    watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.run("squatter", *options)
    watch.daemon.cli("resume", "webui")
    _waits(watch, "address 10.77.0.9 is taken by container squatter")
    watch.daemon.cli("retire", "squatter", "--reason", "a test")
    watch.engine.docker("rm", "--force", "squatter")
    assert_the_same(before, _back_by_one_attempt(watch))


def test_a_name_that_another_service_has_is_waited_for(watch: Scene) -> None:
    labels = ("--label", "com.docker.compose.project=shop", "--label", "com.docker.compose.service=webui")
    before = watch.engine.inspect(watch.engine.run("shop-webui-1", *labels))
    watch.start("shop/webui")
    watch.daemon.cli("pause", "shop/webui", "--for", "1h", "--reason", "a test")
    watch.engine.docker("rm", "--force", "shop-webui-1")
    squatter = watch.engine.run("shop-webui-1")
    watch.daemon.cli("resume", "shop/webui")
    _waits(watch, f"the name shop-webui-1 is taken by container {squatter[:12]}", "shop/webui")
    watch.engine.docker("rename", "shop-webui-1", "another")
    watch.wait_recovered("shop/webui")
    assert_the_same(before, watch.engine.inspect("shop-webui-1"))
    assert len(watch.intents()) == 1


def test_a_network_that_is_gone_is_made_again_as_it_was(watch: Scene) -> None:
    engine = watch.engine
    options = ("--subnet", "10.77.0.0/24", "--label", "com.docker.compose.network=lan", "--opt", "a.b=c")
    engine.docker("network", "create", *options, "front")
    engine.docker("network", "create", "back")
    endpoint = {"IPAMConfig": {"IPv4Address": "10.77.0.9"}, "Aliases": ["www"]}
    body = {"Image": BASE_IMAGE, "MacAddress": MAC, "HostConfig": {"NetworkMode": "front"}}
    networking = {"NetworkingConfig": {"EndpointsConfig": {"front": endpoint}}}
    engine.api("POST", f"/{OLD_API}/containers/create", body | networking, {"name": "webui"})
    engine.docker("start", "webui")
    engine.docker("network", "connect", "--alias", "hidden", "back", "webui")
    before, networks = engine.inspect("webui"), _networks(watch)
    watch.start("webui")
    watch.daemon.cli("pause", "webui", "--for", "1h", "--reason", "a test")
    engine.docker("rm", "--force", "webui")
    engine.docker("network", "rm", "front", "back")
    watch.daemon.cli("resume", "webui")
    after = _back_by_one_attempt(watch)
    assert_the_same(before, after)
    assert after["NetworkSettings"]["Networks"]["front"]["MacAddress"] == MAC
    assert _networks(watch) == networks


def _networks(watch: Scene) -> dict[str, Any]:
    """What was asked of each network."""
    found = [watch.engine.api("GET", f"/networks/{name}").json for name in ("front", "back")]
    return {one["Name"]: [one[field] for field in ("Driver", "Labels", "Options", "IPAM")] for one in found}
