"""What is wrong with a configuration, gathered so that a person hears of everything at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from watchdog.config.fields import Section
from watchdog.config.positions import KeyPath
from watchdog.config.rules import is_list, is_table, quoted

T = TypeVar("T")

_MOST_TOLD: Final = 100
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    path: KeyPath
    sentence: str


@dataclass(slots=True)
class Problems:
    """Gathers problems in the order in which they are found; of those with one path the first is told."""

    found: dict[KeyPath, Problem] = field(default_factory=dict[KeyPath, Problem])

    def add(self, path: KeyPath, sentence: str) -> None:
        self.found.setdefault(path, Problem(path, sentence))

    def caught(self, path: KeyPath, read: Callable[[], T]) -> T | None:
        """What `read` returns; None when it raises ValueError, whose sentence is added."""
        try:
            return read()
        except ValueError as error:
            self.add(path, str(error))
            return None

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.found.values())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean NAME?` where a known name is near, else nothing."""
    near = get_close_matches(name[:128], list(known), n=1, cutoff=0.6)
    return f", did you mean {near[0]}?" if near else ""


def add_validation(problems: Problems, path: KeyPath, error: ValidationError, section: type[Section]) -> None:
    """Adds what pydantic found in a table of the given shape, in our own words."""
    known = section.written()
    for one in error.errors(include_url=False, include_input=False):
        key = str(one["loc"][0]) if one["loc"] else ""
        match one["type"]:
            case "extra_forbidden":
                sentence = f"is not known{did_you_mean(key, known)}; allowed: {', '.join(known)}"
            case "missing":
                sentence = f"is missing; allowed: {allowed(section, key)}"
            case _:
                sentence = str(one.get("ctx", {}).get("error", one["msg"]))
        problems.add((*path, key), sentence)


def allowed(section: type[Section], key: str) -> str:
    """What the rule of a key allows; empty where a key is a table of its own."""
    rule = section.rule(key)
    return rule.allowed if rule is not None else ""


def told(
    problems: Problems,
    source: str,
    values: Mapping[str, Any],
    lines: Mapping[KeyPath, int],
    origins: Mapping[KeyPath, str],
) -> str:
    """Every problem on a line of its own: `FILE:LINE: key.path: what is wrong; what is allowed`."""
    ranked = sorted(problems, key=lambda problem: _nearest(lines, problem.path) or 0)
    sentences = [_line(problem, source, values, lines, origins) for problem in ranked[:_MOST_TOLD]]
    if len(ranked) > _MOST_TOLD:
        sentences.append(f"and {len(ranked) - _MOST_TOLD} more problems")
    return "\n".join(sentences)


def _line(
    problem: Problem,
    source: str,
    values: Mapping[str, Any],
    lines: Mapping[KeyPath, int],
    origins: Mapping[KeyPath, str],
) -> str:
    variable = _nearest(origins, problem.path)
    key = spell_path(problem.path, values)
    if variable is not None:
        inner = "" if problem.path in origins else f"{key}: "
        return f"environment: {variable}: {inner}{problem.sentence}"
    line = _nearest(lines, problem.path)
    return f"{source}:{line}: {key}: {problem.sentence}" if line else f"{source}: {key}: {problem.sentence}"


def _nearest(known: Mapping[KeyPath, T], path: KeyPath) -> T | None:
    """What is known of the path, else of the table around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in known:
            return known[path[:length]]
    return None


def spell_path(path: KeyPath, values: object) -> str:
    """`service[webui].recovery.window`: items of a list by their name, else counted from 1."""
    spelled, here = "", values
    for part in path:
        if isinstance(part, int):
            items = is_list(here) or []
            here = items[part] if part < len(items) else None
            name = (is_table(here) or {}).get("name")
            known = isinstance(name, str) and _PLAIN_KEY.fullmatch(name)
            spelled += f"[{name if known else part + 1}]"
        else:
            here = (is_table(here) or {}).get(part)
            spelled += ("." if spelled else "") + (part if _PLAIN_KEY.fullmatch(part) else quoted(part))
    return spelled
