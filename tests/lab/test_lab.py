"""The lab must be trusted before anything that is measured in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.engine import LabEngine
from tests.lab.ground import HOME
from tests.support.eventually import eventually_sync

pytestmark = pytest.mark.engine
SERVE = ("--", "httpd", "-f", "-p", "80", "-h", "/www")


def _serves(engine: LabEngine, port: int) -> bool:
    try:
        return engine.get(port).body == b"ok\n"
    except OSError:
        return False


def test_a_published_port_is_reached_from_outside_and_from_inside_the_namespace(clean_engine: LabEngine) -> None:
    clean_engine.run("web", "-p", "8080:80", *SERVE)
    eventually_sync(lambda: _serves(clean_engine, 8080))
    assert clean_engine.command("busybox", "wget", "-qO-", "http://127.0.0.1:8080/") == "ok"


def test_images_differ_by_marker_and_keep_their_configuration(clean_engine: LabEngine) -> None:
    one = clean_engine.image("shop/web:1", healthcheck="--interval=1s CMD true", volume=["/data"], env={"A": "b c"})
    two = clean_engine.image("shop/web:2", healthcheck="--interval=1s CMD true", volume=["/data"], env={"A": "b c"})
    assert one != two
    config = clean_engine.api("GET", f"/images/{one}/json").json["Config"]
    assert config["Healthcheck"]["Test"] == ["CMD-SHELL", "true"]
    assert config["Volumes"] == {"/data": {}}
    assert "A=b c" in config["Env"]


def test_compose_runs_a_project(clean_engine: LabEngine, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'busybox:lab'}}\nname: shop\n")
    clean_engine.compose(tmp_path, "up", "--detach")
    assert clean_engine.docker("ps", "--format", "{{.Names}}") == "shop-web-1"


def test_an_own_engine_survives_kill_and_freeze_and_leaves_nothing(own_engine: Callable[..., LabEngine]) -> None:
    engine = own_engine()
    container = engine.run("c1")
    engine.kill()
    engine.start()
    assert engine.inspect(container)["State"]["Running"] is False
    engine.freeze()
    with pytest.raises(TimeoutError):
        engine.api("GET", "/_ping", timeout=0.2)
    engine.thaw()
    engine.docker("start", container)


def test_the_ground_is_empty_after_use() -> None:
    from tests.lab.engine import lab_engine
    from tests.lab.ground import LabUnavailable

    try:
        with lab_engine() as engine:
            engine.run("c1", "--restart", "always")
            name = engine.netns
    except LabUnavailable as why:
        pytest.skip(str(why))
    assert not (HOME / name).exists()
    assert name not in subprocess.run(["ip", "netns"], check=True, capture_output=True, text=True).stdout
    assert str(HOME / name) not in Path("/proc/self/mountinfo").read_text()
