"""What `pause`, `resume`, `retire`, `silence` and `unsilence` have in common: one order, one sentence back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import click

from watchdog.cli.doors import OrderDoor, order_door
from watchdog.cli.terminal import say

EXITS: Final = (
    (0, "done and recorded"),
    (1, "the ledger cannot be written, or another daemon holds the lock"),
    (3, "engine away"),
    (64, "wrong arguments or configuration; unknown or ambiguous service (candidates are listed)"),
)


def give(order: Callable[[OrderDoor], Awaitable[str]]) -> int:
    """Give one order to the daemon (or its one-shot twin) and print its sentence."""
    say(asyncio.run(_give(order)))
    return 0


async def _give(order: Callable[[OrderDoor], Awaitable[str]]) -> str:
    async with order_door() as door:
        return await order(door)


def service_argument() -> click.Argument:
    return click.Argument(["service"], metavar="SERVICE")


def duration_option(what: str) -> click.Option:
    """`--for`, in seconds; `what` lasts so long, as "a pause"."""

    def seconds(ctx: click.Context, parameter: click.Parameter, text: str) -> float:
        from watchdog.config.duration import parse_duration

        try:
            found = parse_duration(text)
        except ValueError as error:
            raise click.BadParameter(f"{text!r} {error}.", ctx, parameter) from error
        if found <= 0:
            raise click.BadParameter(f"{what} lasts longer than nothing, as 30m or 2h.", ctx, parameter)
        return found

    return click.Option(
        ["--for", "seconds"], required=True, metavar="DURATION", callback=seconds, help="As 30m, 2h or 1h30m."
    )


def reason_option(why: str) -> click.Option:
    return click.Option(["--reason"], required=True, metavar="TEXT", callback=_not_blank, help=why)


def _not_blank(ctx: click.Context, parameter: click.Parameter, text: str) -> str:
    if not text.strip():
        raise click.BadParameter("write a few words for whoever reads the ledger.", ctx, parameter)
    return text.strip()
