"""What one container sees of another, asked from there: a broken discovery that the host never notices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

SERVE = ("--", "sh", "-c", "mkdir -p /tmp/www; exec httpd -f -p 80 -h /tmp/www")
ENDPOINTS = """
[[endpoint]]
name = "from-the-host"
tcp = "127.0.0.1:8081"
interval = "500ms"

[[endpoint]]
name = "from-webui"
tcp = "db:80"
from = "webui"
interval = "2s"
retry_interval = "500ms"
"""
UNIT = "net_admin,dac_override,kill"
"""What deploy/systemd/watchdog.service leaves to root; `from.conf` adds the two others."""


def _two_containers(engine: LabEngine) -> None:
    """`db` publishes a port on one network, and `webui` finds it on another."""
    for network in ("front", "back"):
        engine.docker("network", "create", network)
    engine.run("store", "--network", "front", "-p", "8081:80", "--stop-signal", "KILL", *SERVE)
    engine.docker("network", "connect", "--alias", "db", "back", "store")
    engine.run("webui", "--network", "back", "--stop-signal", "KILL", *SERVE)


def _verdicts(watch: Scene) -> dict[str, Any]:
    return {one["name"]: one["verdict"] for one in watch.daemon.status()["endpoints"]}


def test_a_discovery_that_breaks_between_containers_is_seen_from_there_alone(watch: Scene) -> None:
    _two_containers(watch.engine)
    watch.start("store", "webui", more=ENDPOINTS)
    fine = {"from-the-host": "pass", "from-webui": "pass"}
    watch.daemon.wait(lambda: _verdicts(watch) == fine, "not both pass")

    watch.engine.docker("network", "disconnect", "back", "store")
    watch.engine.docker("network", "connect", "--alias", "database", "back", "store")
    incident = watch.wait_incident("endpoint from-webui")
    assert incident["summary"].startswith("the name db is not known on the networks of webui")
    assert _verdicts(watch) == {"from-the-host": "pass", "from-webui": "fail"}

    watch.engine.docker("network", "disconnect", "back", "store")
    watch.engine.docker("network", "connect", "--alias", "db", "back", "store")
    watch.daemon.wait(lambda: _verdicts(watch) == fine, "not found again")
    assert watch.intents() == []


@pytest.mark.parametrize(
    ("capabilities", "verdict", "said"),
    [
        (f"{UNIT},sys_admin,sys_ptrace", "pass", "takes connections"),
        (f"{UNIT},sys_ptrace", "unknown", "CAP_SYS_ADMIN"),
        (UNIT, "unknown", "CAP_SYS_PTRACE"),
    ],
)
def test_from_needs_the_two_capabilities_that_its_drop_in_gives_and_says_so(
    clean_engine: LabEngine, tmp_path: Path, capabilities: str, verdict: str, said: str
) -> None:
    _two_containers(clean_engine)
    file = tmp_path / "config.toml"
    file.write_text(ENDPOINTS)
    bounded = ",".join(["-all", *(f"+{name}" for name in capabilities.split(","))])
    privileges = ("setpriv", f"--bounding-set={bounded}", "--inh-caps=-all", "--no-new-privs")
    program = (sys.executable, "-m", "watchdog", "--config", str(file), "check", "--json")
    environ = clean_engine.environment | {"WATCHDOG_STATE__DIR": str(tmp_path / "state")}
    done = subprocess.run(
        [*clean_engine.enter, *privileges, *program], env=environ, capture_output=True, text=True, check=False
    )
    (endpoint,) = [one for one in json.loads(done.stdout)["endpoints"] if one["name"] == "from-webui"]
    assert (endpoint["verdict"], said in endpoint["reason"]) == (verdict, True), endpoint
