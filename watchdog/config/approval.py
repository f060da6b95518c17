"""Which rungs of recovery wait for a person's approval."""

from __future__ import annotations

from typing import Any, Final

from watchdog.config.rules import InvalidValue, Rule, commas, listed, quoted
from watchdog.model.record import Rung

_RUNGS: Final = {rung.value: rung for rung in Rung if rung is not Rung.DOCKER}
"""Those that watchdog climbs."""


def _rung(value: Any) -> Rung:
    rung = _RUNGS.get(value) if isinstance(value, str) else None
    if rung is None:
        raise InvalidValue(f"{quoted(value)} is no action")
    return rung


_LISTED: Final = listed("a list of " + ", ".join(f'"{name}"' for name in _RUNGS), _rung, commas)

RUNGS: Final = Rule(_LISTED.allowed, lambda value: frozenset(_LISTED.read(value)))
