"""What no check of a part sees: nobody can log in. The web application is real, its sessions are in a real Redis."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.support.office import PASSWORD

pytestmark = pytest.mark.engine

OFFICE, REDIS, FRONT = 8090, 6390, 8091
HOSTS_PROGRAMS = ("--volume=/usr:/usr:ro", "--volume=/lib:/lib:ro", "--volume=/lib64:/lib64:ro")
JOURNEY = f"""
[[endpoint]]
name = "front-page"
url = "http://127.0.0.1:{OFFICE}/"
interval = "500ms"

[[endpoint]]
name = "session-port"
tcp = "127.0.0.1:{REDIS}"
service = "sessions"
interval = "500ms"

[[journey]]
name = "office"
services = ["front", "sessions"]
base = "http://127.0.0.1:{OFFICE}"
interval = "5s"
retry_interval = "500ms"
timeout = "5s"
redact = ["csrf"]
secrets = {{ password = "{PASSWORD}" }}
[[journey.step]]
name = "front"
url = "http://127.0.0.1:{FRONT}/"
[[journey.step]]
name = "form"
url = "/login"
service = "BLAMED"
capture.csrf = {{ html = "input[name=csrf]", attribute = "value" }}
[[journey.step]]
name = "login"
url = "/login"
form = {{ user = "ann", password = "{{{{ password }}}}", csrf = "{{{{ csrf }}}}" }}
service = "BLAMED"
body_contains = "Documents of ann"
[[journey.step]]
name = "calendar"
url = "/calendar"
service = "BLAMED"
body_contains = "Calendar of ann"
"""


@pytest.fixture
def office(watch: Scene) -> Iterator[None]:
    """The application on the engine's host, its session store and its front in containers."""
    watch.engine.run("front", "--publish", f"{FRONT}:80", "--stop-timeout=1", "--", "httpd", "-f", "-h", "/www")
    redis = ("/usr/bin/redis-server", "--protected-mode", "no", "--save", "")
    watch.engine.run("sessions", "--publish", f"{REDIS}:6379", "--stop-timeout=1", *HOSTS_PROGRAMS, "--", *redis)
    command = [sys.executable, "-m", "tests.support.office", str(OFFICE), f"redis://127.0.0.1:{REDIS}"]
    application = subprocess.Popen([*watch.engine.enter, *command], cwd=Path(__file__).parents[2])
    yield
    application.kill()
    application.wait()


def journey_passes(watch: Scene) -> bool:
    return [one["verdict"] for one in watch.daemon.status()["journeys"]] == ["pass"]


def redis(watch: Scene, *command: str) -> None:
    watch.engine.command("redis-cli", "-p", str(REDIS), *command)


@pytest.mark.usefixtures("office")
def test_a_session_store_that_runs_and_keeps_nothing_is_seen_by_the_journey_alone_and_recovered(watch: Scene) -> None:
    watch.start("front", "sessions", more=JOURNEY.replace("BLAMED", "sessions"))
    watch.daemon.wait(lambda: journey_passes(watch), "the journey does not pass", 30.0)
    looked = watch.daemon.cli("check", "--json").json
    assert [(one["name"], one["verdict"]) for one in looked["journeys"]] == [("office", "pass")]
    redis(watch, "config", "set", "maxmemory", "1")
    incident = watch.wait_recovered("sessions")
    assert incident["cause"] == "check_failed"
    assert "office fails: step form fails: " in incident["summary"]
    assert [row["subject"] for row in watch.intents()] == ["sessions"]
    assert {one["subject"] for one in watch.daemon.incidents()} == {"sessions"}
    (closed,) = watch.sentences(incident, "incident_closed")
    assert "recovered by restart and verified: runs and passes" in closed
    assert "office" in closed
    assert journey_passes(watch)
    shown = watch.daemon.cli("show", str(incident["id"])).out
    assert f"form: GET http://127.0.0.1:{OFFICE}/login" in shown
    assert "→ 503" in shown
    assert "the session store does not answer" in shown
    assert PASSWORD not in shown


@pytest.mark.usefixtures("office")
def test_a_journey_that_fails_for_want_of_another_of_its_services_is_part_of_that_ones_incident(watch: Scene) -> None:
    """Its steps are the front's; what is down is the session store."""
    watch.start("front", "sessions", more=JOURNEY.replace("BLAMED", "front"))
    watch.daemon.wait(lambda: journey_passes(watch), "the journey does not pass", 30.0)
    assert watch.daemon.cli("pause", "sessions", "--for", "1h", "--reason", "to look at the front").code == 0
    watch.engine.crash("sessions")
    watch.wait_incident("sessions")

    def waits() -> bool:
        front = watch.service("front")
        return front["health"] == "unhealthy" and "waiting for sessions" in front["recovery"]

    watch.daemon.wait(waits, "the front does not wait", 30.0)
    assert watch.daemon.cli("resume", "sessions").code == 0
    watch.wait_recovered("sessions")
    watch.daemon.wait(lambda: watch.health("front") == "healthy", "the front is not good again", 30.0)
    assert {row["subject"] for row in watch.intents()} == {"sessions"}
    assert {one["subject"] for one in watch.daemon.incidents()} == {"sessions"}


@pytest.mark.usefixtures("office")
def test_a_journey_of_no_service_is_told_with_its_evidence_and_nothing_is_done(watch: Scene) -> None:
    alone = JOURNEY.replace('services = ["front", "sessions"]\n', "").replace('service = "BLAMED"\n', "")
    watch.start("front", "sessions", more=alone)
    watch.daemon.wait(lambda: journey_passes(watch), "the journey does not pass", 30.0)
    redis(watch, "config", "set", "maxmemory", "1")
    incident = watch.wait_incident("endpoint office")
    (kept,) = watch.daemon.wait(
        lambda: [row for row in watch.daemon.timeline(incident["id"]) if row["kind"] == "observation"], "no run is kept"
    )
    assert [step["verdict"] for step in kept["payload"]["steps"]] == ["pass", "fail", "unknown", "unknown"]
    metrics = watch.daemon.metrics()
    assert 'watchdog_journey_success{journey="office"} 0.0' in metrics
    assert 'watchdog_journey_step_success{journey="office",step="form"} 0.0' in metrics
    redis(watch, "config", "set", "maxmemory", "0")
    watch.wait_recovered("endpoint office")
    assert watch.intents() == []
