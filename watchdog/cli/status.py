"""`watchdog status`: what the running daemon knows."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Any, Final

from watchdog.cli.command import Command, api_socket
from watchdog.cli.report import print_report
from watchdog.cli.terminal import json_option, print_json, say
from watchdog.model.health import Status

_HELP: Final = """Show what the running daemon knows: health, what it does or waits for, open incidents.

Needs a running daemon; `watchdog check` looks without one.
"""


def _status(*, as_json: bool) -> int:
    snapshot = asyncio.run(_ask())
    if as_json:
        print_json(snapshot)
    else:
        print_report(snapshot)
        say(f"As of {snapshot['checked_at']}; open incidents: {snapshot['incidents_open']}.")
        if snapshot["ledger_head"]:
            say(f"Ledger head {snapshot['ledger_head']} (an anchor for `watchdog ledger verify --anchor`).")
    return Status(snapshot["status"]).exit_code


async def _ask() -> dict[str, Any]:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.status()


command: Final = Command(
    "status",
    help=_HELP,
    short_help="Show what the running daemon knows.",
    callback=_status,
    params=[json_option("one object, the same as `check` (docs/status.schema.json),")],
    exits=MappingProxyType(
        {
            0: "ok",
            1: "warning: degraded, starting or paused",
            2: "critical: missing or unhealthy",
            3: "cannot be judged: no daemon, engine away, wrong configuration",
            64: "wrong arguments",
        }
    ),
    examples=(
        ("watchdog status", "the table"),
        ("watchdog status --json | jq .ledger_head", "the anchor for a later `ledger verify`"),
    ),
    remap=MappingProxyType({1: 3, 64: 3}),
)
