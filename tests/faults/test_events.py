"""Fault 19: events are hints. Cut, lost, late, twice or out of order: it costs latency, never correctness."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.lab.cable import Cable, cable_to

pytestmark = pytest.mark.engine

RING = 256
"""Events that the engine remembers."""
ONLY_EVENTS = {"WATCHDOG_WATCH__INTERVAL": "1h"}
"""No poll after the first one, so that what is found was found because the stream came back."""


@pytest.fixture
def cable(watch: Scene, tmp_path: Path) -> Iterator[Cable]:
    """Between the daemon and the engine; commands go through it too."""
    with cable_to(watch.engine.socket_path, tmp_path) as cable:
        watch.daemon.environment["DOCKER_HOST"] = cable.host
        yield cable
        watch.verdict()


def _events_heard(watch: Scene, action: str) -> float:
    found = re.search(
        rf'^watchdog_events_total{{action="{action}",type="container"}} (\S+)', watch.daemon.metrics(), re.MULTILINE
    )
    assert found, watch.daemon.metrics()
    return float(found[1])


def _crash_and_remove(watch: Scene) -> None:
    watch.engine.crash("crashed")
    watch.engine.docker("rm", "--force", "removed")


def _both_are_back_once(watch: Scene, crashed: str, removed: str) -> None:
    assert watch.wait_recovered("crashed")["cause"] == "crashed"
    assert watch.wait_recovered("removed")["cause"] == "missing"
    assert [row["subject"] for row in watch.intents()].count("crashed") == 1
    assert [row["subject"] for row in watch.intents()].count("removed") == 1
    assert len(watch.containers()) == 2
    assert crashed in watch.containers()
    assert removed not in watch.containers()


def _run_both(watch: Scene) -> tuple[str, str]:
    return watch.engine.run("crashed"), watch.engine.run("removed")


def test_the_poll_finds_what_happened_while_the_event_stream_is_cut(watch: Scene, cable: Cable) -> None:
    crashed, removed = _run_both(watch)
    watch.start("crashed", "removed")
    cable.cut()
    watch.daemon.wait(lambda: "no events for now" in watch.daemon.log, "the cut is not noticed")
    _crash_and_remove(watch)
    _both_are_back_once(watch, crashed, removed)
    watch.two_polls()
    assert len(watch.intents()) == 2
    assert watch.incidents("engine") == [], "an engine that answers is not away"
    assert _events_heard(watch, "die") == _events_heard(watch, "destroy") == 0


@pytest.mark.long
def test_the_list_after_reconnecting_finds_what_the_engines_ring_of_events_has_forgotten(
    watch: Scene, cable: Cable
) -> None:
    crashed, removed = _run_both(watch)
    watch.daemon.environment |= ONLY_EVENTS
    watch.start("crashed", "removed")
    noise = watch.engine.run("noise")
    watch.daemon.wait_protected("noise")
    cable.sever()
    watch.daemon.wait(lambda: watch.daemon.status()["engine_up"] is False, "the absence is not noticed")
    _crash_and_remove(watch)
    for _ in range(RING + 44):
        assert watch.engine.api("POST", f"/containers/{noise}/kill", query={"signal": "WINCH"}).status == 204
    assert watch.events(crashed, "die") == watch.events(removed, "destroy") == []
    assert watch.intents() == []
    cable.mend()
    assert watch.wait_recovered("crashed")["cause"] == "crashed"
    assert watch.wait_recovered("removed")["cause"] == "missing"
    assert sorted(row["subject"] for row in watch.intents()) == ["crashed", "removed"]
    assert len(watch.containers()) == 3
    assert watch.daemon.protected("noise")


def test_the_poll_finds_what_happened_while_events_get_lost_on_an_open_stream(watch: Scene, cable: Cable) -> None:
    """As when the engine drops what a slow reader did not take in time."""
    crashed, removed = _run_both(watch)
    watch.start("crashed", "removed")
    cable.lose()
    _crash_and_remove(watch)
    _both_are_back_once(watch, crashed, removed)
    watch.two_polls()
    assert len(watch.intents()) == 2
    assert "the engine is away" not in watch.daemon.log


def test_events_that_come_twice_and_out_of_order_lead_to_one_action_each(watch: Scene, cable: Cable) -> None:
    crashed, removed = _run_both(watch)
    watch.start("crashed", "removed")
    cable.garble()
    since = watch.moment()
    _crash_and_remove(watch)
    _both_are_back_once(watch, crashed, removed)
    watch.two_polls()
    assert len(watch.intents()) == 2
    assert watch.events(crashed, "start", since=since) == ["start"]
    assert _events_heard(watch, "die") <= 2


def test_events_that_come_late_are_not_acted_upon_a_second_time(watch: Scene, cable: Cable) -> None:
    crashed, removed = _run_both(watch)
    watch.start("crashed", "removed")
    cable.hold()
    since = watch.moment()
    _crash_and_remove(watch)
    _both_are_back_once(watch, crashed, removed)
    assert cable.release() > 0
    watch.daemon.wait(lambda: _events_heard(watch, "die") == 2, "the late events are not heard")
    watch.two_polls()
    assert len(watch.intents()) == 2
    assert watch.events(crashed, "start", since=since) == ["start"]
    assert len(watch.containers()) == 2
    assert watch.daemon.protected("crashed", "removed")
