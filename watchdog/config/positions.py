"""Where a key stands in a TOML text: `tomllib` reads values but keeps no line numbers.

The scanner finds only the extents of keys and values; what they mean is left to `tomllib`. Grammar: toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import Any, Final

KeyPath = tuple[str | int, ...]
"""Keys from the top; an int counts items of a list from 0."""

_TRIVIA: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_QUOTED: Final = r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'"
_PART: Final = rf"(?:{_QUOTED}|[A-Za-z0-9_-]+)"
_KEY: Final = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?""""{0,2}|' + r"'''.*?''''{0,2}|" + _QUOTED,
    re.DOTALL,
)
_BARE: Final = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every key, table and list item; raises ValueError when the text is not TOML."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [match.start() for match in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._tables_in: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._take(_TRIVIA)
        while self._at < len(self._text):
            if self._skip("[["):
                table = self._header(of_array=True)
                self._expect("]]")
            elif self._skip("["):
                table = self._header(of_array=False)
                self._expect("]")
            else:
                self._pair(table)
            self._take(_TRIVIA)
        return self._lines

    def _header(self, *, of_array: bool) -> KeyPath:
        start = self._after_blanks()
        *parents, last = self._key()
        path: KeyPath = ()
        for part in parents:
            path = self._into((*path, part), start)
        path = (*path, last)
        self._lines.setdefault(path, self._line(start))
        if of_array:
            count = self._tables_in.get(path, 0)
            self._tables_in[path] = count + 1
            path = (*path, count)
            self._lines[path] = self._line(start)
        else:
            path = self._into(path, start)
        return path

    def _into(self, path: KeyPath, start: int) -> KeyPath:
        """The table that a header's part means: of an array of tables the last one."""
        self._lines.setdefault(path, self._line(start))
        return (*path, self._tables_in[path] - 1) if path in self._tables_in else path

    def _pair(self, table: KeyPath) -> None:
        start, path = self._at, table
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, self._line(start))
        self._after_blanks()
        self._expect("=")
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        start = self._after_blanks()
        self._lines.setdefault(path, self._line(start))
        if self._skip("["):
            self._items(path)
        elif self._skip("{"):
            self._inline_table(path)
        elif self._text.startswith(('"', "'"), start):
            self._take(_STRING)
        else:
            self._take(_BARE)

    def _items(self, path: KeyPath) -> None:
        count = 0
        self._take(_TRIVIA)
        while not self._skip("]"):
            self._value((*path, count))
            count += 1
            self._take(_TRIVIA)
            self._skip(",")
            self._take(_TRIVIA)

    def _inline_table(self, path: KeyPath) -> None:
        self._take(_TRIVIA)
        while not self._skip("}"):
            self._pair(path)
            self._take(_TRIVIA)
            self._skip(",")
            self._take(_TRIVIA)

    def _key(self) -> list[str]:
        self._after_blanks()
        parts: list[str] = []
        found: Any = tomllib.loads(f"{self._take(_KEY)} = 0")
        while found != 0:
            ((part, found),) = found.items()
            parts.append(part)
        return parts

    def _after_blanks(self) -> int:
        while self._text.startswith((" ", "\t"), self._at):
            self._at += 1
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            msg = f"line {self._line(self._at)} is not TOML"
            raise ValueError(msg)
        self._at = match.end()
        return match[0]

    def _skip(self, literal: str) -> bool:
        found = self._text.startswith(literal, self._at)
        self._at += len(literal) if found else 0
        return found

    def _expect(self, literal: str) -> None:
        self._after_blanks()
        if not self._skip(literal):
            msg = f"line {self._line(self._at)} is not TOML: {literal} is missing"
            raise ValueError(msg)

    def _line(self, at: int) -> int:
        return bisect_right(self._breaks, at - 1) + 1
