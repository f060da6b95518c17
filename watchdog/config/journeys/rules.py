"""Rules for what only journeys have: names that templates use, URLs with templates, where captures look."""

from __future__ import annotations

import json
from typing import Any, Final

from watchdog.config import addresses
from watchdog.config.rules import NAME as ANY_NAME
from watchdog.config.rules import (
    InvalidValue,
    Rule,
    commas,
    is_list,
    is_table,
    listed,
    matching,
    quoted,
    table_of,
    text,
)
from watchdog.policy.expectations import parse_expectation
from watchdog.policy.templates import NAME, begins_with_template, without_templates

_LONGEST_WHERE: Final = 500
_LONGEST_VALUE: Final = 8192
_DEEPEST: Final = 30
_LARGEST_JSON: Final = 65536


def _url(value: Any) -> str:
    url = text(at_most=2048, secret=True)(value)
    plain = without_templates(url)
    if " " in plain or not plain.isascii():
        raise InvalidValue("contains a blank or a character outside ASCII")
    if not begins_with_template(url) and not url.startswith("/"):
        addresses.URL.read(plain)
    return url


def _selector(value: Any) -> str:
    selector = text(at_most=_LONGEST_WHERE)(value)
    import soupsieve

    try:
        soupsieve.compile(selector)
    except (soupsieve.SelectorSyntaxError, ValueError, RecursionError) as error:
        raise InvalidValue(f"{quoted(value)} is no CSS selector ({_first_line(error)})") from None
    return selector


def _json_path(value: Any) -> str:
    path = text(at_most=_LONGEST_WHERE)(value)
    try:
        found = parse_expectation(path)
    except ValueError as error:
        raise InvalidValue(f"{quoted(value)} {error}") from None
    if found.comparison is not None:
        raise InvalidValue(f"{quoted(value)} compares, where a value is looked for")
    return path


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]


def _field_value(value: Any) -> str:
    """What a form sends for it: also numbers and switches."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value}"
    if value == "":
        return ""
    return text(at_most=_LONGEST_VALUE, secret=True, multi_line=True)(value)


def _json(value: Any) -> Any:
    try:
        written = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidValue("holds something that JSON does not have (a date, a time, nan, inf)") from None
    if _depth(value) > _DEEPEST:
        raise InvalidValue(f"is more than {_DEEPEST} tables or lists deep")
    if len(written) > _LARGEST_JSON:
        raise InvalidValue(f"is longer than {_LARGEST_JSON} characters")
    return json.loads(written)


def _depth(value: Any) -> int:
    deep = 0
    level: list[Any] = [value]
    while level and deep <= _DEEPEST:
        level = [item for one in level for item in (is_list(one) or list((is_table(one) or {}).values()))]
        deep += 1
    return deep


STEP_NAME: Final = Rule('a letter, then letters, digits, "_" and "-", 63 at the most', matching(NAME, at_most=63))
STEP_URL: Final = Rule("a path that begins with /, a URL, or a template in front", _url)
SELECTOR: Final = Rule('a CSS selector, as "input[name=csrf]"', _selector)
JSON_PATH: Final = Rule('a JSONPath (RFC 9535), as "$.token"', _json_path)
COOKIE_NAME: Final = Rule("the name of a cookie", matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", at_most=100))
ATTRIBUTE: Final = Rule("the name of an attribute", matching(r"[A-Za-z_:][A-Za-z0-9_:.-]*", at_most=100))
FORM: Final = Rule(
    "a table of field = text, number or switch",
    table_of("field", text(at_most=200), _field_value, at_most=200),
)
JSON: Final = Rule(f"texts, numbers, switches, tables and lists, {_DEEPEST} deep at the most", _json)
NAMES: Final = listed(
    "a list of names of captures, fields and headers", matching(r"[A-Za-z0-9_.\[\]-]+", at_most=100), commas
)
SECRETS: Final = Rule(
    "a table of name = text; with `_file` behind the name, the file that holds it",
    table_of("secret", matching(ANY_NAME, at_most=80), text(at_most=_LONGEST_VALUE, secret=True), at_most=200),
)
