"""What an answer is judged by, where its size or a pattern decides how long that takes.

Pure, and without a bound of their own: `probes.evaluation` runs them here where they are quick, and elsewhere in a
process of their own. Arguments and results are what JSON holds; bodies and outputs come as bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from watchdog.policy.comparison import Scalar, parse_comparison, spelled
from watchdog.policy.expectations import parse_expectation
from watchdog.policy.patterns import read_pattern


def text_of(body: bytes | bytearray) -> str:
    """As UTF-8; what is not becomes U+FFFD. The answer's own charset is a stranger's choice of decoder."""
    return body.decode("utf-8", "replace")


def body_wrong(
    body: bytes | bytearray, contains: str | None = None, matches: str | None = None, expected: tuple[str, ...] = ()
) -> dict[str, str] | None:
    """What is wrong with a body: `missing` (text or pattern), `no_json` or `wrong` (a sentence); else None."""
    text = text_of(body)
    if contains is not None and contains not in text:
        return {"missing": contains}
    if matches is not None and not read_pattern(matches).found(text):
        return {"missing": matches}
    if not expected:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {"no_json": ""}
    wrong = (parse_expectation(one).wrong(document) for one in expected)
    return next(({"wrong": sentence} for sentence in wrong if sentence is not None), None)


def found(body: bytes | bytearray, pattern: str) -> bool:
    return read_pattern(pattern).found(text_of(body))


def found_in(body: bytes | bytearray, pattern: str) -> list[int]:
    """Which of the lines (JSON) match."""
    searched = read_pattern(pattern)
    return [number for number, line in enumerate(json.loads(body)) if searched.found(line)]


def compared(_: bytes | bytearray, comparison: str, value: Scalar, whole: float | None) -> str | None:
    """What is wrong with a value, a sentence."""
    return parse_comparison(comparison).wrong(value, whole)


def captured(body: bytes | bytearray, pattern: str) -> str | None:
    return read_pattern(pattern, captures=True).capture(text_of(body))


def captured_json(body: bytes | bytearray, path: str) -> dict[str, str]:
    """`value`, or `missing`: a sentence that says why there is none."""
    try:
        document = json.loads(text_of(body))
    except (ValueError, RecursionError):
        return {"missing": "the body is no JSON"}
    values = parse_expectation(path).found(document)
    if values is None:
        return {"missing": f"the JSON is too deep to be searched for {path}"}
    if not values:
        return {"missing": f"the JSON has nothing at {path}"}
    value = values[0]
    if value is None or isinstance(value, dict | list):
        what = "null" if value is None else "an object" if isinstance(value, dict) else "a list"
        return {"missing": f"{path} is {what}"}
    return {"value": spelled(value)}


def elements(body: bytes | bytearray, wanted: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Of a page, by selector and attribute: `value`, or `missing`: which of the two."""
    from watchdog.probes.journey.page_reader import read  # what it imports is large

    return read(text_of(body), wanted)


JUDGES: Final[Mapping[str, Callable[..., Any]]] = {
    judge.__name__: judge for judge in (body_wrong, found, found_in, compared, captured, captured_json, elements)
}
