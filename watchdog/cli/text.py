"""Text for people: control characters of strangers removed, columns aligned, spans of time in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


def printable(text: str) -> str:
    """`text` on one line without control characters: names and health output are written by strangers."""
    return "".join(character if character.isprintable() else " " for character in text)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines of left-aligned columns two spaces apart; the last column is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip_longest(*rows, fillvalue="")]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    )


def span(seconds: float) -> str:
    """Seconds in the units that people read: `0.24 s`, `12.3 s`, `3m 20s`, `20h 4m`, `3d 2h`."""
    if seconds < 10:  # noqa: PLR2004 - below ten seconds hundredths are read
        return f"{seconds:.2f} s"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m {rest}s"
