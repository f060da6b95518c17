from __future__ import annotations

from tests.cli.conftest import Run
from tests.cli.scripted_daemon import Script


def test_a_job_calls_in(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/heartbeats/backup"] = (200, {"sentence": "backup is heard"})
    ended = run("heartbeat", "backup")
    assert (ended.code, ended.out) == (0, "backup is heard\n")
    assert daemon.asked == [("/api/v1/heartbeats/backup?exit_code=0&message=", None)]


def test_a_job_says_how_it_ended(run: Run, daemon: Script) -> None:
    daemon.answers["/api/v1/heartbeats/shop/worker%232/alive"] = (200, {"sentence": "it is heard"})
    assert run("heartbeat", "shop/worker#2/alive", "--exit-code", "3", "--message", "disk full").code == 0
    assert daemon.asked[0][0].endswith("?exit_code=3&message=disk+full")


def test_an_unknown_name_is_a_64_with_the_daemons_sentence(run: Run, daemon: Script) -> None:
    sentence = "no check is called in as 'x'; there are: backup"
    daemon.answers["/api/v1/heartbeats/x"] = (404, {"error": sentence, "exit_code": 64})
    ended = run("heartbeat", "x")
    assert (ended.code, ended.err) == (64, f"{sentence}\n")


def test_without_a_daemon_it_is_a_3_that_says_what_to_do(run: Run) -> None:
    ended = run("heartbeat", "backup")
    assert ended.code == 3
    assert "No daemon answers" in ended.err


def test_what_is_no_exit_code_is_a_64(run: Run) -> None:
    assert run("heartbeat", "backup", "--exit-code", "256").code == 64
