from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli import answers
from tests.cli.conftest import Run, Twin
from watchdog.errors import EngineUnavailable, UnknownService
from watchdog.model.health import Status

CRITICAL = """\
SERVICE     HEALTH   SCORE  REASON
shop/db     healthy  1.00   running
shop/webui  missing  0.00   its container was removed; `watchdog show 7`

ENDPOINT  VERDICT  TOOK    REASON
front     fail     0.01 s  connection refused

critical: 1 of 2 services well, 0 of 1 endpoints answer as expected, score 0.50; shop/webui is missing.
"""


@pytest.mark.parametrize(("status", "code"), [("ok", 0), ("warning", 1), ("critical", 2), ("unknown", 3)])
def test_the_exit_code_says_the_status(run: Run, twin: Twin, status: str, code: int) -> None:
    twin.snapshot = answers.snapshot(Status(status))
    assert run("check").code == code


@pytest.mark.parametrize(("status", "code"), [("ok", 3), ("warning", 3), ("critical", 2), ("unknown", 3)])
def test_strict_makes_absence_not_judged_a_3_but_critical_wins(run: Run, twin: Twin, status: str, code: int) -> None:
    twin.snapshot = answers.snapshot(Status(status), absent=True)
    ended = run("check", "--strict", "--json")
    assert ended.code == code
    assert json.loads(ended.out)["status"] == {3: "unknown", 2: "critical"}[code]


def test_without_strict_absence_not_judged_is_listed_and_changes_nothing(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot(absent=True)
    ended = run("check")
    assert ended.code == 0
    assert "shop/cron  stopped at first sight" in ended.out
    assert ended.out.splitlines()[-1].endswith("1 not judged.")


def test_strict_is_content_when_every_absence_is_judged(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot()
    assert run("check", "--strict").code == 0


def test_outside_a_terminal_the_table_is_aligned_text_and_the_last_line_is_the_verdict(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot(Status.CRITICAL)
    assert run("check").out == CRITICAL


def test_json_is_the_snapshot_as_one_object(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot(Status.CRITICAL)
    assert json.loads(run("check", "--json").out) == twin.snapshot.as_json()


def test_names_are_passed_on(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot()
    run("check", "webui", "shop/db")
    assert twin.asked == [("webui", "shop/db")]


def test_an_engine_that_is_away_is_said_in_the_verdict(run: Run, twin: Twin) -> None:
    twin.snapshot = answers.snapshot(Status.UNKNOWN, engine_up=False)
    ended = run("check")
    assert ended.code == 3
    assert ended.out.splitlines()[-1] == "unknown: the engine at unix:///nowhere does not answer"


@pytest.mark.parametrize(
    "failure", [EngineUnavailable("No engine answers."), UnknownService("No service goes by the name nope.")]
)
def test_what_cannot_be_judged_is_a_3_with_one_sentence(run: Run, twin: Twin, failure: EngineUnavailable) -> None:
    twin.failure = failure
    ended = run("check", "nope")
    assert (ended.code, ended.out, ended.err) == (3, "", f"{failure}\n")


def test_wrong_arguments_of_check_are_a_3(run: Run) -> None:
    ended = run("check", "--bogus")
    assert ended.code == 3
    assert ended.err.endswith("Try `watchdog check --help`.\n")


def test_a_wrong_configuration_is_a_3_for_check_and_a_64_elsewhere(run: Run, twin: Twin, home: Path) -> None:
    missing = str(home / "nowhere.toml")
    assert run("check", "--config", missing).code == 3
    assert twin.asked == []
    ended = run("--config", missing, "config", "check")
    assert ended.code == 64
    assert "nowhere.toml" in ended.err


def test_control_characters_of_strangers_do_not_reach_the_terminal(run: Run, twin: Twin) -> None:
    twin.failure = UnknownService("bad \x1b[2J name")
    assert "\x1b" not in run("check").err
