"""Bounded, then loud: past its budget a service is handed to a person, who is told by every way, and when it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.doors import recover
from tests.e2e.receiver import receiver
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

FRAGILE = ("-v", "flag:/flag", "--", "sh", "-c", "test ! -e /flag/broken && sleep 1000000")
"""Runs until somebody touches /flag/broken and it crashes; then it ends at every start, on its writable volume."""


def _break(scene: Scene) -> None:
    scene.engine.docker("exec", "webui", "touch", "/flag/broken")
    scene.engine.crash("webui")


def _mend(scene: Scene) -> None:
    scene.engine.docker("run", "--rm", "-v", "flag:/flag", "busybox:lab", "rm", "/flag/broken")


def _critical(scene: Scene) -> Any:
    return json.loads((scene.daemon.state / "alerts" / "critical-failures.json").read_text())


def _quarantined(scene: Scene) -> bool:
    service = scene.service("webui")
    return service is not None and service["quarantined"]


def test_after_three_attempts_a_person_is_called_by_every_way_and_told_when_it_is_over(
    watch: Scene, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    with receiver(watch.engine.ground.host_address) as webhook:
        watch.engine.run("webui", *FRAGILE)
        command = json.dumps(["sh", "-c", f"cat >> {told}"])
        watch.start(
            "webui",
            more=f'[[alert.receiver]]\nname = "chat"\nwebhook = "{webhook.url}"\n'
            f'[[alert.receiver]]\nname = "pager"\ncommand = {command}\n',
        )
        _break(watch)
        watch.daemon.wait(lambda: _quarantined(watch), "webui is not in quarantine", 40.0)
        incident = watch.wait_incident("webui")
        assert incident["severity"] == "critical"
        assert [row["payload"]["rung"] for row in watch.intents()] == ["start", "recreate", "recreate"]
        watch.daemon.wait(lambda: webhook.got and told.exists() and _critical(watch)["open"], "nobody was told")
        (alert,) = _critical(watch)["open"]
        assert (alert["state"], alert["severity"], alert["subject"]) == ("firing", "critical", "webui")
        assert alert["summary"].endswith("A person is needed.")
        assert alert["command"] == f"watchdog show {incident['id']}"
        assert webhook.got == [alert]
        assert json.loads(told.read_text()) == alert
        watch.two_polls()
        assert len(watch.intents()) == 3
        assert len(watch.containers()) == 1
        watch.oracle.compare()

        _mend(watch)
        code, (result,) = recover(watch, "webui")
        assert (code, result["outcome"], result["incident"]) == (0, "recovered", incident["id"])
        watch.daemon.wait(lambda: webhook.states() == ["firing", "resolved"], "it was not told that it is over")
        watch.daemon.wait(lambda: _critical(watch)["open"] == [], "it is still called critical")
        assert webhook.got[1]["key"] == alert["key"]
        watch.daemon.wait(lambda: len(told.read_text().splitlines()) == 2, "the command was not told that it is over")
        assert not _quarantined(watch)


def test_the_budget_survives_a_daemon_that_is_killed_between_attempts(watch: Scene) -> None:
    watch.engine.run("webui", *FRAGILE)
    watch.start("webui")
    _break(watch)
    for attempt in (1, 2):
        watch.daemon.wait(lambda: len(watch.intents()) >= attempt, f"no attempt {attempt}", 30.0)  # noqa: B023 - awaited in the same turn
        watch.daemon.kill()
        watch.daemon.start()
    watch.daemon.wait(lambda: _quarantined(watch), "webui is not in quarantine", 40.0)
    watch.two_polls()
    assert len(watch.intents()) == 3
    assert len(watch.containers()) == 1
    watch.daemon.kill()
    watch.daemon.start()
    watch.two_polls()
    assert _quarantined(watch)
    assert len(watch.intents()) == 3
    watch.oracle.compare()


def test_whoever_respects_stops_finds_a_stopped_service_left_alone(watch: Scene) -> None:
    watch.engine.run("webui", "--stop-timeout", "0")
    watch.start("webui", more='on_stop = "respect"\n')
    watch.engine.docker("stop", "webui")
    watch.daemon.wait(lambda: watch.health("webui") == "paused", "webui is not called paused")
    watch.two_polls()
    assert watch.intents() == []
    assert watch.incidents("webui") == []
    assert watch.daemon.cli("status").code == 1
    watch.engine.docker("start", "webui")
    watch.daemon.wait_protected("webui")


def test_without_that_a_stopped_service_is_started_after_the_grace(watch: Scene) -> None:
    old = watch.engine.run("webui", "--stop-timeout", "0")
    watch.start("webui")
    watch.engine.docker("stop", "webui")
    watch.wait_recovered("webui")
    assert watch.containers() == [old]
    assert [row["payload"]["rung"] for row in watch.intents()] == ["start"]
