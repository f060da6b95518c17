from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.cli import answers
from tests.cli.conftest import Run, Twin
from tests.cli.scripted_daemon import Script
from watchdog.model.health import Status


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3)])
def test_status_ends_as_check_does(run: Run, daemon: Script, status: str, code: int) -> None:
    daemon.answers["/api/v1/status"] = (200, answers.snapshot(Status(status)).as_json())
    assert run("status").code == code


def test_status_prints_what_the_daemon_knows(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/status"] = (200, answers.snapshot(Status.CRITICAL).as_json())
    printed = run("status").out
    assert "shop/webui  missing  0.00" in printed
    assert "open incidents: 1." in printed
    assert "ab" * 32 in printed


def test_status_as_json_is_the_daemons_object(run: Run, daemon: Script) -> None:
    document = answers.snapshot(Status.WARNING).as_json()
    daemon.answers["/api/v1/status"] = (200, document)
    assert json.loads(run("status", "--json").out) == document


def test_status_without_a_daemon_is_a_3_that_says_what_to_do(run: Run, home: Path) -> None:
    ended = run("status")
    assert ended.code == 3
    assert f"No daemon answers on {home / 'watchdog.sock'}" in ended.err
    assert "watchdog run" in ended.err


def test_a_stale_socket_is_no_daemon(run: Run, home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(home / "watchdog.sock"))
    ended = run("status")
    assert ended.code == 3
    assert "Connection refused" in ended.err


def test_wrong_arguments_of_status_are_a_64(run: Run) -> None:
    assert run("status", "--bogus").code == 64


def test_healthcheck_is_0_when_the_daemon_makes_progress(run: Run, daemon: Script) -> None:
    ended = run("healthcheck")
    assert (ended.code, ended.out) == (0, "the loop makes progress\n")
    assert daemon.asked == [("/-/healthy", None)]


def test_healthcheck_is_1_when_the_daemon_is_stuck_or_away(run: Run, daemon: Script, home: Path) -> None:
    daemon.answers["/-/healthy"] = (503, "the loop is stuck")
    ended = run("healthcheck")
    assert (ended.code, ended.out) == (1, "the loop is stuck\n")
    (home / "watchdog.sock").unlink()
    assert run("healthcheck").code == 1


def test_incidents_are_listed_newest_first(run: Run, daemon: Script) -> None:
    found = [answers.incident(8, closed=False), answers.incident(7, closed=True)]
    daemon.answers["/api/v1/incidents"] = (200, {"incidents": found})
    ended = run("incidents", "--limit", "5", "--open")
    assert ended.code == 0
    assert [line.split()[:3] for line in ended.out.splitlines()[1:]] == [
        ["8", "2026-01-02T03:04:05.010Z", "open"],
        ["7", "2026-01-02T03:04:05.010Z", "closed"],
    ]
    assert daemon.asked[-1][0] == "/api/v1/incidents?limit=5&open=true"
    assert json.loads(run("incidents", "--json").out) == found


def test_no_incidents_is_a_sentence(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/incidents"] = (200, {"incidents": []})
    assert run("incidents").out == "No incidents.\n"


def test_show_prints_the_timeline_with_its_rows(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/incidents/7"] = (200, answers.timeline(7))
    ended = run("show", "7")
    assert ended.code == 0
    assert "recreate shop/webui: it was removed" in ended.out
    assert "Closed at 2026-01-02T03:04:16.000Z." in ended.out
    assert json.loads(run("show", "7", "--json").out) == answers.timeline(7)


def test_show_of_an_unknown_incident_is_a_64(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/incidents/9"] = (404, {"error": "There is no incident 9.", "exit_code": 64})
    ended = run("show", "9")
    assert (ended.code, ended.err) == (64, "There is no incident 9.\n")
    assert run("show", "nine").code == 64


def test_an_answer_that_is_no_answer_is_told_in_one_sentence(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/status"] = (500, "<html>")
    ended = run("status")
    assert ended.code == 3
    assert ended.err == "The daemon answered 500: <html>\n"


@pytest.mark.parametrize(
    ("arguments", "path", "body"),
    [
        (
            ("pause", "shop/webui", "--for", "2h", "--reason", "disk"),
            "/api/v1/services/pause",
            {"service": "shop/webui", "seconds": 7200.0, "reason": "disk", "by": "ada"},
        ),
        (("resume", "webui"), "/api/v1/services/resume", {"service": "webui", "by": "ada"}),
        (
            ("retire", "webui", "--reason", "gone"),
            "/api/v1/services/retire",
            {"service": "webui", "reason": "gone", "by": "ada"},
        ),
    ],
)
def test_an_order_goes_to_the_daemon_and_its_sentence_is_printed(
    run: Run, daemon: Script, arguments: tuple[str, ...], path: str, body: dict[str, object]
) -> None:
    daemon.answers[path] = (200, {"sentence": "Done and recorded."})
    ended = run(*arguments)
    assert (ended.code, ended.out) == (0, "Done and recorded.\n")
    assert daemon.asked[-1] == (path, body)


def test_without_a_daemon_an_order_is_given_as_the_daemon(run: Run, twin: Twin) -> None:
    assert run("pause", "webui", "--for", "30m", "--reason", "disk").out == "webui is paused.\n"
    assert run("resume", "webui").code == run("retire", "webui", "--reason", "gone").code == 0
    assert twin.asked == [
        ("pause", "webui", 1800.0, "disk", "ada"),
        ("resume", "webui", "ada"),
        ("retire", "webui", "gone", "ada"),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("pause", "webui"),
        ("pause", "webui", "--for", "2h"),
        ("pause", "webui", "--reason", "disk"),
        ("pause", "webui", "--for", "soon", "--reason", "disk"),
        ("pause", "webui", "--for", "-1h", "--reason", "disk"),
        ("pause", "webui", "--for", "0s", "--reason", "disk"),
        ("pause", "webui", "--for", "2h", "--reason", "  "),
        ("retire", "webui"),
    ],
)
def test_a_pause_needs_an_end_and_a_reason(run: Run, twin: Twin, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.code == 64
    assert len(ended.err.splitlines()) == 1
    assert twin.asked == []
