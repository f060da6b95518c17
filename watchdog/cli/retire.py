"""`watchdog retire`: a service is gone on purpose."""

from __future__ import annotations

from typing import Final

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, give, reason_option, service_argument

_HELP: Final = """Say that a service is gone on purpose: its absence is no incident any more and it is not brought back.

Nothing is removed. When the service is seen again and proven healthy, it is protected again.
"""


def _retire(*, service: str, reason: str) -> int:
    return give(lambda door: door.retire(service, reason, operator()))


command: Final = Command(
    "retire",
    help=_HELP,
    short_help="Say that a service is gone on purpose.",
    callback=_retire,
    params=[service_argument(), reason_option("Why; recorded.")],
    exits=dict(EXITS),
    examples=(('watchdog retire shop/webui --reason "replaced by shop/portal"', "before or after removing it"),),
)
