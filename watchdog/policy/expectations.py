"""What is expected of JSON: `$.queue < 100`, `$.nodes[*].state == 'up'`, or a path alone for something that is there.

A path is a JSONPath (RFC 9535), what follows it a comparison. A path that finds several values expects it of each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from watchdog.policy.comparison import ALLOWED as COMPARISONS
from watchdog.policy.comparison import Comparison, parse_comparison
from watchdog.policy.patterns import Pattern

ALLOWED: Final = f"a JSONPath that begins with $, alone or followed by {COMPARISONS}"
"""What `parse_expectation` takes, for people."""

MOST: Final = 10_000
"""Values that a path may find: those beyond are not looked at."""

_LONGEST: Final = 1000
_TOKENS: Final = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[\[\]()]|==|!=|<=|>=|<|>|\smatches\s""")
_OPENING: Final = frozenset("[(")
_CLOSING: Final = frozenset("])")


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonExpectation:
    """`str()` gives it as it was written."""

    written: str
    path: str
    comparison: Comparison | None
    patterns: tuple[Pattern, ...]
    """Those that it searches for."""
    _query: Any = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.written

    def wrong(self, document: Any) -> str | None:
        """Why the document is not what was expected, as a sentence; None when it is. Raises Backtracking."""
        found = self.found(document)
        if found is None:
            return f"the body's JSON cannot be searched for {self.path}: it is too deep"
        if not found:
            return f"the body's JSON has nothing at {self.path}"
        if self.comparison is None:
            return None
        return next((wrong for value in found if (wrong := self._wrong(self.comparison, value))), None)

    def found(self, document: Any) -> list[Any] | None:
        """What stands at the path, `MOST` values of it; None where the document is too deep to be searched.

        Raises Backtracking.
        """
        from jsonpath import JSONPathError

        if isinstance(document, str):  # the library would read it as a document itself
            return [] if self._query.segments else [document]
        try:
            return [match.obj for match in islice(self._query.finditer(document), MOST)]
        except (JSONPathError, RecursionError):
            return None

    def _wrong(self, comparison: Comparison, value: Any) -> str | None:
        if isinstance(value, dict | list):
            return f"{self.path} is {'an object' if isinstance(value, dict) else 'a list'}; expected is {comparison}"
        wrong = comparison.wrong(value)
        return f"{self.path}: {wrong}" if wrong else None


@lru_cache(maxsize=4096)
def parse_expectation(text: str) -> JsonExpectation:
    """Raises ValueError with what is wrong, a sentence whose subject is the text."""
    from jsonpath import JSONPathError

    from watchdog.policy.json_paths import compiled

    written = text.strip()
    if len(written) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    if not written.startswith("$"):
        raise ValueError("does not begin with $")
    path, rest = _split(written)
    try:
        query, within = compiled(path)
    except (JSONPathError, RecursionError) as error:
        raise ValueError(f"has a JSONPath that cannot be read ({_said(error)})") from None
    comparison = parse_comparison(rest) if rest else None
    if comparison is not None and comparison.percent:
        raise ValueError("compares with a percentage, and nothing says of what")
    own = [comparison.pattern] if comparison is not None and comparison.pattern is not None else []
    return JsonExpectation(written=written, path=path, comparison=comparison, patterns=(*within, *own), _query=query)


def _split(written: str) -> tuple[str, str]:
    """The path and the comparison: an operator that stands in no bracket and no quotes begins the latter."""
    depth = 0
    for token in _TOKENS.finditer(written):
        text = token[0]
        if text in _OPENING:
            depth += 1
        elif text in _CLOSING:
            depth -= 1
        elif depth == 0 and text[0] not in "'\"":
            return written[: token.start()].rstrip(), written[token.start() :].strip()
    return written, ""


def _said(error: Exception) -> str:
    """The library's own `str` fails where a path ends too soon."""
    return str(error.args[0]) if error.args else type(error).__name__
