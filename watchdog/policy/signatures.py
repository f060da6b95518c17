"""What kind of error a line of a log tells of, and which kinds were never seen before.

A signature is the line with all that differs from one occurrence to the next masked: numbers, ids, paths, quoted text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

KNOWN_ERRORS: Final = "known errors"
"""The kind under which the ledger keeps what a check has met."""
LONGEST: Final = 200
"""Characters of a signature."""
READ: Final = 1000
"""Characters of a line that are read for it."""
MOST: Final = 500
"""Kinds of error that one check tells apart."""
DAY: Final = 86_400.0
FORGOTTEN_AFTER: Final = 30 * DAY
"""A kind that was not seen for so long makes room for others."""

_MASKS: Final = (
    (re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]"), ""),  # colours
    (re.compile(r'"[^"]*"|`[^`]*`|(?<!\w)\'[^\']*\'(?!\w)'), "<text>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b|\b(?=[a-fA-F]*[0-9])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{8,}\b"), "<id>"),
    (re.compile(r"(?:\b[A-Za-z][A-Za-z0-9+.-]{0,20}://|(?<![\w<./])[.~]{0,2}/)[^\s<>]+"), "<path>"),
    (re.compile(r"(?:(?<![0-9A-Za-z])[+-])?[0-9]+(?:[.,:][0-9]+)*"), "<n>"),
)


def signature(line: str) -> str:
    """The kind of a line: at most 200 printable characters; lines of one kind have one signature."""
    text = line[:READ]
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    visible = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split())[:LONGEST].rstrip()


def digest(of: str) -> str:
    """What is kept of a signature: parts of it may be nobody's business."""
    return hashlib.sha256(of.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class ErrorSeen:
    """Unix times; `last` is kept to the day."""

    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownErrors:
    """The kinds of error that a check has met. What comes before `learn_until` (Unix time) is how things are."""

    learn_until: float
    seen: Mapping[str, ErrorSeen] = field(default_factory=dict[str, ErrorSeen])
    """By digest."""

    @property
    def full(self) -> bool:
        """Further kinds are not told apart: the pattern finds too many."""
        return len(self.seen) >= MOST

    def met(self, kind: str, at: float) -> KnownErrors:
        """With an occurrence at that time; the same object where that changes nothing that is kept."""
        known = self.seen.get(kind)
        if known is not None:
            if at - known.last < DAY:
                return self
            return replace(self, seen={**self.seen, kind: ErrorSeen(known.first, at)})
        seen = self.seen
        if self.full:
            seen = {other: when for other, when in seen.items() if at - when.last < FORGOTTEN_AFTER}
            if len(seen) >= MOST:
                return self
        return replace(self, seen={**seen, kind: ErrorSeen(at, at)})

    def is_new(self, kind: str, now: float, new_for: float) -> bool:
        """Whether it first came after all was learned, less than `new_for` seconds ago."""
        known = self.seen.get(kind)
        return known is not None and known.first >= self.learn_until and now - known.first < new_for
