"""`watchdog heartbeat`: a job of this machine calls in."""

from __future__ import annotations

import asyncio
from typing import Final

import click

from watchdog.cli.command import Command, api_socket
from watchdog.cli.terminal import say

_HELP: Final = """Call in as a heartbeat: a job tells the running daemon that it did its work, or that it failed.

NAME is that of an endpoint with `heartbeat`, or PROJECT/SERVICE/CHECK. See docs/probes/heartbeat.md.
"""


def _heartbeat(*, name: str, exit_code: int, message: str) -> int:
    say(asyncio.run(_call(name, exit_code, message)))
    return 0


async def _call(name: str, exit_code: int, message: str) -> str:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.heartbeat(name, exit_code, message)


command: Final = Command(
    "heartbeat",
    help=_HELP,
    short_help="Call in: a job did its work, or failed.",
    callback=_heartbeat,
    params=[
        click.Argument(["name"], metavar="NAME"),
        click.Option(
            ["--exit-code"],
            type=click.IntRange(0, 255),
            default=0,
            metavar="NUMBER",
            help="What the job ended with; anything but 0 makes its check fail at once.",
        ),
        click.Option(["--message"], default="", metavar="TEXT", help="What people are told of it."),
    ],
    exits={
        0: "the daemon has heard it",
        1: "the daemon did not answer in time, or broke off",
        3: "no daemon answers",
        64: "no check is called in by that name; wrong arguments or configuration",
    },
    examples=(
        ("backup.sh && watchdog heartbeat backup", "call in when it worked"),
        ("backup.sh; watchdog heartbeat backup --exit-code $?", "say how it ended, whatever that is"),
    ),
)
