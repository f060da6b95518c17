from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.cli import answers
from tests.cli.conftest import Run, Twin
from tests.cli.scripted_daemon import Script
from watchdog import __version__
from watchdog.__main__ import foreign_package
from watchdog.cli.app import app
from watchdog.cli.command import Command
from watchdog.cli.deploy import DeployCommand
from watchdog.model.health import Status

WATCHDOG = [sys.executable, "-m", "watchdog"]


def _commands() -> dict[str, Command]:
    found: dict[str, Command] = {}
    context = click.Context(app)
    for name in app.list_commands(context):
        command = app.get_command(context, name)
        if isinstance(command, click.Group):
            found |= {f"{name} {inner}": sub for inner, sub in command.commands.items() if isinstance(sub, Command)}
        else:
            assert isinstance(command, Command)
            found[name] = command
            verbs = command.verbs if isinstance(command, DeployCommand) else {}
            found |= {f"{name} {verb}": sub for verb, sub in verbs.items()}
    return found


def test_every_command_is_there() -> None:
    assert list(_commands()) == [
        *(
            "run",
            "check",
            "recover",
            "rollback",
            "deploy",
            "deploy begin",
            "deploy commit",
            "deploy rollback",
            "deploy checkpoint",
        ),
        *("deploy release", "deployments", "gate", "status", "journey list", "journey run", "journey import"),
        *("incidents", "show"),
        *("pause", "resume", "retire", "heartbeat", "silence", "unsilence", "silences"),
        *("approvals", "approve", "reject"),
        *("alert test", "ledger verify", "config check", "healthcheck"),
    ]


@pytest.mark.parametrize("name", list(_commands()))
def test_help_teaches_examples_and_every_exit_code(run: Run, name: str) -> None:
    ended = run(*name.split(), "--help")
    assert ended.code == 0
    examples, exits = re.split(r"^Exit codes:$", ended.out.split("\nExamples:\n")[1], flags=re.MULTILINE)
    assert "watchdog" in examples
    assert [int(code) for code in re.findall(r"^  (\d+)  ", exits, re.MULTILINE)] == sorted(_commands()[name].exits)


@pytest.mark.parametrize("name", [name for name in _commands() if name != "check"])
def test_wrong_arguments_are_a_64(run: Run, name: str) -> None:
    ended = run(*name.split(), "--no-such-option")
    assert (ended.code, ended.out) == (64, "")
    assert f"`watchdog {name} --help`" in ended.err


def test_no_command_shows_the_help_and_an_unknown_one_is_named(run: Run) -> None:
    assert run().code == 64
    ended = run("guess")
    assert (ended.code, "'guess'" in ended.err) == (64, True)


def test_version(run: Run) -> None:
    assert run("--version").out == f"watchdog {__version__}\n"


def test_an_unexpected_error_is_one_sentence_that_says_where_the_details_are(
    run: Run, daemon: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    daemon.answers["/api/v1/status"] = (200, {"no": "snapshot"})
    ended = run("status")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "this is a bug" in ended.err
    log = re.search(r"details are in (\S+)\.$", ended.err.strip())
    assert log
    assert "Traceback" in Path(log[1]).read_text()


def test_an_unexpected_error_shows_itself_when_it_is_debugged(
    run: Run, daemon: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_DEBUG", "1")
    daemon.answers["/api/v1/status"] = (200, {"no": "snapshot"})
    assert "Traceback" in run("status").err


def test_an_interrupt_is_a_130(run: Run, twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["watchdog.daemon.oneshot"], "look", interrupted)
    assert run("check").code == 130
    assert twin.asked == []


def test_a_reader_that_goes_away_leaves_no_traceback(daemon: Script, home: Path) -> None:
    daemon.answers["/api/v1/status"] = (200, answers.snapshot(Status.OK).as_json())
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run([*WATCHDOG, "status"], stdout=closed, stderr=subprocess.PIPE, cwd=_root(), check=False)
    assert done.stderr == b""
    assert home.exists()


def test_the_other_watchdog_is_named_when_it_is_mixed_in(tmp_path: Path) -> None:
    assert foreign_package([str(tmp_path)]) is None
    package = tmp_path / "watchdog" / "observers"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    assert foreign_package(["/nowhere", str(tmp_path)]) == str(tmp_path)
    done = subprocess.run(
        [*WATCHDOG, "--version"],
        capture_output=True,
        text=True,
        cwd=_root(),
        env={**os.environ, "PYTHONPATH": f"{_root()}:{tmp_path}"},
        check=False,
    )
    assert "virtual environment of its own" in done.stderr
    assert done.stdout == f"watchdog {__version__}\n"


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from watchdog.__main__ import main; main(['--help']);"
        "heavy = {'httpx', 'pydantic', 'aiohttp', 'fastapi', 'rich', 'sqlite3', 'structlog'};"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=_root(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_command_hardly_looks_for_garbage_and_the_daemon_does_as_usual() -> None:
    program = (
        "import gc, sys, watchdog.__main__ as entry; usual = gc.get_threshold()[0];"
        "sys.argv = ['watchdog', '--help']; entry.program(); assert gc.get_threshold()[0] > usual;"
        "import watchdog.daemon.service as service;"
        "\nasync def run(*_): return 0 if gc.get_threshold()[0] == usual else 9\n"
        "service.run = run; sys.argv = ['watchdog', 'run']; sys.exit(entry.program())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=_root(), check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_on_a_terminal_and_not_with_no_color(
    daemon: Script, environment: dict[str, str], *, coloured: bool
) -> None:
    daemon.answers["/api/v1/status"] = (200, answers.snapshot(Status.CRITICAL).as_json())
    printed = _on_a_terminal("status", environment=environment)
    assert ("\x1b[1;31m" in printed) is coloured
    assert "shop/webui" in printed
    assert "\u2500" in printed


def _on_a_terminal(*arguments: str, environment: dict[str, str]) -> str:
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*WATCHDOG, *arguments],
        stdout=theirs,
        cwd=_root(),
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    printed = b""
    try:
        while chunk := os.read(ours, 65536):
            printed += chunk
    except OSError:
        pass  # EIO is how a pseudo-terminal says that its other end is closed.
    finally:
        os.close(ours)
        process.wait()
    return printed.decode()


def _root() -> Path:
    return Path(__file__).parents[2]
