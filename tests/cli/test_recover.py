from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import answers
from tests.cli.conftest import Run, Twin
from tests.cli.scripted_daemon import Script
from tests.support.eventually import eventually_sync
from watchdog.api.doors import RecoverOrder
from watchdog.errors import EngineUnavailable, LockHeld, UnknownService
from watchdog.model.record import Rung

DONE = {"event": "done"}
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [(["recovered"], 0), (["healthy"], 0), (["recovered", "failed"], 1), (["refused"], 1), ([], 0)],
)
def test_zero_only_when_every_service_is_good(run: Run, daemon: Script, outcomes: list[str], code: int) -> None:
    results = [answers.result(f"s{number}", outcome) for number, outcome in enumerate(outcomes)]
    daemon.answers["/api/v1/recover"] = (200, [*results, DONE])
    assert run("recover", "--all").code == code


def test_progress_and_result_are_told_line_by_line(run: Run, daemon: Script) -> None:
    events = [answers.progress("webui", "creates its container"), answers.result("webui", "recovered"), DONE]
    daemon.answers["/api/v1/recover"] = (200, events)
    assert run("recover", "webui").out == (
        "shop/webui: creates its container\n"
        "recovered: shop/webui by recreate after 0.25 s: verified over HTTP; `watchdog show 7`\n"
    )


def test_an_order_for_many_begins_with_who_they_are_in_order(run: Run, daemon: Script) -> None:
    results = [answers.result("db", "healthy"), answers.result("webui", "healthy")]
    daemon.answers["/api/v1/recover"] = (200, [answers.order("db", "webui"), *results, DONE])
    first, *rest = run("recover", "--all").out.splitlines()
    assert first == "2 services: shop/db, shop/webui"
    assert len(rest) == 2
    assert len(run("recover", "--all", "--json").out.splitlines()) == 2


def test_json_is_one_object_per_service_and_line(run: Run, daemon: Script) -> None:
    events = [answers.progress("db", "waits"), answers.result("db", "healthy"), answers.result("webui", "failed"), DONE]
    daemon.answers["/api/v1/recover"] = (200, events)
    objects = [json.loads(line) for line in run("recover", "--all", "--json").out.splitlines()]
    assert [(found["name"], found["outcome"]) for found in objects] == [("db", "healthy"), ("webui", "failed")]
    assert set(objects[0]) == {"project", "name", "outcome", "action", "attempts", "seconds", "reason", "incident"}


def test_a_dry_run_prints_the_plan_and_asks_for_nothing_else(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/recover"] = (200, [answers.plan("webui"), DONE])
    ended = run("recover", "--project", "shop", "--dry-run", "--action", "recreate")
    assert (ended.code, ended.out) == (0, answers.plan("webui")["text"] + "\n")
    assert daemon.asked[-1] == (
        "/api/v1/recover",
        {
            "services": [],
            "project": "shop",
            "everything": False,
            "action": "recreate",
            "baseline": None,
            "dry_run": True,
            "by": "ada",
        },
    )


def test_without_a_daemon_the_command_becomes_it(run: Run, twin: Twin) -> None:
    twin.events = [answers.result("webui", "recovered")]
    assert run("recover", "webui", "--action", "restart").code == 0
    assert twin.asked == [RecoverOrder(services=("webui",), action=Rung.RESTART, by="ada")]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (EngineUnavailable("No engine answers."), 3),
        (UnknownService("No service nope; there are shop/db, shop/webui."), 64),
        (LockHeld("Process 12 holds the lock."), 1),
    ],
)
def test_a_failure_ends_with_its_sentence_and_code(run: Run, twin: Twin, failure: EngineUnavailable, code: int) -> None:
    twin.failure = failure
    ended = run("recover", "nope")
    assert (ended.code, ended.err) == (code, f"{failure}\n")


def test_a_refusal_of_the_daemon_ends_with_its_sentence_and_code(run: Run, daemon: Script) -> None:
    refusal = {"error": "No service nope; there are shop/db.", "exit_code": 64, "candidates": ["shop/db"]}
    daemon.answers["/api/v1/recover"] = (404, refusal)
    ended = run("recover", "nope")
    assert (ended.code, ended.err) == (64, "No service nope; there are shop/db.\n")


def test_an_error_in_the_stream_ends_with_its_sentence_and_code(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/recover"] = (200, [{"event": "error", "error": "The engine went away.", "exit_code": 3}])
    ended = run("recover", "--all")
    assert (ended.code, ended.err) == (3, "The engine went away.\n")


def test_a_stream_that_ends_too_early_is_not_called_good(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/recover"] = (200, [answers.result("webui", "recovered")])
    ended = run("recover", "--all")
    assert ended.code == 1
    assert "broke off" in ended.err


@pytest.mark.parametrize("arguments", [(), ("webui", "--all"), ("--all", "--project", "shop")])
def test_what_to_recover_is_named_in_one_way(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run("recover", *arguments)
    assert (ended.code, ended.out) == (64, "")


def test_an_unknown_action_is_a_64(run: Run) -> None:
    assert run("recover", "webui", "--action", "pray").code == 64


def test_on_a_terminal_each_sentence_has_its_own_line_above_the_live_one(daemon: Script, home: Path) -> None:
    told = [answers.result("db", "healthy"), answers.progress("webui", "waits"), answers.result("webui", "recovered")]
    daemon.answers["/api/v1/recover"] = (200, [answers.order("db", "webui"), *told, DONE])
    server, screen = home / "tmux.sock", home / "screen"
    tmux = ["tmux", "-S", str(server)]
    command = f"{sys.executable} -m watchdog recover webui; tmux -S {server} capture-pane -p > {screen}"
    try:
        subprocess.run([*tmux, "new-session", "-d", "-x", "120", "-y", "10", command], cwd=ROOT, check=True)
        eventually_sync(lambda: screen.is_file() and "recovered" in screen.read_text())
        assert screen.read_text().rstrip().splitlines() == [
            "2 services: shop/db, shop/webui",
            "healthy: shop/db: already healthy",
            "shop/webui: waits",
            "recovered: shop/webui by recreate after 0.25 s: verified over HTTP; `watchdog show 7`",
        ]
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)
