"""`watchdog approve`: a plan is carried out; and what it has in common with `reject`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from watchdog.cli.command import Command, api_socket, operator
from watchdog.cli.terminal import say

if TYPE_CHECKING:
    from watchdog.cli.client import DaemonClient

EXITS: Final = MappingProxyType(
    {
        0: "done and recorded",
        1: "the ledger cannot be written",
        3: "no daemon",
        64: "no such approval, or it does not wait any more; wrong arguments or configuration",
    }
)


def number_argument() -> click.Argument:
    return click.Argument(["number"], metavar="ID", type=click.IntRange(1, 2**63 - 1))


def decide(decision: Callable[[DaemonClient], Coroutine[Any, Any, str]]) -> int:
    """Gives the decision to the running daemon, and prints its sentence: without it nothing waits."""
    say(asyncio.run(_decide(decision)))
    return 0


async def _decide(decision: Callable[[DaemonClient], Coroutine[Any, Any, str]]) -> str:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await decision(client)


def _approve(*, number: int, reason: str) -> int:
    return decide(lambda client: client.approve(number, reason, operator()))


command: Final = Command(
    "approve",
    help="""Let a plan be carried out that waits for approval, once, if it still is what would be done.

The daemon looks and plans anew. What has changed meanwhile is not done, and asked again.
""",
    short_help="Let a plan be carried out.",
    callback=_approve,
    params=[number_argument(), click.Option(["--reason"], default="", metavar="TEXT", help="Why, for the ledger.")],
    exits=EXITS,
    examples=(("watchdog approvals", "what waits, with its numbers"), ("watchdog approve 7", "do it")),
)
