"""`watchdog pause`: nothing is done to a service until a time."""

from __future__ import annotations

from typing import Final

import click

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, give, reason_option, service_argument

_HELP: Final = """Let nothing be done to a service for a while; it is still watched, and its health still shown.

A pause needs an end and a reason: both are shown to everybody and recorded. SERVICE is `webui` or `shop/webui`.
"""


def _seconds(ctx: click.Context, parameter: click.Parameter, text: str) -> float:
    from watchdog.config.duration import parse_duration

    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} {error}.", ctx, parameter) from error
    if seconds <= 0:
        raise click.BadParameter("a pause lasts longer than nothing, as 30m or 2h.", ctx, parameter)
    return seconds


def _pause(*, service: str, seconds: float, reason: str) -> int:
    return give(lambda door: door.pause(service, seconds, reason, operator()))


command: Final = Command(
    "pause",
    help=_HELP,
    short_help="Let nothing be done to a service for a while.",
    callback=_pause,
    params=[
        service_argument(),
        click.Option(
            ["--for", "seconds"], required=True, metavar="DURATION", callback=_seconds, help="As 30m, 2h or 1h30m."
        ),
        reason_option("Why; shown while the pause lasts."),
    ],
    exits=dict(EXITS),
    examples=(
        ('watchdog pause shop/webui --for 2h --reason "moving the disk"', "two hours"),
        ("watchdog resume shop/webui", "end it sooner"),
    ),
)
