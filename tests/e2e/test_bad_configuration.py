"""A wrong configuration: file, line, key and what is allowed, by every command, before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors import one_sentence
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

WRONG = {
    "oops = [\n": ":2: is not TOML: Invalid value (end of the file)",
    '[watch]\nintervall = "1s"\n': ":2: watch.intervall: is not known, did you mean interval?; allowed: interval",
    '[watch]\ninterval = "-1s"\n': ':2: watch.interval: "-1s" is negative; allowed: a duration from 100ms to 1d',
}
EXIT_CODES = {
    ("config", "check"): 64,
    ("check",): 3,
    ("status",): 3,
    ("healthcheck",): 1,
    ("run",): 64,
    ("recover", "webui"): 64,
    ("pause", "webui", "--for", "1h", "--reason", "x"): 64,
    ("incidents",): 64,
    ("ledger", "verify"): 64,
}


@pytest.fixture
def file(watch: Scene) -> Path:
    return watch.daemon.write_config()


@pytest.mark.parametrize("content", WRONG)
def test_it_is_named_with_file_line_and_key_and_nothing_is_made(watch: Scene, file: Path, content: str) -> None:
    file.write_text(content)
    commands = EXIT_CODES if content == next(iter(WRONG)) else {("config", "check"): 64, ("check",): 3, ("run",): 64}
    for command, code in commands.items():
        said = one_sentence(watch.daemon.cli(*command), code)
        assert said.startswith(f"{file}{WRONG[content]}"), command
    assert not watch.daemon.state.exists()


def test_every_mistake_is_told_at_once_each_on_its_line(watch: Scene, file: Path) -> None:
    file.write_text('[watch]\ninterval = "-1s"\n[recovery]\nmax_attempts = 0\n')
    ran = watch.daemon.cli("config", "check")
    assert ran.code == 64
    assert [line.removeprefix(str(file)).split(": ")[1] for line in ran.err.splitlines()] == [
        "watch.interval",
        "recovery.max_attempts",
    ]


def test_a_right_one_is_told_as_such(watch: Scene, file: Path) -> None:
    ran = watch.daemon.cli("config", "check")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"ok: {file}: 0 services and 0 endpoints configured.\n"


def test_wrong_arguments_are_64_and_3_for_check(watch: Scene, file: Path) -> None:
    assert file.exists()
    one_sentence(watch.daemon.cli("check", "--nonsense"), 3)
    for command in (
        ("run", "now"),
        ("recover", "webui", "--action", "pray"),
        ("status", "x"),
        ("show",),
        ("nonsense",),
    ):
        one_sentence(watch.daemon.cli(*command), 64)
