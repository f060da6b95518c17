"""Faults 1 to 4, 6 and 7: however a container came to stop, it is brought back, unless it was meant to end."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Thread
from typing import Any

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

GRACE = 0.3
"""`absence_grace` of the quick configuration, seconds."""
CRASHES_WHEN_TOLD = "while [ ! -e /tmp/crash ]; do sleep 0.1; done; rm /tmp/crash; exit 3"
ENDS_WHEN_TOLD = "while [ ! -e /tmp/end ]; do sleep 0.1; done"
HEEDS_TERM = "trap 'exit 143' TERM; while true; do sleep 0.1; done"
SLOWLY_HEEDS_TERM = """
rm -f /tmp/end; touch /tmp/good
trap 'rm /tmp/good' TERM
while [ ! -e /tmp/end ]; do sleep 0.1; done
"""
IGNORES_HUP = "trap '' HUP; while true; do sleep 0.1; done"


def _started_once_more(watch: Scene, container: str, cause: str) -> Any:
    """The same container runs again after exactly one start, by one intent of one incident; returns that incident."""
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == cause
    assert watch.containers() == [container]
    assert watch.events(container, "start") == ["start"] * 2
    (intent,) = watch.intents()
    assert intent["payload"]["rung"] == "start"
    assert intent["payload"]["container"] == container
    (outcome,) = watch.daemon.rows("outcome")
    assert outcome["payload"]["outcome"] == "recovered"
    assert watch.health("webui") == "healthy"
    return incident


def _stopped_at(watch: Scene, container: str) -> float:
    return (
        datetime.fromisoformat(watch.engine.inspect(container)["State"]["FinishedAt"][:23])
        .replace(tzinfo=UTC)
        .timestamp()
    )


def test_a_crash_is_recovered_by_starting_the_same_container(watch: Scene) -> None:
    container = watch.engine.run("webui", "--", "sh", "-c", CRASHES_WHEN_TOLD)
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/tmp/crash")
    incident = _started_once_more(watch, container, "crashed")
    assert incident["summary"] == "it exited with code 3"
    assert incident["failed_at_is_bound"] is False
    assert watch.events(container, "die") == ["die"]


def test_a_service_that_a_person_stopped_is_started_after_the_absence_grace(watch: Scene) -> None:
    container = watch.engine.run("webui", "--stop-timeout", "0", "--restart", "unless-stopped")
    watch.start("webui")
    watch.engine.docker("stop", "webui")
    stopped_at = _stopped_at(watch, container)
    incident = _started_once_more(watch, container, "operator_stop")
    assert incident["summary"].startswith("a person stopped it")
    (intent,) = watch.intents()
    assert datetime.fromisoformat(intent["at"]).timestamp() >= stopped_at + GRACE


def test_what_fails_on_its_way_down_is_not_restarted_under_the_hands_of_who_stops_it(watch: Scene) -> None:
    """Its health check fails as soon as it was asked to stop, and it takes its time."""
    health = ("--health-interval=200ms", "--health-retries=1", "--health-timeout=30s", "--health-cmd=test -e /tmp/good")
    command = ("--", "sh", "-c", SLOWLY_HEEDS_TERM)
    container = watch.engine.run("webui", "--stop-timeout", "60", *health, *command)
    watch.start("webui")
    stopping = Thread(target=watch.engine.docker, args=("stop", "webui"))
    stopping.start()
    watch.daemon.wait(lambda: watch.health("webui") == "unhealthy", "its health check does not fail")
    watch.two_polls()
    assert watch.events(container, "stop", "die", "restart") == []
    assert watch.intents() == []
    assert watch.service("webui")["recovery"] == "it was told to end, and is given its stop time-out to do so"
    watch.engine.docker("exec", "webui", "touch", "/tmp/end")
    stopping.join()
    watch.wait_recovered("webui")
    assert watch.events(container, "start") == ["start"] * 2
    assert [intent["payload"]["rung"] for intent in watch.intents()] == ["start"]


def test_a_stop_that_no_daemon_heard_of_is_not_taken_for_work_done(watch: Scene) -> None:
    """It heeds the signal and exits with 0, as a one-shot does at its end."""
    heeds = "trap 'exit 0' TERM; while true; do sleep 0.1; done"
    container = watch.engine.run("webui", "--", "sh", "-c", heeds)
    watch.start("webui")
    watch.daemon.kill()
    watch.engine.docker("stop", "webui")
    watch.daemon.start()
    incident = watch.wait_recovered("webui")
    assert incident["summary"] == "it was told to end, perhaps by the engine itself (it exited with code 0)"
    assert watch.containers() == [container]


def test_a_stop_right_after_a_recovery_is_the_persons_and_not_its_echo(watch: Scene) -> None:
    heeds = "trap 'exit 0' TERM; while [ ! -e /tmp/crash ]; do sleep 0.1; done; rm /tmp/crash; exit 3"
    container = watch.engine.run("webui", "--", "sh", "-c", heeds)
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/tmp/crash")
    watch.daemon.wait(lambda: len(watch.events(container, "start")) == 2, "it is not started")
    watch.wait_recovered("webui")
    watch.engine.docker("stop", "webui")
    watch.daemon.wait(lambda: len(watch.intents()) == 2, "nothing is done about the second stop")
    watch.wait_recovered("webui")
    assert "a person stopped it (it exited with code 0)" in watch.intents()[1]["sentence"]


def test_a_stop_that_is_to_be_respected_is_respected_until_somebody_starts_it(watch: Scene) -> None:
    options = ("--stop-timeout", "0", "--restart", "unless-stopped", "--label", "watchdog.on-stop=respect")
    container = watch.engine.run("webui", *options)
    watch.start("webui")
    watch.engine.docker("stop", "webui")
    watch.daemon.wait(lambda: watch.health("webui") == "paused", "the stop is not respected")
    watch.oracle.compare()
    watch.two_polls()
    assert watch.service("webui")["reason"] == "a person stopped it, which is respected (on_stop)"

    watch.daemon.stop()
    watch.daemon.start()
    watch.two_polls()
    assert watch.health("webui") == "paused", watch.service("webui")
    watch.oracle.compare()
    assert watch.daemon.incidents() == []
    assert watch.events(container, "start") == ["start"]

    watch.engine.docker("start", "webui")
    watch.daemon.wait_protected("webui")
    watch.engine.crash("webui")
    watch.daemon.wait(lambda: watch.events(container, "start") == ["start"] * 3, "not started again")
    watch.daemon.wait_protected("webui")


def test_docker_kill_is_recovered_because_docker_itself_will_not_restart_it(watch: Scene) -> None:
    container = watch.engine.run("webui", "--restart", "always")
    watch.start("webui")
    watch.engine.docker("kill", "webui")
    incident = _started_once_more(watch, container, "killed")
    assert "`docker kill`" in incident["summary"]
    assert watch.engine.inspect(container)["RestartCount"] == 0


def test_a_kill_from_the_host_is_recovered(watch: Scene) -> None:
    container = watch.engine.run("webui")
    watch.start("webui")
    watch.engine.crash("webui")
    _started_once_more(watch, container, "crashed")
    assert watch.events(container, "die", "kill", "stop") == ["die"]


def test_a_kill_from_within_the_container_is_recovered(watch: Scene) -> None:
    container = watch.engine.run("webui", "--", "sh", "-c", HEEDS_TERM)
    watch.start("webui")
    watch.engine.docker("exec", "webui", "kill", "1")
    incident = _started_once_more(watch, container, "crashed")
    assert incident["summary"] == "it exited with code 143"
    assert watch.events(container, "die", "kill", "stop") == ["die"]


def test_a_crash_after_a_hup_is_recovered_though_docker_would_always_restart_it(watch: Scene) -> None:
    container = watch.engine.run("webui", "--restart", "always", "--", "sh", "-c", IGNORES_HUP)
    watch.start("webui")
    watch.engine.docker("kill", "--signal", "HUP", "webui")
    watch.two_polls()
    assert watch.daemon.incidents() == []
    watch.engine.crash("webui")
    _started_once_more(watch, container, "crashed")
    assert watch.engine.inspect(container)["RestartCount"] == 0


def test_a_one_shot_that_exits_with_0_is_done_and_not_down(watch: Scene) -> None:
    long = watch.engine.run("migrate", "--", "sh", "-c", ENDS_WHEN_TOLD)
    watch.start("migrate")
    short = watch.engine.run("seed", "--", "true")
    watch.engine.docker("exec", "migrate", "touch", "/tmp/end")
    watch.daemon.wait(lambda: (watch.health("migrate"), watch.health("seed")) == ("done", "done"), "not done")
    watch.oracle.compare()
    watch.two_polls()
    assert watch.daemon.incidents() == []
    assert watch.daemon.cli("check").code == 0
    assert watch.events(long, "start") == watch.events(short, "start") == ["start"]

    watch.engine.docker("rm", "migrate", "seed")
    watch.daemon.wait(lambda: watch.health("migrate") is None, "its absence is still somebody's concern")
    watch.two_polls()
    assert watch.daemon.incidents() == []
    assert watch.containers() == []
