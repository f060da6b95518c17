"""`watchdog journey`: what is configured, and one made by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command, settings
from watchdog.cli.steps import print_steps
from watchdog.cli.terminal import Table, json_option, print_json, say, show
from watchdog.cli.text import span
from watchdog.errors import UsageError
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.snapshot import timestamp
from watchdog.model.views import steps_json

_EXITS: Final = MappingProxyType({Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.UNKNOWN: 3})

_RUN_HELP: Final = """Make a journey once, now, and print it step by step; no daemon is needed and nothing is recorded.

Secrets are masked, also where an answer echoes them.
"""


_IMPORT_HELP: Final = """Print a journey made from a HAR file, as the network tab of a browser saves it.

Pages and calls are kept; images, scripts and styles are dropped, credentials too. What an earlier answer gave (a CSRF
token, a session) becomes a capture, what a person typed as a password a secret. Read it before you use it.
"""


def _list(*, as_json: bool) -> int:
    journeys = settings().journeys
    if as_json:
        print_json([_described(check) for check in journeys])
    elif journeys:
        rows = [_described(check) for check in journeys]
        show(
            Table(
                ("journey", "steps", "every", "services"),
                tuple(
                    (one["name"], ", ".join(one["steps"]), span(one["interval"]), ", ".join(one["services"]) or "-")
                    for one in rows
                ),
            )
        )
    else:
        say("No journeys are configured: docs/journeys.md shows how.")
    return 0


def _described(check: Check) -> dict[str, Any]:
    probe = _probe(check)
    return {
        "name": check.name,
        "target": probe.target,
        "services": [str(key) for key in probe.services],
        "interval": check.interval,
        "timeout": check.timeout,
        "steps": [step.name for step in probe.steps],
    }


def _probe(check: Check) -> JourneyProbe:
    assert isinstance(check.probe, JourneyProbe)  # noqa: S101 - for the type checker
    return check.probe


def _run(*, name: str, as_json: bool) -> int:
    configured = settings()
    found = next((check for check in configured.journeys if check.name == name), None)
    if found is None:
        known = ", ".join(check.name for check in configured.journeys) or "none"
        raise UsageError(f"there is no journey {name}; configured: {known}")
    from watchdog.daemon.oneshot import ask_once

    run = asyncio.run(ask_once(configured, found))
    steps = steps_json(run.steps)
    if as_json:
        print_json(
            {
                "journey": name,
                "verdict": run.verdict.value,
                "reason": run.reason,
                "seconds": round(run.seconds, 6),
                "at": timestamp(run.at),
                "steps": steps,
            }
        )
    else:
        if steps:
            print_steps(steps)
            click.echo()
        say(f"{run.verdict.value}: {run.reason}")
    return _EXITS[run.verdict]


def _import(*, file: Path, name: str) -> int:
    from watchdog.config.journeys.har import journey_of_har

    click.echo(journey_of_har(file, name), nl=False)
    return 0


_list_command: Final = Command(
    "list",
    help="List the journeys of the configuration.",
    short_help="List the journeys of the configuration.",
    callback=_list,
    params=[json_option("an array")],
    exits=MappingProxyType({0: "listed", 64: "wrong arguments or configuration"}),
    examples=(("watchdog journey list", "what is made, how often, for whom"),),
)

_run_command: Final = Command(
    "run",
    help=_RUN_HELP,
    short_help="Make a journey once and print it step by step.",
    callback=_run,
    params=[click.Argument(["name"]), json_option("one object, with every request and answer,")],
    exits=MappingProxyType(
        {
            0: "it passed",
            1: "it failed",
            3: "it could not be asked (this host's own network, a container that is away)",
            64: "no such journey; wrong arguments or configuration",
        }
    ),
    examples=(
        ("watchdog journey run office", "step by step"),
        ("watchdog journey run office --json | jq .steps[-1]", "the last step in full"),
    ),
)

_import_command: Final = Command(
    "import",
    help=_IMPORT_HELP,
    short_help="Print a journey made from a HAR file.",
    callback=_import,
    params=[
        click.Argument(["file"], type=click.Path(path_type=Path), metavar="FILE.har"),
        click.Option(["--name"], default="imported", show_default=True, help="What the journey is called."),
    ],
    exits=MappingProxyType({0: "printed", 64: "wrong arguments, or a file that is no HAR"}),
    examples=(("watchdog journey import office.har --name office", "then look through it, and add expectations"),),
)

command: Final = click.Group(
    "journey",
    help="What a person does, in order: list them, make one by hand or from what a browser recorded.",
    short_help="List journeys and make one by hand.",
    commands=[_list_command, _run_command, _import_command],
)
