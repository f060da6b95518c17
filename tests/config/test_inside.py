"""Checks of what a container logs and uses."""

from __future__ import annotations

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.config import resolve
from watchdog.model.identity import ServiceKey
from watchdog.model.question import LogsQuestion

E_OF = "[[endpoint]]\nname = 'e'\nservice = 'db'\n"


def test_a_check_of_logs_says_everything(settings_of: Load) -> None:
    (check,) = settings_of(
        f"{E_OF}logs = 'ERROR'\nmax_per_minute = 2.5\nnew_errors = true\nlearn = '2h'\nnew_for = '5m'"
    ).endpoints
    assert check.question == LogsQuestion(logs="ERROR", max_per_minute=2.5, new_errors=True, learn=7200, new_for=300)


def test_logs_may_be_described_by_labels(settings_of: Load) -> None:
    labels = {"watchdog.check.c.logs": "ERROR", "watchdog.check.c.max-per-minute": "20"}
    found = resolve(settings_of(""), ServiceKey("p", "db"), labels)
    assert [check.question for check in found.settings.checks] == [LogsQuestion(logs="ERROR", max_per_minute=20)]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("logs = 'x'", "endpoint[e]: does not say when it fails; allowed: max_per_minute, new_errors = true, or both"),
        ("logs = '('\nmax_per_minute = 1", 'endpoint[e].logs: "(" is no regular expression'),
        ("logs = 'x'\nmax_per_minute = -1", "endpoint[e].max_per_minute: -1 is out of range; allowed: a number from 0"),
        ("logs = 'x'\nmax_per_minute = 1\nlearn = '1h'", "endpoint[e].learn: means nothing by itself; allowed: beside"),
    ],
)
def test_a_mistake_is_one_sentence(keys: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(E_OF + keys)
    assert line.partition(": ")[2].startswith(sentence)


def test_it_must_be_somebody_s_container(complaints: Complaints) -> None:
    (line,) = complaints("[[endpoint]]\nname = 'e'\nlogs = 'x'\nmax_per_minute = 1")
    assert "endpoint[e].service: is missing; logs asks inside a container; allowed: whose that is" in line
