"""Regular expressions of Python, searched for in linear time: no page and no log decides how long that takes.

What only a backtracking engine can search for is left to `Backtracking`, which the daemon's process never allows.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2 as _re2

from watchdog.policy.pattern_translation import NotLinear, translate

re2: Any = _re2
"""It has no types."""
_UNREADABLE: Final = (re.error, OverflowError, RecursionError)
_allowed: ContextVar[bool] = ContextVar("backtracking", default=False)
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


class Backtracking(Exception):
    """The pattern takes a backtracking engine, whose time nobody can tell, and this process is not one for that."""


@contextmanager
def backtracking() -> Generator[None]:
    """Within, whatever Python reads may be searched for: only in a process that may be killed for it."""
    before = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(before)


@dataclass(frozen=True, slots=True)
class Pattern:
    """`str()` gives it as it was written."""

    written: str
    captures: bool = False
    """Whether `capture` is asked of it."""
    not_linear: str = ""
    """Why no linear-time engine can search for it; '' where one can."""

    def __str__(self) -> str:
        return self.written

    def found(self, text: str) -> bool:
        """Whether it is found anywhere in the text; raises Backtracking."""
        return self._search(text) is not None

    def capture(self, text: str) -> str | None:
        """What its first group holds where it is found first, or the whole where it has none; None where it is not."""
        found = self._search(text)
        if found is None:
            return None
        return found[1] or "" if found.re.groups else found[0]

    def cost(self, text_length: int, *, ascii_text: bool) -> float:
        """Steps at the most; infinite where nobody can tell."""
        if self.not_linear:
            return float("inf")
        program = _program(self.written, ascii_text=ascii_text, captures=self.captures)
        return float(program.programsize * text_length)

    def _search(self, text: str) -> Any:
        if self.not_linear:
            if not _allowed.get():
                raise Backtracking(self.written)
            return re.search(self.written, text)
        program = _program(self.written, ascii_text=text.isascii(), captures=self.captures)
        try:
            return program.search(text)
        except UnicodeEncodeError:  # half a character: RE2 reads UTF-8
            return program.search(text.encode("utf-8", "replace").decode())


@lru_cache(maxsize=4096)
def read_pattern(text: str, *, captures: bool = False) -> Pattern:
    """Raises ValueError with what is wrong, the parser's words."""
    not_linear = ""
    try:
        try:
            _program(text, ascii_text=False, captures=captures)
            _program(text, ascii_text=True, captures=captures)
        except NotLinear as error:
            not_linear = str(error)
        except re2.error:
            not_linear = "more repetitions than a thousand"
        if not_linear:
            re.compile(text)
    except _UNREADABLE as error:
        raise ValueError(str(error)) from None
    return Pattern(text, captures, not_linear)


@lru_cache(maxsize=4096)
def _program(text: str, *, ascii_text: bool, captures: bool) -> Any:
    return re2.compile(translate(text, ascii_text=ascii_text, captures=captures), _OPTIONS)
