"""`watchdog approvals`: the plans that wait for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import click

from watchdog.cli.command import Command, api_socket
from watchdog.cli.terminal import json_option, print_json, say


def _approvals(*, everything: bool, as_json: bool) -> int:
    found = asyncio.run(_ask(everything=everything))
    if as_json:
        print_json(found)
        return 0
    for one in found:
        _print(one)
    if not found:
        say("Nothing was ever asked for." if everything else "Nothing waits for approval.")
    return 0


def _print(one: Mapping[str, Any]) -> None:
    say(one["because"] or f"approval {one['id']} waits until {one['expires_at']} (`watchdog show {one['incident']}`):")
    for line in one["plan"].splitlines():
        say(f"  {line}")
    for line in one["evidence"]:
        say(f"  seen: {line}")
    if one["state"] == "waiting":
        say(f"  `watchdog approve {one['id']}` or `watchdog reject {one['id']} --reason …`")


async def _ask(*, everything: bool) -> list[dict[str, Any]]:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.approvals(everything=everything)


command: Final = Command(
    "approvals",
    help="Print the plans that wait for a person's approval, with what speaks for them. Needs a running daemon.",
    short_help="List what waits for approval.",
    callback=_approvals,
    params=[
        click.Option(["--all", "everything"], is_flag=True, help="Those that have ended, too."),
        json_option("an array"),
    ],
    exits=MappingProxyType({0: "listed", 3: "no daemon", 64: "wrong arguments or configuration"}),
    examples=(("watchdog approvals", "what waits"), ("watchdog approvals --all", "who decided what")),
)
