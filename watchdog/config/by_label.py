"""How the label of a container says what a key of its service says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from watchdog.config.rules import BOOL, InvalidValue, Rule, quoted


def _true_or_false(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise InvalidValue(f"{quoted(value)} is neither true nor false")
    return value.lower() == "true"


TRUE_OR_FALSE: Final = Rule(BOOL.allowed, _true_or_false)
"""As discovery reads it: no other word for yes."""


def outranks(_configured: Any, said: Any) -> Any:
    return said


def restricts(configured: bool, said: bool) -> bool:
    """Switches off what is configured, and never on."""
    return configured and said


def adds(configured: frozenset[Any], said: frozenset[Any]) -> frozenset[Any]:
    return configured | said


@dataclass(frozen=True, slots=True)
class Label:
    name: str
    rule: Rule[Any] | None = None
    """By which it is read; None: by that of the key."""
    merge: Callable[[Any, Any], Any] = outranks
    """What counts, of what is configured and what the label says."""
