"""`watchdog resume`: ends a pause."""

from __future__ import annotations

from typing import Final

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, give, service_argument


def _resume(*, service: str) -> int:
    return give(lambda door: door.resume(service, operator()))


command: Final = Command(
    "resume",
    help="End a pause before its time: from now on the service is brought back again when it fails.",
    short_help="End a pause.",
    callback=_resume,
    params=[service_argument()],
    exits=dict(EXITS),
    examples=(("watchdog resume shop/webui", "the service is protected again"),),
)
