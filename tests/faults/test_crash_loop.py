"""Fault 9: Docker's restart policy has its turn, then the ladder, then a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

DOCKERS_RESTARTS = 5
BREAKS_WHEN_TOLD = "while [ ! -e /state/broken ]; do sleep 0.1; done; sleep 0.3; exit 3"
LONGER_THAN_IT_LIVES = '\n[health]\nretry_interval = "300ms"\nsoak = "500ms"\nstable = "3s"\n'
"""As by default: a container that dies at once never counts as good in between."""
QUICK = '[watch]\ninterval = "1s"\n[recovery]\nbackoff = "300ms"\nverify_timeout = "15s"\n'


def _at(row: Any) -> float:
    return datetime.fromisoformat(row["at"]).timestamp()


def test_what_docker_restarts_is_left_to_docker(watch: Scene) -> None:
    container = watch.engine.run("webui", "--restart", "always")
    watch.start("webui")
    watch.engine.crash("webui")
    incident = watch.wait_recovered("webui")
    watch.two_polls()
    assert incident["cause"] == "crashed"
    assert watch.sentences(incident, "incident_closed")[0].startswith("good again without an action of watchdog's")
    assert watch.intents() == []
    assert watch.events(container, "die", "start") == ["start", "die", "start"]
    assert watch.containers() == [container]


def test_a_crash_loop_is_dockers_first_then_the_ladders_then_a_persons(watch: Scene) -> None:
    shell = ("--", "sh", "-c", BREAKS_WHEN_TOLD)
    first = watch.engine.run("webui", "--restart", "always", "--volume", "state:/state", *shell)
    watch.start("webui", config=QUICK + LONGER_THAN_IT_LIVES)
    since = watch.moment()
    watch.engine.docker("exec", "webui", "touch", "/state/broken")
    watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "not handed to a person", 60.0)
    watch.oracle.compare()

    intents = watch.intents()
    assert [intent["payload"]["rung"] for intent in intents] == ["restart", "recreate", "recreate"]
    begun = _at(intents[0])
    dockers = [event for event in watch.told(since) if event["Action"] == "start" and event["timeNano"] / 1e9 < begun]
    assert len(dockers) == DOCKERS_RESTARTS
    (incident,) = watch.incidents("webui")
    assert incident["severity"] == "critical"
    assert incident["closed_at"] is None
    assert "A person is needed." in watch.sentences(incident, "alert")[0]

    handed_over = watch.moment()
    assert watch.containers() == [first], "what was set aside is put back, and no second container stays"
    watch.two_polls()
    assert watch.intents() == intents
    assert set(watch.happened(handed_over)) <= {"die webui", "start webui"}, "Docker goes on, watchdog does not"
    assert watch.daemon.cli("check").code == 2
