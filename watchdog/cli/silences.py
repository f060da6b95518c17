"""`watchdog silences`: of what nobody is told now."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, Final

from watchdog.cli.command import Command, api_socket
from watchdog.cli.terminal import Table, json_option, print_json, say, show


def _silences(*, as_json: bool) -> int:
    silences = asyncio.run(_ask())
    if as_json:
        print_json(silences)
    elif silences:
        rows = tuple((one["what"], one["until"], one["by"], one["reason"]) for one in silences)
        show(Table(("what", "until", "by", "reason"), rows))
    else:
        say("Nothing is silenced.")
    return 0


async def _ask() -> list[dict[str, Any]]:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.silences()


command: Final = Command(
    "silences",
    help="List what nobody is told of now, until when, by whom and why. Needs a running daemon.",
    short_help="List silences.",
    callback=_silences,
    params=[json_option("an array")],
    exits=MappingProxyType({0: "listed", 3: "no daemon", 64: "wrong arguments or configuration"}),
    examples=(("watchdog silences", "all of them"),),
)
