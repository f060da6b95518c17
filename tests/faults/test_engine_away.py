"""Faults 17 and 18: the engine is frozen, killed, restarted, or comes after the daemon. An absence is no failure."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

OwnEngine = Callable[..., LabEngine]
SceneOf = Callable[[LabEngine], Scene]
IMPATIENT = {"WATCHDOG_ENGINE__TIMEOUT": "1s"}
"""The deadline of a call; a frozen engine is noticed after it."""

AT_ONCE = ("--stop-signal", "KILL")
"""So that an engine that stops its containers does not wait for them."""
SETTLE = 1.0
"""`engine.settle` of the quick configuration, seconds."""


def _engine_is(watch: Scene, *, up: bool) -> None:
    watch.daemon.wait(lambda: watch.daemon.status()["engine_up"] is up, f"engine_up is not {up}", 40.0)
    watch.oracle.compare()
    assert f"watchdog_engine_up {1.0 if up else 0.0}" in watch.daemon.metrics()


def _pids(watch: Scene, *containers: str) -> list[Any]:
    return [watch.engine.inspect(container)["State"]["Pid"] for container in containers]


def _open(watch: Scene) -> list[Any]:
    return [one for one in watch.daemon.incidents() if one["closed_at"] is None]


def _nothing_was_done(watch: Scene) -> None:
    """No action, and no incident but the engine's own, which is one and closed."""
    assert watch.intents() == []
    (incident,) = watch.daemon.incidents()
    assert incident["subject"] == "engine"
    assert incident["recovered_at"] is not None


def test_a_frozen_engine_is_an_incident_of_its_own_and_no_service_is_touched(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui")
    watch.daemon.environment |= IMPATIENT
    watch.start("webui")
    (pid,) = _pids(watch, container)

    watch.engine.freeze()
    _engine_is(watch, up=False)
    assert watch.health("webui") == "unknown"
    assert watch.daemon.get("/-/ready").status == 503
    assert watch.daemon.get("/-/healthy").status == 200
    checked = watch.daemon.cli("check")
    assert checked.code == 3
    assert "did not answer within 1 s" in checked.out + checked.err
    recovered = watch.daemon.cli("recover", "webui")
    assert recovered.code == 3

    watch.engine.thaw()
    _engine_is(watch, up=True)
    watch.daemon.wait_protected("webui")
    watch.two_polls()
    assert watch.containers() == [container]
    assert _pids(watch, container) == [pid]
    _nothing_was_done(watch)


def test_what_died_while_the_engine_was_frozen_is_recovered_after_things_have_settled(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui")
    watch.daemon.environment |= IMPATIENT
    watch.start("webui")
    (pid,) = _pids(watch, container)

    watch.engine.freeze()
    _engine_is(watch, up=False)
    os.kill(pid, 9)
    watch.engine.thaw()
    incident = watch.wait_recovered("webui")
    assert incident["cause"] == "crashed"
    watch.two_polls()
    assert watch.events(container, "start", "die") == ["start", "die", "start"]
    assert len(watch.intents()) == 1
    assert _settled_first(watch)


def test_an_engine_that_was_killed_takes_its_containers_along_and_all_come_back_by_desired_state(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    """Without live-restore the next dockerd kills what survived; which of it it starts again is its own affair."""
    watch = scene_of(own_engine())
    policies = ("no", "unless-stopped", "always")
    containers = {policy: watch.engine.run(policy, *AT_ONCE, "--restart", policy) for policy in policies}
    watch.start(*policies)

    watch.engine.kill()
    _engine_is(watch, up=False)
    watch.engine.start()
    _engine_is(watch, up=True)
    watch.daemon.wait(lambda: watch.daemon.protected(*policies), "not all are back", 40.0)
    watch.two_polls()
    watch.oracle.compare()
    assert sorted(watch.containers()) == sorted(containers.values())
    assert watch.wait_recovered("no")
    assert _settled_first(watch)
    subjects = [row["subject"] for row in watch.intents()]
    assert len(subjects) == len(set(subjects)), "one start each is enough"
    assert "always" not in subjects, "Docker's own restart was not waited for"


def test_stops_by_an_engine_that_shuts_down_are_nobodys_intent(own_engine: OwnEngine, scene_of: SceneOf) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui", *AT_ONCE)
    watch.daemon.environment |= {"WATCHDOG_RECOVERY__ON_STOP": "respect"}
    watch.start("webui")
    watch.engine.stop()
    _engine_is(watch, up=False)
    watch.engine.start()
    watch.wait_recovered("webui")
    watch.two_polls()
    assert watch.containers() == [container]
    assert len(watch.intents("webui")) == 1
    assert _settled_first(watch)


def test_while_an_engine_that_shuts_down_waits_for_its_slowest_container_nothing_is_started(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    watch.engine.run("webui", *AT_ONCE, "--restart", "always")
    watch.engine.run("db", "--stop-timeout", "3", "--restart", "always")  # `sleep` is PID 1 there: it heeds no SIGTERM
    watch.start("webui", "db")
    watch.engine.restart()
    _engine_is(watch, up=True)
    watch.daemon.wait(lambda: watch.daemon.protected("webui", "db"), "not all are back", 40.0)
    watch.two_polls()
    assert watch.intents() == []


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_heeds_the_engines_signal_and_exits_0_is_not_done(
    how: str, own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    """It did not end by itself: by desired state it is up."""
    watch = scene_of(own_engine())
    container = watch.engine.run("webui", "--", "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done")
    watch.start("webui")
    getattr(watch.engine, how)()
    _engine_is(watch, up=False)
    watch.engine.start()
    incident = watch.wait_recovered("webui")
    by_whom = {"it was told to end, perhaps by the engine itself", "a person stopped it"}  # before the engine is away
    assert incident["summary"] in {f"{which} (it exited with code 0)" for which in by_whom}
    assert how == "stop" or incident["cause"] == "crashed"
    watch.two_polls()
    assert watch.containers() == [container]
    assert len(watch.intents("webui")) == 1


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_an_engine_that_comes_back_with_its_containers_alive_is_nothing_to_act_upon(
    how: str, own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine(live_restore=True))
    containers = [watch.engine.run("webui", "--restart", "always"), watch.engine.run("db")]
    watch.start("webui", "db")
    pids = _pids(watch, *containers)
    getattr(watch.engine, how)()
    _engine_is(watch, up=False)
    watch.engine.start()
    _engine_is(watch, up=True)
    watch.daemon.wait_protected("webui", "db")
    watch.two_polls()
    assert _pids(watch, *containers) == pids
    assert sorted(watch.containers()) == sorted(containers)
    _nothing_was_done(watch)


def test_a_daemon_that_comes_before_its_engine_waits_lists_settles_and_then_judges(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    """A host boots: what was protected before is brought back, what Docker starts itself is left to Docker."""
    watch = scene_of(own_engine())
    by_docker = watch.engine.run("webui", *AT_ONCE, "--restart", "always")
    by_watchdog = watch.engine.run("db", *AT_ONCE)
    watch.start("webui", "db")
    watch.daemon.stop()
    watch.engine.stop()

    watch.daemon.start(wait=False)
    watch.daemon.wait(lambda: watch.daemon.get("/-/healthy").status == 200, "the daemon is not up")
    watch.daemon.wait(lambda: "the engine is away" in watch.daemon.log, "it does not say that the engine is away")
    assert watch.daemon.get("/-/ready").status == 503
    assert watch.daemon.status()["engine_up"] is False
    assert watch.daemon.cli("check").code == 3

    watch.engine.start()
    _engine_is(watch, up=True)
    watch.daemon.wait(lambda: watch.daemon.protected("webui", "db"), "not all are back", 40.0)
    watch.two_polls()
    assert sorted(watch.containers()) == sorted((by_docker, by_watchdog))
    assert [row["subject"] for row in watch.intents()] == ["db"]
    assert _settled_first(watch)


@pytest.mark.long
def test_no_incident_of_an_absent_engine_is_left_open_by_a_daemon_that_ends_meanwhile(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    container = watch.engine.run("webui")
    watch.daemon.environment |= IMPATIENT
    watch.start("webui")
    watch.engine.freeze()
    _engine_is(watch, up=False)
    watch.daemon.stop()
    watch.daemon.start(wait=False)
    watch.daemon.wait(lambda: "did not answer" in watch.daemon.status()["engine"], "its absence is not noticed")
    watch.daemon.wait(lambda: len(_open(watch)) == 1, "the absence is not one incident")
    watch.daemon.kill()
    watch.engine.thaw()
    watch.daemon.start()
    watch.daemon.wait_protected("webui")
    watch.daemon.wait(lambda: not _open(watch), "an incident is left open")
    watch.two_polls()
    assert {one["subject"] for one in watch.daemon.incidents()} == {"engine"}
    assert watch.intents() == []
    assert watch.containers() == [container]


def test_a_daemon_without_memory_that_comes_before_its_engine_starts_nothing(
    own_engine: OwnEngine, scene_of: SceneOf
) -> None:
    watch = scene_of(own_engine())
    watch.engine.run("webui", *AT_ONCE)
    watch.engine.run("always", *AT_ONCE, "--restart", "always")
    watch.engine.stop()
    watch.daemon.start(wait=False)
    watch.daemon.wait(lambda: "the engine is away" in watch.daemon.log, "it does not say that the engine is away")
    watch.engine.start()
    watch.daemon.wait_protected("always")
    watch.two_polls()
    assert watch.intents() == []
    (absent,) = watch.daemon.status()["absence_not_judged"]
    assert absent["name"] == "webui"


def _settled_first(watch: Scene) -> bool:
    """The engine answered again, things settled, and only then came the first intent."""
    (engine,) = (one for one in watch.daemon.incidents() if one["subject"] == "engine" and one["closed_at"])
    back, first = (datetime.fromisoformat(at) for at in (engine["closed_at"], watch.intents()[0]["at"]))
    return (first - back).total_seconds() > SETTLE / 2  # the row of the closing was written a little later
