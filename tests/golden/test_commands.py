"""What `--json` of every command prints, byte for byte, of what the daemon served on the recorded day."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.cli.conftest import Run, Twin
from tests.cli.scripted_daemon import Script
from tests.golden.recording import Recording
from tests.golden.setting import OFFICE, Answers
from tests.support.golden import Golden
from tests.support.snapshots import SNAPSHOT
from watchdog.cli.app import app
from watchdog.cli.deploy import DeployCommand
from watchdog.daemon.state.clock import Clock
from watchdog.model.compose_intent import ComposeIntent
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.settings import Settings

RECORDED = Path(__file__).parent / "recorded"
ASKED = (  # arguments, the route that answers, and which of its answers
    ("status", "GET /api/v1/status", -1),
    ("incidents", "GET /api/v1/incidents", 0),
    ("show 1", "GET /api/v1/incidents/1", 0),
    ("silences", "GET /api/v1/silences", 0),
    ("approvals", "GET /api/v1/approvals", 0),
    ("approvals --all", "GET /api/v1/approvals", 1),
    ("deployments", "GET /api/v1/deployments", 0),
    ("deployments 1", "GET /api/v1/deployments/1", 0),
    ("gate preflight", "POST /api/v1/gates/preflight", 0),
    ("recover job webui --dry-run", "POST /api/v1/recover", 0),
    ("recover job", "POST /api/v1/recover", 1),
    ("recover api", "POST /api/v1/recover", 4),
    ("rollback blog --to 2", "POST /api/v1/recover", 3),
    ("deploy begin", "POST /api/v1/deployments/begin", 1),
    ("deploy commit", "POST /api/v1/deployments/commit", 0),
    ("deploy rollback", "POST /api/v1/deployments/rollback", 0),
    ("deploy rollback 5", "POST /api/v1/deployments/5/rollback", 0),
    ("deploy checkpoint", "POST /api/v1/deployments/1/checkpoint", 0),
)
LOCAL = ("incidents", "incidents --open", "show 1", "deployments", "deployments 1", "ledger verify")
WITHOUT_DAEMON = ("check", "journey list", "journey run office")


@pytest.fixture
def alone(run: Run, twin: Twin) -> Run:
    """Where no daemon runs."""
    twin.snapshot = SNAPSHOT
    return run


def shown(run: Run, words: str, *more: str) -> list[str]:
    """How it is typed and ends, and what it prints, each line of which is JSON."""
    ended = run(*words.split(), "--json", *more)
    assert ended.out, ended.err
    lines = ended.out.splitlines()
    for line in lines:
        assert json.dumps(json.loads(line), ensure_ascii=False) == line
    return [
        f"$ watchdog {words} --json",
        *(json.dumps(json.loads(line), indent=1) for line in lines),
        f"({ended.code})",
        "",
    ]


def test_what_commands_print_of_a_daemon(
    run: Run, daemon: Script, recording: Recording, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_DEPLOYMENT", "1")
    monkeypatch.setenv("WATCHDOG_DEPLOYMENT_TOKEN", "1.secret")

    def answers(route: str, which: int) -> None:
        method, path = route.split()
        daemon.answers[path] = recording.answers[method, path][which]

    lines: list[str] = []
    for words, route, which in ASKED:
        answers(route, which)
        lines += shown(run, words)
    answers("POST /api/v1/deployments", 0)
    answers("POST /api/v1/deployments/1/ended", 0)
    lines += shown(run, "deploy", "--", "true")

    async def intent(*_: object, **__: object) -> ComposeIntent:
        return ComposeIntent(project="shop", verb="stop", named=("blog",))

    monkeypatch.setattr("watchdog.cli.compose_command.read_intent", intent)
    answers("POST /api/v1/deployments/rehearse", 0)
    lines += shown(run, "deploy --dry-run", "--", "true")
    golden.text(RECORDED / "commands.txt", "\n".join(lines))


def test_what_commands_print_without_a_daemon(
    alone: Run, home: Path, recording: Recording, golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers(Clock(lambda: 0.0, lambda: 1_700_000_000.0), {"office": Verdict.FAIL})

    async def ask_once(_: Settings, check: Check) -> Observation:
        return await answers.ask(check)

    monkeypatch.setattr(sys.modules["watchdog.daemon.oneshot"], "ask_once", ask_once, raising=False)
    steps = "".join(
        f'[[journey.step]]\nname = "{step.name}"\nurl = "{step.request.url}"\n' for step in OFFICE.steps
    )  # fmt: skip
    (home / "config.toml").write_text(f'[[journey]]\nname = "office"\nservices = ["shop/webui"]\n{steps}')
    monkeypatch.setenv("WATCHDOG_CONFIG", str(home / "config.toml"))
    monkeypatch.setenv("WATCHDOG_STATE__DIR", str(recording.state))
    lines = [line for words in (*LOCAL, *WITHOUT_DAEMON) for line in shown(alone, words)]
    golden.text(RECORDED / "commands without a daemon.txt", "\n".join(lines))


def test_every_command_that_prints_json_is_recorded() -> None:
    typed = {*(words for words, _, _ in ASKED), *LOCAL, *WITHOUT_DAEMON, "deploy"}
    missing = {
        name for name in _with_json(app, "") if not any(one == name or one.startswith(f"{name} ") for one in typed)
    }
    assert missing == set()


def _with_json(command: click.Command, name: str) -> Iterator[str]:
    """Names of all commands below that take `--json`."""
    if any("--json" in parameter.opts for parameter in command.params):
        yield name
    below = dict[str, click.Command]()
    if isinstance(command, click.Group):
        context = click.Context(command)
        below = {one: found for one in command.list_commands(context) if (found := command.get_command(context, one))}
    elif isinstance(command, DeployCommand):
        below = {one.name or "": one for one in command.verbs.values()}
    for one, found in below.items():
        yield from _with_json(found, f"{name} {one}".strip())
