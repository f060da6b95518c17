"""What a value that came back is compared with: `< 90`, `>= 80%`, `== 'abc123'`, `!= null`, `matches /^ok/`.

Operators are == != < <= > >= and `matches`; operands are numbers, percentages of a whole that the asker knows, quoted
text, true, false and null, and for `matches` a regular expression between slashes. A text that spells a number, as
databases and programs print them, is compared as that number.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from watchdog.policy.patterns import Pattern, read_pattern

Scalar = str | int | float | bool | None

LONGEST: Final = 1000
"""Characters of a comparison."""
SHOWN: Final = 80
"""Characters of a value that a sentence shows: it is a stranger's."""

_HUGE: Final = 1e300
"""Whole numbers beyond it cannot be divided."""
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_PARTS: Final = re.compile(r"(?P<operator>==|!=|<=|>=|<|>|matches\b)\s*(?P<operand>.*)", re.DOTALL)
_WORDS: Final[Mapping[str, bool | None]] = MappingProxyType({"true": True, "false": False, "null": None})


class Operator(StrEnum):
    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    MATCHES = "matches"

    @property
    def orders(self) -> bool:
        """Whether it knows more and less, which only numbers have."""
        return self in _ORDERS


_ORDERS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        Operator.LESS: operator.lt,
        Operator.AT_MOST: operator.le,
        Operator.MORE: operator.gt,
        Operator.AT_LEAST: operator.ge,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`str()` gives it as it was written. `percent`: the operand is so many hundredths of a whole."""

    written: str
    operator: Operator
    operand: Scalar
    percent: bool = False
    pattern: Pattern | None = None
    """The operand of `matches`, read."""

    def __str__(self) -> str:
        return self.written

    def wrong(self, value: Scalar, whole: float | None = None) -> str | None:
        """Why the value is not what was expected, as a sentence; None when it is. Percentages need the `whole`.

        Raises Backtracking.
        """
        if self.percent:
            return self._wrong_share(value, whole)
        wanted = self.operand
        if self.pattern is not None:
            fits = self.pattern.found(spelled(value))
        elif isinstance(wanted, int | float) and not isinstance(wanted, bool):
            number = as_number(value)
            if number is None and self.operator is not Operator.UNEQUAL:
                return f"{shown(value)} is no number; expected is {self}"
            fits = number is None or _compare(self.operator, number, wanted)
        else:
            same = value is wanted if isinstance(wanted, bool) or wanted is None else spelled(value) == wanted
            fits = same is (self.operator is Operator.EQUAL)
        return None if fits else f"{shown(value)} is not what is expected: {self}"

    def _wrong_share(self, value: Scalar, whole: float | None) -> str | None:
        number = as_number(value)
        if number is None:
            return f"{shown(value)} is no number; expected is {self}"
        if whole is None or not whole > 0:
            return f"{shown(value)} is a part of nothing known; expected is {self}"
        share = number / whole * 100 if abs(number) < _HUGE else math.inf if number > 0 else -math.inf
        if _compare(self.operator, share, self.operand):
            return None
        return f"{shown(value)} of {whole:g}, which is {share:.4g} %, is not what is expected: {self}"


def parse_comparison(text: str) -> Comparison:
    """Raises ValueError with what is wrong, a sentence whose subject is the text."""
    written = text.strip()
    if len(written) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters")
    found = _PARTS.fullmatch(written)
    if found is None:
        raise ValueError("does not begin with an operator")
    sign, operand = Operator(found["operator"]), found["operand"]
    if not operand:
        raise ValueError(f"has nothing after {sign}")
    if sign is Operator.MATCHES:
        pattern = _pattern(operand)
        return Comparison(written=written, operator=sign, operand=str(pattern), pattern=pattern)
    number = operand.removesuffix("%").rstrip() if operand.endswith("%") else operand
    if _NUMBER.fullmatch(number):
        return Comparison(written=written, operator=sign, operand=_number(number), percent=operand.endswith("%"))
    if sign.orders:
        raise ValueError(f"compares with no number after {sign}")
    if operand in _WORDS:
        return Comparison(written=written, operator=sign, operand=_WORDS[operand])
    return Comparison(written=written, operator=sign, operand=_unquoted(operand))


ALLOWED: Final = (
    "one of == != < <= > >= and a number, a percentage, a 'text in quotes', true, false or null; or matches /REGEX/"
)
"""What `parse_comparison` takes, for people."""


def as_number(value: Scalar) -> int | float | None:
    """The value as a number that can be compared; None where it is none. True and false are none."""
    if isinstance(value, str):
        text = value.strip()
        return _number(text) if _NUMBER.fullmatch(text) else None
    if value is None or isinstance(value, bool) or value != value:  # noqa: PLR0124 - NaN; math.isnan takes no huge ints
        return None
    return value


def spelled(value: Scalar) -> str:
    """The value as text is compared with it: as JSON spells what is no text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def shown(value: Scalar) -> str:
    """The value as a sentence shows it, bounded; text in quotes."""
    text = spelled(value)
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return f"'{text}'" if isinstance(value, str) else text


def _compare(sign: Operator, value: Any, wanted: Any) -> bool:
    if sign in _ORDERS:
        return _ORDERS[sign](value, wanted)
    return (value == wanted) is (sign is Operator.EQUAL)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _pattern(operand: str) -> Pattern:
    if len(operand) < len("/./") or operand[0] != "/" or operand[-1] != "/":
        raise ValueError("has no regular expression between slashes after matches")
    try:
        return read_pattern(operand[1:-1])
    except ValueError as error:
        raise ValueError(f"has a regular expression that cannot be read ({error})") from None


def _unquoted(operand: str) -> str:
    quote = operand[0]
    if quote not in "'\"":
        raise ValueError("compares with text that is not in quotes")
    if len(operand) < len("''") or operand[-1] != quote or quote in operand[1:-1]:
        raise ValueError("has a quote that does not end, or more than one text")
    return operand[1:-1]
