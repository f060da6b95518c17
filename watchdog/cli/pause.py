"""`watchdog pause`: nothing is done to a service until a time."""

from __future__ import annotations

from typing import Final

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, duration_option, give, reason_option, service_argument

_HELP: Final = """Let nothing be done to a service for a while; it is still watched, and its health still shown.

A pause needs an end and a reason: both are shown to everybody and recorded. SERVICE is `webui` or `shop/webui`.
"""


def _pause(*, service: str, seconds: float, reason: str) -> int:
    return give(lambda door: door.pause(service, seconds, reason, operator()))


command: Final = Command(
    "pause",
    help=_HELP,
    short_help="Let nothing be done to a service for a while.",
    callback=_pause,
    params=[
        service_argument(),
        duration_option("a pause"),
        reason_option("Why; shown while the pause lasts."),
    ],
    exits=dict(EXITS),
    examples=(
        ('watchdog pause shop/webui --for 2h --reason "moving the disk"', "two hours"),
        ("watchdog resume shop/webui", "end it sooner"),
    ),
)
