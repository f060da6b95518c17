"""Debian 12's engine becomes Debian 13's over the same data, as an upgrade of the host does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import SceneOf
from tests.faults.scene import Scene
from tests.fidelity.wishes import Wish
from tests.lab.engine import BASE_IMAGE, LOGS, LabEngine
from tests.lab.ground import LabUnavailable
from tests.lab.sameness import assert_the_same, differences

pytestmark = pytest.mark.engine

NEWER = LOGS / "debian13" / "bin"
SECOND = 10**9
MEBI = 2**20
ORDER = Wish(
    body={
        "Image": BASE_IMAGE,
        "Env": ["A=b"],
        "MacAddress": "06:11:22:33:44:55",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": SECOND},
        "Volumes": {"/anonymous": {}},
        "ExposedPorts": {"80/tcp": {}},
        "StopTimeout": 0,
        "HostConfig": {
            "NetworkMode": "front",
            "Binds": ["named:/named"],
            "PortBindings": {"80/tcp": [{"HostPort": "8081"}]},
            "RestartPolicy": {"Name": "always"},
            "Memory": 32 * MEBI,
            "CapDrop": ["ALL"],
            "Ulimits": [{"Name": "nofile", "Soft": 99, "Hard": 99}],
            "Dns": ["10.77.0.1"],
            "Init": True,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "Tmpfs": {"/run": "size=1m"},
        },
        "NetworkingConfig": {
            "EndpointsConfig": {"front": {"Aliases": ["www"], "IPAMConfig": {"IPv4Address": "10.77.0.9"}}}
        },
    },
    connected={"back": {"Aliases": ["inner"]}},
)


@pytest.fixture
def scene(own_engine: Callable[..., LabEngine], scene_of: SceneOf) -> Scene:
    """Debian 12's engine with a service that much was asked of, and one that stays."""
    if not NEWER.exists():
        raise LabUnavailable("there is no engine to upgrade to: run `make debian-engine`")
    scene = scene_of(own_engine(programs=""))
    scene.engine.docker("network", "create", "--subnet", "10.77.0.0/24", "front")
    scene.engine.docker("network", "create", "back")
    scene.engine.run("neighbour", "--restart", "always", "--stop-timeout", "0")
    ORDER.fulfil(scene.engine, "webui")
    scene.start("webui", "neighbour")
    return scene


def test_what_was_removed_before_an_upgrade_comes_back_equal_after_it(scene: Scene) -> None:
    before = scene.engine.inspect("webui")
    scene.daemon.stop()
    scene.engine.docker("rm", "--force", "webui")
    scene.engine.replace(str(NEWER))
    scene.daemon.start()
    scene.wait_recovered("webui")
    assert_the_same(before, scene.engine.inspect("webui"))
    assert [row["subject"] for row in scene.intents()] == ["webui"]


def test_an_upgrade_under_the_daemon_is_no_fault_and_what_is_removed_after_it_comes_back_equal(scene: Scene) -> None:
    scene.engine.replace(str(NEWER))
    scene.daemon.wait(lambda: scene.health("webui") == "healthy", "webui is not healthy after the upgrade")
    scene.two_polls()
    assert scene.intents() == []
    before = scene.engine.inspect("webui")
    scene.engine.docker("rm", "--force", "webui")
    scene.wait_recovered("webui")
    # the newer engine starts a container of the older one's with a generated MAC, though its Config has another
    assert differences(before, scene.engine.inspect("webui")) == [
        f"as asked for.networks.front.mac: '' became '{ORDER.body['MacAddress']}'"
    ]
    scene.daemon.stop()
    scene.daemon.start()
    scene.two_polls()
    assert [row["subject"] for row in scene.intents()] == ["webui"]
