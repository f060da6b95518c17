"""Regular expressions, as the configuration and as labels may write them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from watchdog.config.addresses import HEADER_NAME, MOST_HEADERS
from watchdog.config.rules import InvalidValue, Rule, listed, quoted, table_of, text
from watchdog.policy.comparison import ALLOWED, LONGEST, Comparison, parse_comparison
from watchdog.policy.expectations import ALLOWED as EXPECTED
from watchdog.policy.expectations import parse_expectation
from watchdog.policy.patterns import Pattern, read_pattern

_LONGEST_PATTERN: Final = 1000
_linear_only: ContextVar[bool] = ContextVar("linear_only", default=False)


@contextmanager
def of_a_label() -> Generator[None]:
    """What is read within is a stranger's: no pattern of it may take a backtracking engine."""
    before = _linear_only.set(True)
    try:
        yield
    finally:
        _linear_only.reset(before)


def _check_label(patterns: Iterable[Pattern]) -> None:
    """Raises InvalidValue where it is a label that asks for what takes a backtracking engine."""
    refused = next((pattern for pattern in patterns if pattern.not_linear), None) if _linear_only.get() else None
    if refused is not None:
        why = f"{quoted(str(refused))} has {refused.not_linear}, whose search may take for ever"
        raise InvalidValue(f"{why}: only the configuration may ask for it")


def _pattern(value: Any) -> str:
    written = text(at_most=_LONGEST_PATTERN, multi_line=True)(value)
    try:
        pattern = read_pattern(written)
    except ValueError as error:
        raise InvalidValue(f"{quoted(value)} is no regular expression ({str(error)[:80]})") from None
    _check_label([pattern])
    return written


def _comparison(value: Any) -> Comparison:
    written = text(at_most=LONGEST, multi_line=True)(value)
    try:
        comparison = parse_comparison(written)
    except ValueError as error:
        raise InvalidValue(f"{quoted(value)} {error}") from None
    _check_label([comparison.pattern] if comparison.pattern is not None else [])
    return comparison


def _json_expectation(value: Any) -> str:
    written = text(at_most=LONGEST)(value)
    try:
        expectation = parse_expectation(written)
    except ValueError as error:
        raise InvalidValue(f"{quoted(value)} {error}") from None
    _check_label(expectation.patterns)
    return str(expectation)


PATTERN: Final = Rule(f"a regular expression of Python, {_LONGEST_PATTERN} characters at the most", _pattern)
HEADER_PATTERNS: Final = Rule(
    "a table of header = regular expression", table_of("header", HEADER_NAME.read, _pattern, at_most=MOST_HEADERS)
)
COMPARISON: Final = Rule(ALLOWED, _comparison)
JSON_EXPECTATIONS: Final = listed(
    f"a list of expectations, each of them {EXPECTED}", _json_expectation, lambda one: [one], at_most=64
)
