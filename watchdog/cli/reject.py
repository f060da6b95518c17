"""`watchdog reject`: a plan is not carried out."""

from __future__ import annotations

from typing import Final

from watchdog.cli.approve import EXITS, decide, number_argument
from watchdog.cli.command import Command, operator
from watchdog.cli.orders import reason_option


def _reject(*, number: int, reason: str) -> int:
    return decide(lambda client: client.reject(number, reason, operator()))


command: Final = Command(
    "reject",
    help="""Let a plan not be carried out that waits for approval: its service is handed to a person.

Nothing more is done about it until somebody has mended it, or orders `watchdog recover`.
""",
    short_help="Let a plan not be carried out.",
    callback=_reject,
    params=[number_argument(), reason_option("Why; shown by status and alerts.")],
    exits=EXITS,
    examples=(('watchdog reject 7 --reason "restoring from backup first"', "hand the service to a person"),),
)
