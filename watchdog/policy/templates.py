"""`{{ name }}` and `{{ step.name }}` in texts: which names they use, and what they become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

NAME: Final = r"[A-Za-z_][A-Za-z0-9_-]*"
_TEMPLATE: Final = re.compile(r"\{\{ *(" + NAME + r"(?:\." + NAME + r")?) *\}\}")


class NoValue(LookupError):
    """A template whose value is not there; `str` is its name."""

    def __str__(self) -> str:
        return str(self.args[0])


def texts_in(value: Any) -> Iterator[str]:
    """Every text of a value of JSON, keys included."""
    match value:
        case str():
            yield value
        case dict():
            for key, item in cast("dict[str, Any]", value).items():
                yield key
                yield from texts_in(item)
        case list() | tuple():
            for item in cast("list[Any]", value):
                yield from texts_in(item)
        case _:
            pass


def names_in(text: str) -> list[str]:
    """The names that its templates use, in order."""
    return _TEMPLATE.findall(text)


def malformed(text: str) -> bool:
    """Whether it opens a template that is none."""
    return "{{" in _TEMPLATE.sub("", text)


def fill(text: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """The text with each template replaced by its quoted value; raises NoValue."""

    def value_of(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise NoValue(match[1])
        return quote(values[match[1]])

    return _TEMPLATE.sub(value_of, text)


def fill_all(value: Any, values: Mapping[str, str]) -> Any:
    """A value of JSON with every text in it filled, keys excepted; raises NoValue."""
    match value:
        case str():
            return fill(value, values)
        case dict():
            return {key: fill_all(item, values) for key, item in cast("dict[str, Any]", value).items()}
        case list():
            return [fill_all(item, values) for item in cast("list[Any]", value)]
        case _:
            return value


def begins_with_template(text: str) -> bool:
    return _TEMPLATE.match(text) is not None


def without_templates(text: str) -> str:
    """The text with a letter in place of each template: what can be judged before there are values."""
    return _TEMPLATE.sub("x", text)
