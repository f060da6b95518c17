"""Faults 25, 27 and 35: what fails together comes back in the order of its dependencies, a few at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.doors import recover
from tests.e2e.receiver import receiver
from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

SERVE = ("--stop-timeout", "1", "--", "httpd", "-f", "-p", "80", "-h", "/www")
ASK_DB = "timeout 2 wget -q -O /dev/null http://10.78.0.7/"
LIVES_WITH_DB = f"while {ASK_DB}; do sleep 1; done; exit 1"
LONG_GRACE = {"WATCHDOG_RECOVERY__ABSENCE_GRACE": "1h", "WATCHDOG_RECOVERY__ABSENCE_MAX": "1h"}
"""What a person stopped stays so until the test says otherwise."""
SICK, DEAD = [f"sick{number}" for number in range(8)], [f"dead{number}" for number in range(2)]
CONCURRENCY = 4
TIERS = [["db0", "db1"], ["api0", "api1", "api2"], ["web0", "web1", "web2", "web3"]]


@contextmanager
def _told(engine: LabEngine, file: Path) -> Generator[list[Any]]:
    """All container events of the engine from now on, there when the block has ended: its ring forgets too soon."""
    found: list[Any] = []
    command = [*engine.enter, "docker", "events", "--filter", "type=container", "--format", "{{json .}}"]
    with file.open("w") as out:
        following = subprocess.Popen(command, env=engine.environment, stdout=out)
    try:
        engine.docker("create", "--name", "mark", "busybox:lab")
        while "mark" not in file.read_text():
            assert following.poll() is None
        engine.docker("rm", "mark")
        yield found
    finally:
        following.terminate()
        following.wait(10)
    found += [json.loads(line) for line in file.read_text().splitlines()]


def _running(watch: Scene) -> list[Any]:
    return watch.engine.containers(running=True)


def _times(events: list[Any], action: str) -> dict[str, list[int]]:
    """Full ID → when it befell that container, in the engine's nanoseconds."""
    found: dict[str, list[int]] = {}
    for event in events:
        if event["Action"] == action:
            found.setdefault(event["Actor"]["ID"], []).append(event["timeNano"])
    return found


def _at_once(spans: list[tuple[int, int]]) -> int:
    """How many spans of time have a moment in common at the most."""
    return max(sum(began <= at < ended for began, ended in spans) for at, _ in spans)


def _run_tiers(watch: Scene, tiers: list[list[str]]) -> dict[str, str]:
    """Every service of a tier needs two of the tier before; name → full ID."""
    found: dict[str, str] = {}
    for number, tier in enumerate(tiers):
        for place, name in enumerate(tier):
            roots = tiers[number - 1] if number else []
            needs = ",".join(sorted({roots[(place + step) % len(roots)] for step in (0, 1)})) if roots else ""
            label = ("--label", f"watchdog.depends-on={needs}") if needs else ()
            found[name] = watch.engine.run(name, *label)
    return found


def _needs(watch: Scene, name: str) -> list[str]:
    label: str = watch.engine.inspect(name)["Config"]["Labels"].get("watchdog.depends-on", "")
    return label.split(",") if label else []


def _assert_in_order(watch: Scene, names: list[str]) -> None:
    """By the ledger: nothing was begun before all that it needs was verified, and nothing was done twice."""
    verified = {row["subject"]: row["seq"] for row in watch.daemon.rows("outcome")}
    begun = {row["subject"]: row["seq"] for row in watch.intents()}
    assert sorted(row["subject"] for row in watch.intents()) == sorted(names)
    early = [(name, root) for name in names for root in _needs(watch, name) if begun[name] < verified[root]]
    assert early == []


def _database_with_ten_dependents(watch: Scene) -> None:
    engine = watch.engine
    engine.docker("network", "create", "--subnet", "10.78.0.0/24", "shop")
    needs = ("--network", "shop", "--label", "watchdog.depends-on=db", "--stop-signal", "KILL")
    asked = ("--health-cmd", ASK_DB, "--health-interval", "2s", "--health-timeout", "5s", "--health-retries", "1")
    engine.run("db", "--network", "shop", "--ip", "10.78.0.7", *SERVE)
    for name in SICK:
        engine.run(name, *needs, *asked)
    for name in DEAD:
        engine.run(name, *needs, "--", "sh", "-c", LIVES_WITH_DB)


def test_a_database_that_is_down_is_one_incident_and_its_ten_dependents_wait_for_it(watch: Scene) -> None:
    _database_with_ten_dependents(watch)
    watch.daemon.environment |= {**LONG_GRACE, "WATCHDOG_ALERT__CRITICAL_AFTER": "1s"}
    watch.start("db", *SICK, *DEAD)
    since = watch.moment()
    watch.engine.docker("stop", "db")

    def all_bad() -> bool:
        return {one["health"] for one in watch.daemon.status()["services"]} == {"unhealthy"}

    watch.daemon.wait(all_bad, "not all ten have failed", 60.0)
    watch.two_polls()
    assert [one["subject"] for one in watch.daemon.incidents()] == ["db"]
    (incident,) = watch.daemon.incidents()
    assert incident["summary"].startswith("a person stopped it")
    said = watch.sentences(incident, "decision")
    assert sorted(one.partition(" ")[0] for one in said) == sorted([*SICK, *DEAD])
    assert all(one.endswith("waiting for db") for one in said), said
    assert {watch.service(name)["recovery"] for name in [*SICK, *DEAD]} == {"waiting for db"}
    assert {row["subject"] for row in watch.daemon.rows("alert")} == {"db"}
    assert watch.intents() == []
    assert not [one for one in watch.happened(since) if one.startswith("start")]

    code, (result,) = recover(watch, "db")
    assert (code, result["outcome"]) == (0, "recovered")
    watch.daemon.wait(lambda: watch.daemon.protected("db", *SICK, *DEAD), "they do not follow", 60.0)
    watch.two_polls()
    started = [one for one in watch.happened(since) if one.startswith("start")]
    assert started[0] == "start db"
    assert sorted(started[1:]) == [f"start {name}" for name in DEAD]
    assert sorted(one["subject"] for one in watch.daemon.incidents()) == sorted(["db", *DEAD])
    for name in DEAD:
        own = watch.wait_recovered(name)
        assert own["summary"].endswith("it failed while db was down")
        assert own["detected_at"] < watch.wait_recovered("db")["recovered_at"]


GRAPH = {
    "db": (),
    "api0": ("db",),
    "api1": ("db",),
    "api2": ("db",),
    "sick0": ("db",),
    "sick1": ("db",),
    "web0": ("api0", "api1"),
    "web1": ("api1", "api2"),
    "web2": ("api2", "api0"),
    "web3": ("api0", "db"),
}
"""Ten services. Each but the sick ones serves as long as the first that it needs does, and ends with it."""


def _run_graph(watch: Scene) -> None:
    watch.engine.docker("network", "create", "--subnet", "10.78.0.0/24", "shop")
    address = {name: f"10.78.0.{number}" for number, name in enumerate(GRAPH, 10)}
    for name, roots in GRAPH.items():
        own = ("--network", "shop", "--ip", address[name], "--stop-signal", "KILL")
        needs = ("--label", f"watchdog.depends-on={','.join(roots)}") if roots else ()
        publish = ("--publish", "8081:80") if name == "web0" else ()
        ask = f"timeout 2 wget -q -O /dev/null http://{address[roots[0]]}/" if roots else "true"
        if name.startswith("sick"):
            asked = ("--health-cmd", ask, "--health-interval", "2s", "--health-timeout", "5s", "--health-retries", "1")
            watch.engine.run(name, *own, *needs, *asked)
        else:
            serves = f"httpd -p 80 -h /www; while {ask}; do sleep 1; done; exit 1"
            watch.engine.run(name, *own, *needs, *publish, "--", "sh", "-c", serves)


FRONT = """
[[endpoint]]
name = "front"
url = "http://127.0.0.1:8081/"
depends_on = ["web0"]
interval = "500ms"
"""


def test_of_ten_services_whose_database_stops_people_hear_of_the_database_alone(watch: Scene) -> None:
    """And it is brought back first, then what ended for want of it, in order."""
    _run_graph(watch)
    quick = watch.daemon.config.replace('absence_grace = "300ms"', 'absence_grace = "GRACE"\nabsence_max = "1h"')
    with receiver(watch.engine.ground.host_address) as people:
        chat = f'[[alert.receiver]]\nname = "chat"\nwebhook = "{people.url}"\n'
        told = f"{quick}{FRONT}[alert]\ncritical_after = "
        watch.start(*GRAPH, config=f'{told.replace("GRACE", "1h")}"1s"\n{chat}')
        since = watch.moment()
        watch.engine.docker("stop", "db")

        def all_bad() -> bool:
            status = watch.daemon.status()
            return {one["health"] for one in status["services"]} == {"unhealthy"} and status["endpoints"][0]["waiting"]

        watch.daemon.wait(all_bad, "not all ten have failed", 60.0)
        watch.daemon.wait(lambda: people.got, "nobody was told")
        watch.two_polls()
        assert watch.service("web0")["recovery"].startswith("waiting for api0, api1")
        assert watch.daemon.status()["endpoints"][0]["waiting"] == "waiting for db"
        (incident,) = watch.daemon.incidents()
        fails_too = [one.partition(" ")[0] for one in watch.sentences(incident, "decision")]
        assert sorted(fails_too) == sorted({*GRAPH, "endpoint"} - {"db"})

        watch.daemon.write_config(f'{told.replace("GRACE", "300ms")}"1h"\n{chat}')
        os.kill(watch.daemon.pid, signal.SIGHUP)
        watch.daemon.wait(lambda: watch.daemon.protected(*GRAPH), "they do not come back", 90.0)
        watch.daemon.wait(lambda: watch.daemon.status()["endpoints"][0]["verdict"] == "pass", "front fails")
        watch.daemon.wait(lambda: not any(one["closed_at"] is None for one in watch.daemon.incidents()), "one is open")
        watch.two_polls()
        assert [(body["subject"], body["state"]) for body in people.got] == [("db", "firing"), ("db", "resolved")]
    ended = [name for name in GRAPH if not name.startswith("sick")]
    _assert_in_order(watch, ended)
    started = [one.removeprefix("start ") for one in watch.happened(since) if one.startswith("start")]
    assert sorted(started) == sorted(ended)
    assert all(started.index(root) < started.index(name) for name in ended for root in GRAPH[name])


def test_everything_that_dies_together_comes_back_in_the_order_of_its_dependencies(watch: Scene) -> None:
    containers = _run_tiers(watch, TIERS)
    watch.start(*containers)
    since = watch.moment()
    with watch.held():
        for name in reversed(containers):
            watch.engine.crash(name)
        watch.daemon.wait(lambda: not _running(watch), "not all have ended", 60.0)
    watch.daemon.wait(lambda: len(watch.daemon.rows("outcome")) >= len(containers), "not all are verified", 60.0)
    watch.daemon.wait_protected(*containers)
    watch.two_polls()
    _assert_in_order(watch, [*containers])
    assert sorted(watch.containers()) == sorted(containers.values())
    started = [one.removeprefix("start ") for one in watch.happened(since) if one.startswith("start")]
    for name in containers:
        assert all(started.index(root) < started.index(name) for root in _needs(watch, name)), started
    assert len(started) == len(containers)
    assert not any(one["closed_at"] is None for one in watch.daemon.incidents())


@pytest.mark.long
def test_fifty_deaths_at_once_are_recovered_roots_first_and_four_at_a_time(watch: Scene, tmp_path: Path) -> None:
    tiers = [[f"root{number}" for number in range(5)], [f"leaf{number:02}" for number in range(45)]]
    containers = _run_tiers(watch, tiers)
    watch.start()
    watch.daemon.wait(lambda: watch.daemon.protected(*containers), "not all are protected", 120.0)
    with _told(watch.engine, tmp_path / "events") as events:
        watch.engine.docker("rm", "--force", *containers)
        watch.daemon.wait(lambda: len(watch.daemon.rows("outcome")) >= len(containers), "not all are verified", 240.0)
        watch.daemon.wait(lambda: watch.daemon.protected(*containers), "not all are protected", 120.0)
        watch.two_polls()
    _assert_in_order(watch, [*containers])
    created, started = _times(events, "create"), _times(events, "start")
    made = watch.containers()
    assert len(made) == 50
    assert started.keys() == set(made)
    spans = [(created[one][0], started[one][0]) for one in made]
    assert 1 < _at_once(spans) <= CONCURRENCY
    assert all(len(times) == 1 for times in started.values())


def test_a_cycle_of_labels_and_a_name_that_nobody_has_are_said_once_and_hold_nobody_up(watch: Scene) -> None:
    for name, needs in {"hen": "egg", "egg": "hen", "cook": "egg,nobody"}.items():
        watch.engine.run(name, "--label", f"watchdog.depends-on={needs}")
    watch.start("hen", "egg", "cook")
    cycle, strange = "egg → hen → egg is a cycle", "cook needs nobody, which no service is called"
    for name, sentence in {"hen": cycle, "egg": cycle, "cook": strange}.items():
        assert sentence in watch.service(name)["reason"]
    watch.two_polls()
    warnings = [
        line["event"]
        for line in map(json.loads, watch.daemon.log.splitlines())
        if line["level"] == "warning" and "service" in line
    ]
    assert sorted(line.partition(":")[0] for line in warnings) == sorted([cycle, strange])
    for name in ("hen", "egg", "cook"):
        watch.engine.crash(name)
    for name in ("hen", "egg", "cook"):
        watch.wait_recovered(name)
    assert len(watch.intents()) == 3
