"""Checks that run something: what, where, and who may say so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.config.conftest import Complaints, Load
from watchdog.config.labels import resolve
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe import Probe
from watchdog.model.probe.inside import CommandProbe, ExecProbe

HOST = "[[endpoint]]\nname = 'e'\ncommand = '/bin/true'\n"


def test_an_exec_check_says_everything(settings_of: Load) -> None:
    ((_, service),) = settings_of("""
        [[service]]
        name = "db"
        [[service.check]]
        name = "count"
        exec = ["psql", "-c", "select 1"]
        user = "postgres:postgres"
        environment = { PGPASSWORD = "x" }
        exit_code = [0, 3]
        output = " < 90"
        output_matches = '^\\d'
        max_bytes = 10
    """).services
    (check,) = service.checks
    assert check.probe == ExecProbe(
        exec=("psql", "-c", "select 1"),
        user="postgres:postgres",
        environment={"PGPASSWORD": "x"},
        exit_code=(0, 3),
        output="< 90",
        output_matches=r"^\d",
        max_bytes=10,
    )
    assert check.target == "psql -c 'select 1'"
    assert "PGPASSWORD" not in repr(check)


def test_a_command_may_be_one_text_of_words(settings_of: Load) -> None:
    (check,) = settings_of("[[endpoint]]\nname='e'\ncommand=\"/bin/ls '/a b'\"\nexit_code=2").endpoints
    assert check.probe == CommandProbe(command=("/bin/ls", "/a b"), exit_code=(2,))


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("exec = 'true'", "endpoint[e].service: is missing; exec asks inside a container; allowed: whose that is"),
        ("service='db'\nexec = []", "endpoint[e].exec: has no words; allowed: a program and its arguments"),
        ("service='db'\nexec = 'a'\nuser = 'a b'", 'endpoint[e].user: "a b" cannot be used; allowed: a name or number'),
        ("command = '/a'\nuser = 'a'", "endpoint[e].user: means nothing for command; allowed: exec"),
        ("command = '/a'\nexit_code = 256", "endpoint[e].exit_code: 256 is out of range; allowed: a whole number"),
        ("command = '/a'\nexit_code = []", "endpoint[e].exit_code: is empty; allowed: a whole number"),
        ("command = '/a'\noutput = '100'", "endpoint[e].output: "),
        ("command = '/a'\noutput = '< 9%'", "endpoint[e].output: is a part of nothing known; allowed: "),
        (
            "command = '/a'\nenvironment = { 'A B' = '' }",
            'endpoint[e].environment: "A B" is no name of a variable; all',
        ),
        ("command = '/a'\nenvironment = { A = 3 }", 'endpoint[e].environment: the value of "A" is not a text; allow'),
        ("command = '/a'\nenvironment = 3", "endpoint[e].environment: 3 is not a table; allowed: a table of names"),
    ],
)
def test_a_mistake_is_one_sentence(keys: str, sentence: str, complaints: Complaints) -> None:
    (line,) = complaints(f"[[endpoint]]\nname = 'e'\n{keys}")
    assert line.partition(": ")[2].startswith(sentence)
    assert "; allowed: " in line


def test_too_many_variables_are_refused(complaints: Complaints) -> None:
    many = ", ".join(f"A{number} = ''" for number in range(65))
    (line,) = complaints(f"{HOST}environment = {{ {many} }}")
    assert "has more than 64 variables" in line


def test_whoever_may_write_the_file_would_run_programs_as_watchdog(file: Path, complaints: Complaints) -> None:
    file.touch(mode=0o664)
    file.chmod(0o664)
    (line,) = complaints(HOST)
    assert line == (
        "watchdog.toml:3: endpoint[e].command: runs on this host, but others may write to watchdog.toml (mode 664); "
        "allowed: what only its owner may, by `chmod go-w watchdog.toml`"
    )


def test_whoever_may_replace_the_file_is_no_better(file: Path, complaints: Complaints, settings_of: Load) -> None:
    file.parent.chmod(0o777)
    (line,) = complaints(HOST)
    assert f"others may write to {file.parent} (mode 777)" in line
    file.parent.chmod(0o1777)
    assert settings_of(HOST).endpoints


def test_a_file_of_somebody_else_runs_nothing(file: Path, complaints: Complaints, settings_of: Load) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    file.touch()
    os.chown(file, 1234, 1234)
    (line,) = complaints("[[service]]\nname = 'a'\n[[service.check]]\nname = 'c'\ncommand = '/bin/true'")
    assert "service[a].check[c].command: runs on this host, but watchdog.toml belongs to user 1234; allowed: " in line
    assert settings_of("[[endpoint]]\nname = 'e'\ntcp = 'h:1'").endpoints


def test_no_variable_of_the_environment_runs_a_program(complaints: Complaints) -> None:
    tables = json.dumps([{"name": "e", "command": "/bin/true"}])
    (line,) = complaints("", {"WATCHDOG_ENDPOINT": tables})
    assert "runs on this host and comes from the environment; allowed: in the configuration file" in line


def _by_label(settings_of: Load, **labels: str) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    found = resolve(settings_of(""), ServiceKey("p", "db"), {f"watchdog.check.c.{k}": v for k, v in labels.items()})
    return found.settings.checks, found.problems


def test_a_label_may_run_something_in_its_own_container_and_nothing_on_the_host(settings_of: Load) -> None:
    (check,), problems = _by_label(settings_of, exec="redis-cli ping", user="redis", output="== 'PONG'")
    asked: Probe = ExecProbe(exec=("redis-cli", "ping"), user="redis", output="== 'PONG'")
    assert (check.probe, check.service, problems) == (asked, ServiceKey("p", "db"), ())
    for labels in ({"command": "/bin/true"}, {"exec": "true", "environment": "A=b"}):
        checks, (problem,) = _by_label(settings_of, **labels)
        assert not checks
        assert "is no key of a check's label" in problem
