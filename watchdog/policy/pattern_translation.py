"""From a regular expression of Python to one that a linear-time engine searches for, where there is one.

Python's own parser reads it, so that what a pattern means does not depend on who searches. RE2's syntax:
https://github.com/google/re2/wiki/Syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Final

ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
"""Both the standard library's own, in place since Python 3.11 and untyped."""

_SPACES: Final = r"\t-\r\x1c-\x1f "
_UNICODE: Final = {
    "digit": r"\p{Nd}",
    "word": r"\p{L}\p{N}_",
    "space": _SPACES + r"\x{85}\p{Z}",
}
_ASCII: Final = {"digit": "0-9", "word": "0-9A-Za-z_", "space": _SPACES}
"""What these mean in a text of ASCII alone; `\\s` there is what `str.isspace` says."""


class NotLinear(Exception):
    """No linear-time engine can search for it; `str()` says why."""


def translate(pattern: str, *, ascii_text: bool, captures: bool = False) -> str:
    """The same for RE2; with `ascii_text` for texts without any other character, which takes a smaller program.

    What groups hold is only the same with `captures`. Raises NotLinear, and re.error, OverflowError or RecursionError
    where Python does not read the pattern either.
    """
    parsed: Any = parser.parse(pattern)
    return _Translation(ascii_text=ascii_text, captures=captures).of(parsed, parsed.state.flags, last=True)


class _Translation:
    """`flags` are those in force at a place; `last` says that nothing follows there, and no group takes it in."""

    def __init__(self, *, ascii_text: bool, captures: bool) -> None:
        self._ascii_text = ascii_text
        self._captures = captures

    def of(self, items: Iterable[Any], flags: int, *, last: bool) -> str:
        sequence = list(items)
        end = len(sequence) - 1
        return "".join(
            self._one(item[0], item[1], flags, last=last and place == end) for place, item in enumerate(sequence)
        )

    def _one(self, op: Any, value: Any, flags: int, *, last: bool) -> str:
        match op:
            case ops.LITERAL:
                return _cased(_literal(value), flags)
            case ops.NOT_LITERAL:
                return _cased(f"[^{_literal(value)}]", flags)
            case ops.ANY:
                return "(?s:.)" if flags & re.DOTALL else r"[^\n]"
            case ops.IN:
                return _cased(self._set(value, flags), flags)
            case ops.AT:
                return self._at(value, flags, last=last)
            case ops.BRANCH:
                return f"(?:{'|'.join(self.of(branch, flags, last=last) for branch in value[1])})"
            case ops.SUBPATTERN:
                group, added, removed, inner = value
                within = self.of(inner, (flags | added) & ~removed, last=last and not (self._captures and group))
                return f"(?:{within})" if group is None else f"({within})"
            case ops.MAX_REPEAT | ops.MIN_REPEAT:
                least, most, inner = value
                within = self.of(inner, flags, last=False)
                bound = "" if most is ops.MAXREPEAT else most
                return f"(?:{within}){{{least},{bound}}}" + ("?" if op is ops.MIN_REPEAT else "")
            case _:
                raise NotLinear(_NAMES.get(op, str(op).lower().replace("_", " ")))

    @staticmethod
    def _at(where: Any, flags: int, *, last: bool) -> str:
        match where:
            case ops.AT_BEGINNING:
                return "(?m:^)" if flags & re.MULTILINE else r"\A"
            case ops.AT_BEGINNING_STRING:
                return r"\A"
            case ops.AT_END if flags & re.MULTILINE:
                return "(?m:$)"
            case ops.AT_END:  # also before a newline that ends the text, and there is no looking ahead
                if not last:
                    raise NotLinear("a $ that something may follow")
                return r"(?:\n?\z)"
            case ops.AT_END_STRING:
                return r"\z"
            case ops.AT_BOUNDARY:
                return r"\b"
            case _:
                return r"\B"

    def _set(self, items: Iterable[Any], flags: int) -> str:
        within, beside, negated = "", list[str](), False
        for op, value in items:
            match op:
                case ops.NEGATE:
                    negated = True
                case ops.LITERAL:
                    within += _literal(value)
                case ops.RANGE:
                    within += f"{_literal(value[0])}-{_literal(value[1])}"
                case _:
                    kind = str(value).lower().removeprefix("category_")
                    meant = self._classes(flags)[kind.removeprefix("not_")]
                    if kind.startswith("not_"):
                        beside.append(meant)
                    else:
                        within += meant
        if not beside:
            return f"[{'^' if negated else ''}{within}]"
        if not negated:
            others = [f"[^{meant}]" for meant in beside]
            return f"(?:{'|'.join([f'[{within}]', *others] if within else others)})"
        if within or len(beside) > 1:
            raise NotLinear("a set that leaves something out of \\W, \\D or \\S")
        return f"[{beside[0]}]"

    def _classes(self, flags: int) -> dict[str, str]:
        if flags & re.ASCII:
            return _ASCII | {"space": r"\t-\r "}
        return _ASCII if self._ascii_text else _UNICODE


def _cased(text: str, flags: int) -> str:
    return f"(?i:{text})" if flags & re.IGNORECASE else text


def _literal(number: int) -> str:
    if 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - surrogates
        raise NotLinear("half a character")
    return rf"\x{{{number:x}}}" if not chr(number).isalnum() or number > 127 else chr(number)  # noqa: PLR2004 - ASCII


_NAMES: Final[dict[Any, str]] = {
    ops.ASSERT: "look-around",
    ops.ASSERT_NOT: "look-around",
    ops.GROUPREF: "a back-reference",
    ops.GROUPREF_EXISTS: "a condition on a group",
    ops.ATOMIC_GROUP: "an atomic group",
    ops.POSSESSIVE_REPEAT: "a possessive repetition",
}
