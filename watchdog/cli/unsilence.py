"""`watchdog unsilence`: ends a silence."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from watchdog.cli.command import Command, operator
from watchdog.cli.orders import EXITS, give
from watchdog.cli.silence import target_of, target_params


def _unsilence(**given: Any) -> int:
    target = target_of(given)
    return give(lambda door: door.unsilence(target, operator()))


command: Final = Command(
    "unsilence",
    help="End a silence before its time: what is still broken is told at once.",
    short_help="End a silence.",
    callback=_unsilence,
    params=target_params(),
    exits=MappingProxyType(dict(EXITS)),
    examples=(("watchdog unsilence --project shop", "as it was silenced"),),
)
