"""Durations as people write them: `60s`, `1m30s`, `2h`, `500ms`, or a number of seconds."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"w": 604800.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER: Final = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_SECONDS: Final = re.compile(_NUMBER)
_WRITTEN: Final = re.compile(r"\s?".join(f"(?:({_NUMBER}){unit})?" for unit in _UNITS))


def parse_duration(text: str) -> float:
    """Seconds; raises ValueError with a sentence. Units w, d, h, m, s, ms, the largest first, each once."""
    written = text.strip()
    if _SECONDS.fullmatch(written):
        return float(written)
    match = _WRITTEN.fullmatch(written)
    if not written or match is None:
        msg = 'is not a duration; write it as "60s", "1m30s", "2h", "500ms" or as a number of seconds'
        raise ValueError(msg)
    seconds = sum(float(n) * size for n, size in zip(match.groups(), _UNITS.values(), strict=True) if n is not None)
    return round(seconds, 9)


def spell_duration(seconds: float) -> str:
    """The shortest spelling that `parse_duration` reads back: 90.0 → `1m30s`, exact to the millisecond."""
    left = round(seconds * 1000)
    parts: list[str] = []
    for unit, size in _UNITS.items():
        if unit == "w":
            continue  # people say 90d, not 12w6d
        count, left = divmod(left, round(size * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
