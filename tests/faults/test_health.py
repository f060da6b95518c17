"""Faults 10 to 12: what runs and does not serve, what is paused, what flaps, and what only needs its time."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

SERVES = ("--", "httpd", "-f", "-p", "80", "-h", "/www")
NEVER_ENDING = "--health-start-period=1h"
OFTEN = ("--health-interval=200ms", "--health-retries=1", "--health-timeout=5s")


def _checked(port: int) -> tuple[str, ...]:
    """Options of a service that is published on `port` and asked over HTTP, often."""
    words = {"url": f"http://127.0.0.1:{port}/", "interval": "500ms", "retry-interval": "300ms", "timeout": "500ms"}
    labels = (f"--label=watchdog.check.http.{word}={value}" for word, value in words.items())
    return ("--publish", f"{port}:80", "--stop-timeout", "1", *labels)


def _exec(watch: Scene, container: str, shell: str) -> None:
    watch.engine.docker("exec", container, "sh", "-c", shell)


def _wait_probe(watch: Scene, container: str) -> None:
    """Until the engine begins to ask its health check."""
    filters = json.dumps({"container": [container], "event": ["exec_start"]})
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(watch.engine.socket_path))
        connection.request("GET", f"/events?{urlencode({'filters': filters})}")
        connection.getresponse().readline()


def _told(watch: Scene, container: str) -> bool:
    """Whether the engine tells of a container without having to think about it."""
    with suppress(TimeoutError):
        return watch.engine.api("GET", f"/containers/{container}/json", timeout=1.0).status == 200
    return False


def _fail_for_a_moment(watch: Scene, name: str) -> None:
    """Its check fails until the daemon has doubts, and passes again."""
    _exec(watch, name, "mv /www/index.html /www/away")
    _wait_health(watch, name, "degraded")
    watch.oracle.compare()
    _exec(watch, name, "mv /www/away /www/index.html")
    _wait_health(watch, name, "healthy")


def _wait_health(watch: Scene, name: str, health: str) -> None:
    watch.daemon.wait(lambda: watch.health(name) == health, f"{name} is not {health}")


def test_a_pause_is_somebodys_intent_and_nothing_is_done(watch: Scene) -> None:
    container = watch.engine.run("webui", *_checked(8081), *SERVES)
    watch.start("webui")
    watch.engine.docker("pause", "webui")
    _wait_health(watch, "webui", "paused")
    watch.oracle.compare()
    watch.two_polls()
    assert watch.service("webui")["reason"] == "its container is paused (`docker pause`)"
    assert watch.daemon.incidents() == []
    assert watch.daemon.cli("check").code == 1

    watch.engine.docker("unpause", "webui")
    _wait_health(watch, "webui", "healthy")
    watch.two_polls()
    assert watch.daemon.incidents() == []
    assert watch.events(container, "start", "die", "kill", "restart") == ["start"]


def test_a_pause_in_the_middle_of_a_health_probe_is_not_taken_for_an_engine_that_is_away(watch: Scene) -> None:
    """Docker 20.10 does not tell of such a container for 20 s; every third of these pauses comes upon that."""
    health = ("--health-interval=200ms", "--health-timeout=20s", "--health-cmd=test -e /www")
    probed = watch.engine.run("webui", *_checked(8081), *health, *SERVES)
    watch.engine.run("api", *_checked(8082), *SERVES)
    watch.daemon.environment |= {"WATCHDOG_ENGINE__TIMEOUT": "1s"}
    watch.start("webui", "api")
    started_at = watch.engine.inspect(probed)["State"]["StartedAt"]
    for _ in range(30):
        _wait_probe(watch, probed)
        watch.engine.api("POST", f"/containers/{probed}/pause")
        if not _told(watch, probed):
            break
        watch.engine.api("POST", f"/containers/{probed}/unpause")
    watch.engine.docker("rm", "--force", "api")
    watch.daemon.wait(lambda: watch.incidents("api") and watch.health("api") == "healthy", "api is not brought back")
    watch.engine.api("POST", f"/containers/{probed}/unpause")
    _wait_health(watch, "webui", "healthy")
    watch.wait_recovered("api")
    watch.two_polls()
    assert [incident["subject"] for incident in watch.daemon.incidents()] == ["api"]
    assert watch.intents("webui") == []
    assert watch.engine.inspect(probed)["State"]["StartedAt"] == started_at


def test_a_health_check_that_could_not_be_asked_while_paused_says_nothing_after_it(watch: Scene) -> None:
    health = ("--health-interval=1s", "--health-retries=1", "--health-timeout=30s", "--health-cmd=true")
    container = watch.engine.run("webui", *health)
    watch.start("webui")
    watch.engine.docker("pause", "webui")

    def docker_calls_it_unhealthy() -> bool:
        return bool(watch.engine.inspect(container)["State"]["Health"]["Status"] == "unhealthy")

    watch.daemon.wait(docker_calls_it_unhealthy, "its health check passes while it is paused")
    watch.engine.docker("unpause", "webui")
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    assert watch.daemon.incidents() == []
    assert watch.events(container, "start", "die", "kill", "restart") == ["start"]


def test_a_stopped_init_process_is_found_by_a_probe_and_restarted_once(watch: Scene) -> None:
    frozen = watch.engine.run("webui", *_checked(8081), *SERVES)
    fine = watch.engine.run("api", *_checked(8082), *SERVES)
    watch.start("webui", "api")
    os.kill(int(watch.engine.inspect(frozen)["State"]["Pid"]), signal.SIGSTOP)
    assert watch.engine.inspect(frozen)["State"]["Status"] == "running"
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == "check_failed"
    assert [intent["payload"]["rung"] for intent in watch.intents()] == ["restart"]
    assert watch.events(frozen, "start") == ["start"] * 2
    assert watch.events(fine, "start") == ["start"]
    assert watch.incidents("api") == []
    assert sorted(watch.containers()) == sorted([frozen, fine])
    assert watch.engine.get(8081).status == 200


def test_a_check_that_fails_now_and_then_is_degraded_and_no_incident(watch: Scene) -> None:
    container = watch.engine.run("webui", *_checked(8081), "--label=watchdog.check.http.failures=1000", *SERVES)
    watch.start("webui")
    _fail_for_a_moment(watch, "webui")
    watch.two_polls()
    assert not watch.service("webui")["flapping"]
    assert watch.daemon.incidents() == []
    assert watch.events(container, "start") == ["start"]


def test_what_flaps_is_one_incident_that_says_so_and_is_not_restarted(watch: Scene) -> None:
    container = watch.engine.run("webui", *_checked(8081), "--label=watchdog.check.http.failures=5", *SERVES)
    watch.start("webui")
    watch.daemon.wait(lambda: _fail_for_a_moment(watch, "webui") or watch.service("webui")["flapping"], "no flapping")
    watch.daemon.wait(lambda: watch.wait_incident("webui")["flapping"], "its incident does not say so")
    incident = watch.wait_incident("webui")
    assert re.fullmatch(r"http flaps: \d\d % of its last 21 states changed", incident["summary"])
    assert 'watchdog_service_flapping{name="webui",project=""} 1.0' in watch.daemon.metrics()

    _exec(watch, "webui", "mv /www/index.html /www/away")
    _wait_health(watch, "webui", "unhealthy")
    watch.two_polls()
    assert watch.service("webui")["recovery"].endswith("recovery waits until it stays bad or settles")
    _exec(watch, "webui", "mv /www/away /www/index.html")
    _wait_health(watch, "webui", "healthy")
    watch.two_polls()
    assert watch.service("webui")["recovery"].endswith("its incident stays open until it settles")
    assert watch.wait_incident("webui")["closed_at"] is None

    closed = watch.wait_recovered("webui")
    assert watch.intents() == []
    assert watch.events(container, "start") == ["start"]
    assert watch.sentences(closed, "incident_closed")[0].startswith("good again without an action of watchdog's")
    assert watch.sentences(closed, "decision")[-1] == "it flaps no more"
    assert (closed["flapping"], watch.service("webui")["flapping"]) == (False, False)


def test_a_service_that_flaps_has_one_incident_and_one_budget(watch: Scene) -> None:
    health = (*OFTEN, "--health-cmd=test ! -e /tmp/bad")
    better_for_a_while = ("--", "sh", "-c", "rm -f /tmp/bad; exec sleep 1000000")
    watch.engine.run("webui", "--stop-timeout", "0", *health, *better_for_a_while)
    watch.start("webui")
    for flaps in (1, 2, 3):
        _exec(watch, "webui", "touch /tmp/bad")
        watch.daemon.wait(lambda n=flaps: len(watch.daemon.rows("incident_closed")) == n, f"not recovered: {flaps}")
        watch.daemon.wait_protected("webui")
        watch.oracle.compare()
    _exec(watch, "webui", "touch /tmp/bad")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "not handed to a person")
    watch.two_polls()
    (incident,) = watch.incidents("webui")
    assert incident["severity"] == "critical"
    assert incident["closed_at"] is None
    assert [intent["payload"]["rung"] for intent in watch.intents()] == ["restart", "recreate", "recreate"]
    assert len(watch.sentences(incident, "incident_opened")) == 4
    assert len(watch.containers()) == 1


def test_nothing_is_done_to_what_is_still_starting(watch: Scene) -> None:
    health = (*OFTEN, NEVER_ENDING, "--health-cmd=test -e /tmp/ready")
    container = watch.engine.run("webui", "--label=watchdog.enable=true", *health)
    watch.start()

    def failed_often() -> bool:
        log: list[Any] = watch.engine.inspect(container)["State"]["Health"]["Log"] or []
        return len([one for one in log if one["ExitCode"]]) >= 4

    watch.daemon.wait(failed_often, "its health check does not fail")
    watch.two_polls()
    watch.oracle.compare()
    assert watch.health("webui") == "starting"
    assert watch.daemon.incidents() == []
    _exec(watch, "webui", "touch /tmp/ready")
    watch.daemon.wait_protected("webui")
    assert watch.events(container, "start") == ["start"]


def test_a_recovery_is_given_the_start_period_to_be_verified(watch: Scene) -> None:
    health = (*OFTEN, NEVER_ENDING, "--health-cmd=test -e /tmp/ready")
    shell = ("--", "sh", "-c", "rm -f /tmp/ready; exec sleep 1000000")
    container = watch.engine.run("webui", *health, *shell)
    _exec(watch, "webui", "touch /tmp/ready")
    watch.start("webui", config=watch.daemon.config.replace('verify_timeout = "15s"', 'verify_timeout = "1s"'))
    watch.engine.crash("webui")
    watch.daemon.wait(lambda: watch.events(container, "start") == ["start"] * 2, "not started again")
    watch.two_polls()
    watch.two_polls()
    assert watch.health("webui") == "starting"
    _exec(watch, "webui", "touch /tmp/ready")
    watch.wait_recovered("webui")
    assert [intent["payload"]["rung"] for intent in watch.intents()] == ["start"]
    assert [row["payload"]["outcome"] for row in watch.daemon.rows("outcome")] == ["recovered"]
