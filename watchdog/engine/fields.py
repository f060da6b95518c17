"""● Reading the engine's JSON, in which anything empty may be null or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LONGEST_MESSAGE: Final = 300


def section(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object of an object; empty when it is null or missing."""
    return found.get(name) or {}


def entries(found: Mapping[str, Any], name: str) -> list[Any]:
    """A list of an object; empty when it is null or missing."""
    return found.get(name) or []


def bounded(text: str) -> str:
    """One line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"
