"""`watchdog incidents`: the history."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command
from watchdog.cli.history import list_incidents
from watchdog.cli.terminal import Table, json_option, print_json, say, show

_HELP: Final = """List incidents, newest first: what broke, when, why, and whether it is verified good again.

Asks the running daemon; without one, the ledger is read.
"""


def _incidents(*, limit: int, open_only: bool, as_json: bool) -> int:
    incidents = asyncio.run(list_incidents(limit, open_only=open_only))
    if as_json:
        print_json(incidents)
    elif incidents:
        rows = tuple(_row(incident) for incident in incidents)
        show(Table(("id", "detected", "state", "severity", "subject", "summary"), rows))
    else:
        say("No open incidents." if open_only else "No incidents.")
    return 0


def _row(incident: dict[str, Any]) -> tuple[str, ...]:
    state = "open" if incident["closed_at"] is None else "closed"
    return (
        str(incident["id"]),
        incident["detected_at"],
        state,
        incident["severity"],
        incident["subject"],
        incident["summary"],
    )


command: Final = Command(
    "incidents",
    help=_HELP,
    short_help="List incidents.",
    callback=_incidents,
    params=[
        click.Option(["--open", "open_only"], is_flag=True, help="Only those that are not closed."),
        click.Option(["--limit"], type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many."),
        json_option("an array"),
    ],
    exits=MappingProxyType({0: "listed", 1: "the ledger cannot be read", 64: "wrong arguments or configuration"}),
    examples=(
        ("watchdog incidents", "the last fifty"),
        ("watchdog incidents --open", "what is broken now"),
        ("watchdog show 12", "one of them with its evidence"),
    ),
)
