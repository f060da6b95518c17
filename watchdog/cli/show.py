"""`watchdog show ID`: one incident as a timeline with its evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command
from watchdog.cli.history import read_timeline
from watchdog.cli.steps import print_steps
from watchdog.cli.terminal import Table, json_option, print_json, say, show
from watchdog.model.record import EntryKind

_HELP: Final = """Show one incident as a timeline: what was seen, decided, intended and done, each a row of the ledger.

ID is the number that `watchdog incidents` lists. Asks the running daemon; without one, the ledger is read.
"""


def _show(*, incident: int, as_json: bool) -> int:
    found = asyncio.run(read_timeline(incident))
    if as_json:
        print_json(found)
    else:
        _print(found["incident"], found["timeline"])
    return 0


def _print(incident: Mapping[str, Any], timeline: list[dict[str, Any]]) -> None:
    say(f"Incident {incident['id']} of {incident['subject']}: {incident['summary']}")
    bound = " at the earliest (last good observation)" if incident["failed_at_is_bound"] else ""
    say(f"Failed at {incident['failed_at']}{bound}, detected at {incident['detected_at']}.")
    if incident["recovered_at"]:
        say(f"Recovered at {incident['recovered_at']}.")
    still = "Still open, and flapping." if incident["flapping"] else "Still open."
    say(f"Closed at {incident['closed_at']}." if incident["closed_at"] else still)
    rows = tuple((str(row["seq"]), row["at"], row["kind"], row["sentence"], row["hash"][:12]) for row in timeline)
    show(Table(("row", "at", "kind", "sentence", "hash"), rows))
    for row in timeline:
        if "steps" in row["payload"] and row["kind"] == EntryKind.OBSERVATION.value:
            click.echo()
            say(f"Row {row['seq']}, {row['sentence']}")
            print_steps(row["payload"]["steps"])


command: Final = Command(
    "show",
    help=_HELP,
    short_help="Show one incident as a timeline.",
    callback=_show,
    params=[
        click.Argument(["incident"], type=click.IntRange(min=1), metavar="ID"),
        json_option("the incident and its rows, payloads included,"),
    ],
    exits=MappingProxyType(
        {
            0: "shown",
            1: "the ledger cannot be read",
            64: "no such incident; wrong arguments or configuration",
        }
    ),
    examples=(
        ("watchdog show 12", "the timeline"),
        ("watchdog show 12 --json | jq .timeline[].payload", "the evidence in full"),
    ),
)
