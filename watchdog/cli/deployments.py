"""`watchdog deployments`: what was deployed, how it ended, and the evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command
from watchdog.cli.history import list_deployments, read_deployment
from watchdog.cli.terminal import Table, json_option, print_json, say, show

_HELP: Final = """List deployments, newest first; with its number, show one with its evidence, each a row of the ledger.

Asks the running daemon; without one, the ledger is read.
"""


def _deployments(*, number: int | None, limit: int, as_json: bool) -> int:
    if number is None:
        found = asyncio.run(list_deployments(limit))
        _list(found, as_json=as_json)
        return 0
    one = asyncio.run(read_deployment(number))
    if as_json:
        print_json(one)
    else:
        _print(one["deployment"], one["timeline"])
    return 0


def _list(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found:
        rows = tuple(
            (str(one["id"]), one["began_at"], one["stage"].replace("_", " "), one["by"], one["scope"], one["because"])
            for one in found
        )
        show(Table(("id", "began", "stage", "by", "scope", "because"), rows))
    else:
        say("No deployments.")


def _print(one: Mapping[str, Any], timeline: list[dict[str, Any]]) -> None:
    say(f"Deployment {one['id']} of {one['scope']} by {one['by']}: {one['stage'].replace('_', ' ')}")
    if one["command"]:
        say(f"$ {' '.join(one['command'])}")
    if one["reason"]:
        say(f"Why: {one['reason']}")
    ended = f", ended {one['ended_at']}" if one["ended_at"] else ", not ended"
    say(f"Began {one['began_at']}{ended}. {one['because']}")
    rows = tuple((str(row["seq"]), row["at"], row["subject"], row["sentence"], row["hash"][:12]) for row in timeline)
    show(Table(("row", "at", "subject", "sentence", "hash"), rows))
    for row in timeline:
        for gate in row["payload"].get("gates", ()):
            for proof in gate["proofs"]:
                word = "ok" if proof["passed"] else "FAIL"
                say(f"row {row['seq']} {gate['gate']} {word} {proof['subject']}: {proof['sentence']}")


command: Final = Command(
    "deployments",
    help=_HELP,
    short_help="List deployments, or show one with its evidence.",
    callback=_deployments,
    params=[
        click.Argument(["number"], type=click.IntRange(min=1), required=False, metavar="[NUMBER]"),
        click.Option(["--limit"], type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many."),
        json_option("an array, or the deployment and its rows,"),
    ],
    exits=MappingProxyType({0: "listed", 1: "the ledger cannot be read", 64: "no such deployment; wrong arguments"}),
    examples=(("watchdog deployments", "the last fifty"), ("watchdog deployments 12", "one with its evidence")),
)
