"""Checks of what a container logs and uses."""

from __future__ import annotations

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.config.labels import resolve
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import OnFailure
from watchdog.model.probe.inside import LogsProbe, ResourcesProbe

E_OF = "[[endpoint]]\nname = 'e'\nservice = 'db'\n"


def test_a_check_of_logs_says_everything(settings_of: Load) -> None:
    (check,) = settings_of(
        f"{E_OF}logs = 'ERROR'\nmax_per_minute = 2.5\nnew_errors = true\nlearn = '2h'\nnew_for = '5m'"
    ).endpoints
    assert check.probe == LogsProbe(logs="ERROR", max_per_minute=2.5, new_errors=True, learn=7200, new_for=300)


def test_logs_may_be_described_by_labels(settings_of: Load) -> None:
    labels = {"watchdog.check.c.logs": "ERROR", "watchdog.check.c.max-per-minute": "20"}
    found = resolve(settings_of(""), ServiceKey("p", "db"), labels)
    assert [check.probe for check in found.settings.checks] == [LogsProbe(logs="ERROR", max_per_minute=20)]
    assert found.problems == ()


def test_a_check_of_resources_says_everything(settings_of: Load) -> None:
    (check,) = settings_of(
        f"""{E_OF}resources = true
        max_memory = "85%"
        max_cpu = "80.5 %"
        max_restarts = 3
        restart_window = "10m"
        min_free_disk = "10%"
        exhausts_within = "6h"
    """
    ).endpoints
    assert check.probe == ResourcesProbe(
        max_memory=0.85, max_cpu=0.805, max_restarts=3, restart_window=600, min_free_disk=0.1, exhausts_within=21600
    )


def test_what_a_restart_does_not_mend_is_for_people(settings_of: Load) -> None:
    checks = settings_of(
        f"{E_OF}resources = true\n[[endpoint]]\nname='l'\nservice='db'\nlogs='x'\nmax_per_minute=1\n"
        "[[endpoint]]\nname='x'\nservice='db'\nexec='true'"
    ).endpoints
    assert [check.on_failure for check in checks] == [OnFailure.ALERT, OnFailure.ALERT, OnFailure.RECOVER]


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("logs = 'x'", "endpoint[e]: does not say when it fails; allowed: max_per_minute, new_errors = true, or both"),
        ("logs = '('\nmax_per_minute = 1", 'endpoint[e].logs: "(" is no regular expression'),
        ("logs = 'x'\nmax_per_minute = -1", "endpoint[e].max_per_minute: -1 is out of range; allowed: a number from 0"),
        ("logs = 'x'\nmax_per_minute = 1\nlearn = '1h'", "endpoint[e].learn: means nothing by itself; allowed: beside"),
        ("resources = false", "endpoint[e].resources: is false: it asks nothing; allowed: true"),
        ("resources = true\nmax_memory = 0.9", "endpoint[e].max_memory: 0.9 is no share; allowed: a share from 0%"),
        ("resources = true\nmax_cpu = '101%'", 'endpoint[e].max_cpu: "101" is out of range; allowed: a share'),
        ("resources = true\nrestart_window = '1h'", "endpoint[e].restart_window: means nothing by itself; allowed: be"),
    ],
)
def test_a_mistake_is_one_sentence(keys: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(E_OF + keys)
    assert line.partition(": ")[2].startswith(sentence)


def test_it_must_be_somebody_s_container(complaints: Complaints) -> None:
    (line,) = complaints("[[endpoint]]\nname = 'e'\nlogs = 'x'\nmax_per_minute = 1")
    assert "endpoint[e].service: is missing; logs asks inside a container; allowed: whose that is" in line
