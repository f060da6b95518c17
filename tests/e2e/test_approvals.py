"""A database that is recreated only when a person agrees: real engine, real daemon, a webhook that is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.doors import one_sentence
from tests.e2e.receiver import Receiver, receiver
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

DATABASE = ("-v", "data:/data", "--", "sh", "-c", "test -e /data/row || echo 42 > /data/row; sleep 1000000")


@pytest.fixture
def told(watch: Scene) -> Iterator[Receiver]:
    with receiver(watch.engine.ground.host_address) as one:
        yield one


def _lost(scene: Scene, told: Receiver, number: int = 1) -> Any:
    """The database was protected and is removed; the request as the command line has it."""
    scene.daemon.config = scene.daemon.config.replace("[recovery]\n", '[recovery]\napproval = ["recreate"]\n')
    scene.engine.run("db", *DATABASE)
    scene.start("db", more=f'\n[alert]\n[[alert.receiver]]\nname = "chat"\nwebhook = "{told.url}"\n')
    scene.engine.docker("rm", "--force", "db")
    return _asked(scene, number)


def _asked(scene: Scene, number: int) -> Any:
    def found() -> list[Any]:
        waiting = scene.daemon.get("/api/v1/approvals").json["approvals"]
        return [one for one in waiting if one["id"] == number]

    scene.daemon.wait(found, f"approval {number} is not asked for")
    (request,) = scene.daemon.cli("approvals", "--json").json
    return request


def _alert(told: Receiver, key: str, state: str) -> Any:
    return next((body for body in told.got if (body["key"], body["state"]) == (key, state)), None)


def test_a_removed_database_waits_for_a_person_over_a_killed_daemon_and_comes_back_with_its_data(
    watch: Scene, told: Receiver
) -> None:
    request = _lost(watch, told)
    watch.daemon.wait(lambda: _alert(told, "approval-1", "firing"), "nobody is told")
    alert = _alert(told, "approval-1", "firing")
    assert (alert["subject"], alert["severity"]) == ("db", "critical")
    assert alert["plan"] == request["plan"]
    assert alert["plan"].startswith("recreate db: it has no container; attempt 1 of 3\n  1. create db.watchdog-new-")
    assert alert["evidence"] == ["it has no container"]
    assert "`watchdog approve 1` or `watchdog reject 1 --reason …`" in alert["todo"]
    said = watch.daemon.cli("approvals").out
    assert all(line in said for line in request["plan"].splitlines())
    assert "waits for approval 1 of: recreate db" in watch.daemon.cli("status").out
    assert "watchdog_approvals_waiting 1.0" in watch.daemon.metrics()
    assert "no approval 9" in one_sentence(watch.daemon.cli("approve", "9"), 64)
    watch.daemon.kill()
    one_sentence(watch.daemon.cli("approve", "1"), 3)
    watch.daemon.start()
    watch.two_polls()
    assert _asked(watch, 1) == request
    assert watch.intents() == []
    assert watch.containers() == []
    said = watch.daemon.cli("approve", "1", "--reason", "the volume is fine")
    assert said.code == 0
    assert said.out.startswith("approval 1 to recreate db is given by ")
    incident = watch.wait_recovered("db")
    assert watch.engine.docker("exec", "db", "cat", "/data/row").strip() == "42"
    (intent,) = watch.intents()
    assert intent["sentence"].endswith("(approval 1)")
    by = watch.sentences(incident, "approval")[1]
    assert by.startswith("approval 1 to recreate db is given by ")
    assert by.endswith(": the volume is fine")
    watch.daemon.wait(lambda: _alert(told, "approval-1", "resolved"), "its end is not told")
    assert [one["state"] for one in told.got if one["key"] == "approval-1"] == ["firing", "resolved"]
    assert "is used already" in one_sentence(watch.daemon.cli("approve", "1"), 64)
    assert watch.daemon.cli("approvals").out == "Nothing waits for approval.\n"
    assert "approval 1 by " in watch.daemon.cli("approvals", "--all").out
    assert 'watchdog_approvals_total{outcome="used"} 1.0' in watch.daemon.metrics()


def test_a_database_that_somebody_else_brought_back_is_left_alone_and_a_rejected_one_is_a_persons(
    watch: Scene, told: Receiver
) -> None:
    _lost(watch, told)
    mine = watch.engine.run("db", *DATABASE)
    watch.wait_recovered("db")
    assert "is withdrawn already: approval 1 " in one_sentence(watch.daemon.cli("approve", "1"), 64)
    assert (watch.containers(), watch.intents()) == ([mine], [])
    watch.daemon.wait_protected("db")
    watch.engine.docker("rm", "--force", "db")
    _asked(watch, 2)
    one_sentence(watch.daemon.cli("reject", "2"), 64)
    assert watch.daemon.cli("reject", "2", "--reason", "backup first").code == 0
    watch.daemon.wait(lambda: watch.service("db")["quarantined"], "it is not handed over")
    watch.daemon.wait(lambda: _alert(told, "incident-1", "firing"), "nobody is told")
    assert _alert(told, "incident-1", "firing")["summary"].endswith(": backup first. A person is needed.")
    watch.two_polls()
    assert (watch.containers(), watch.intents()) == ([], [])
    assert watch.daemon.cli("recover", "db").code == 0
    assert watch.service("db")["health"] == "healthy"
