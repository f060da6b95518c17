"""What people ask and order of a running daemon: status, incidents, show, pause, resume, retire, healthcheck."""

from __future__ import annotations

import pytest

from tests.e2e.doors import check, healths, one_sentence, remembered
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


def test_status_incidents_and_show_tell_the_story_of_a_recovery(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    said = watch.daemon.cli("incidents")
    assert (said.code, said.out) == (0, "No incidents.\n")
    watch.engine.docker("rm", "--force", "webui")
    incident = watch.wait_recovered("webui")
    said = watch.daemon.cli("status")
    assert said.code == 0
    assert "ok: 1 of 1 services well, score 1.00." in said.out
    assert f"Ledger head {watch.daemon.status()['ledger_head']} (an anchor" in said.out
    (listed,) = watch.daemon.cli("incidents", "--json").json
    assert (listed["id"], listed["subject"], listed["cause"]) == (incident["id"], "webui", "missing")
    assert watch.daemon.cli("incidents", "--open").out == "No open incidents.\n"
    said = watch.daemon.cli("show", str(incident["id"]))
    assert said.code == 0
    story = [line for line in said.out.splitlines() if "  " in line]
    kinds = ("incident_opened", "intent", "step", "outcome", "incident_closed", "claim")
    assert [kind for kind in kinds if any(f"  {kind}  " in line for line in story)] == list(kinds)
    assert watch.daemon.cli("show", str(incident["id"]), "--json").json["incident"] == incident


def test_the_history_is_read_without_a_daemon_too_and_an_unknown_incident_is_64(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    incident = watch.wait_recovered("webui")
    with_daemon = watch.daemon.cli("incidents", "--json").json
    said = one_sentence(watch.daemon.cli("show", "99"), 64)
    assert "99" in said
    watch.verdict()
    watch.daemon.stop()
    assert watch.daemon.cli("incidents", "--json").json == with_daemon
    assert watch.daemon.cli("show", str(incident["id"]), "--json").json["incident"] == incident
    assert one_sentence(watch.daemon.cli("show", "99"), 64) == said
    one_sentence(watch.daemon.cli("show", "webui"), 64)


def test_a_daemon_is_asked_for_its_health_and_its_absence_is_told(watch: Scene) -> None:
    watch.start()
    alive = watch.daemon.cli("healthcheck")
    assert (alive.code, alive.out) == (0, "loop and workers make progress\n")
    watch.verdict()
    watch.daemon.stop()
    said = one_sentence(watch.daemon.cli("healthcheck"), 1)
    assert said.startswith(f"No daemon answers on {watch.daemon.socket} (")
    assert one_sentence(watch.daemon.cli("status"), 3) == said


def test_a_pause_needs_an_end_and_a_reason(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    for wrong in (
        ("--for", "1h"),
        ("--reason", "disk"),
        ("--for", "soon", "--reason", "x"),
        ("--for", "0s", "--reason", "x"),
        ("--for", "1h", "--reason", " "),
        ("--for", "9999d", "--reason", "x"),
    ):
        one_sentence(watch.daemon.cli("pause", "webui", *wrong), 64)
    one_sentence(watch.daemon.cli("pause", "nope", "--for", "1h", "--reason", "x"), 64)
    assert watch.service("webui")["paused_until"] is None


def test_while_paused_detection_goes_on_and_action_waits_even_over_a_restart_until_resumed(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    said = watch.daemon.cli("pause", "webui", "--for", "2h", "--reason", "moving the disk")
    assert said.code == 0
    assert said.out.startswith("webui is paused until ")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_incident("webui")
    watch.two_polls()
    assert watch.service("webui")["recovery"].startswith("paused by ")
    watch.daemon.kill()
    watch.daemon.start()
    watch.two_polls()
    watch.oracle.compare()
    assert watch.health("webui") == "missing"
    assert watch.service("webui")["paused_until"] is not None
    assert watch.daemon.cli("status").code == 2
    assert watch.intents() == []
    assert watch.containers() == []
    said = watch.daemon.cli("resume", "webui")
    assert said.code == 0
    assert said.out.startswith("webui is resumed by ")
    watch.wait_recovered("webui")
    assert watch.daemon.cli("resume", "webui").out == "webui is not paused\n"


def test_a_pause_that_ends_lets_action_go_on(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    assert watch.daemon.cli("pause", "webui", "--for", "3s", "--reason", "short").code == 0
    watch.engine.docker("rm", "--force", "webui")
    incident = watch.wait_recovered("webui")
    rows = watch.daemon.timeline(incident["id"])
    assert [row["kind"] for row in rows if row["kind"] in {"incident_opened", "intent"}] == [
        "incident_opened",
        "intent",
    ]


def test_a_retired_service_may_go_and_a_new_container_of_it_is_protected_again(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    one_sentence(watch.daemon.cli("retire", "webui"), 64)
    said = watch.daemon.cli("retire", "webui", "--reason", "replaced by portal")
    assert said.code == 0
    assert said.out.endswith(": replaced by portal\n")
    watch.engine.docker("rm", "--force", "webui")
    watch.daemon.wait(lambda: watch.service("webui") is None, "webui is still shown")
    watch.two_polls()
    assert watch.incidents("webui") == []
    assert watch.containers() == []
    ran = check(watch)
    assert (ran.code, healths(ran), ran.json["absence_not_judged"]) == (0, {}, [])
    watch.engine.run("webui")
    watch.daemon.wait_protected("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")


def test_people_are_heard_without_a_daemon_too(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.engine.run("cron")
    remembered(watch, "webui", "cron")
    assert watch.daemon.cli("pause", "webui", "--for", "2h", "--reason", "moving the disk").code == 0
    assert watch.daemon.cli("retire", "cron", "--reason", "done with it").code == 0
    watch.engine.docker("rm", "--force", "webui", "cron")
    assert healths(check(watch)) == {"webui": "missing"}
    watch.daemon.start()
    watch.wait_incident("webui")
    watch.two_polls()
    assert watch.intents() == []
    assert watch.incidents("cron") == []
    watch.daemon.wait(lambda: watch.service("webui")["paused_until"], "the pause is not known")
