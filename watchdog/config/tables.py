"""Tables of the configuration, read one by one so that one mistake hides no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from watchdog.config.fields import Section
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, add_validation
from watchdog.config.rules import is_list, is_table, quoted

SectionT = TypeVar("SectionT", bound=Section)
Located = tuple[KeyPath, Any]


def read_section(model: type[SectionT], raw: Any, path: KeyPath, problems: Problems) -> SectionT | None:
    """The table in the given shape; None when something in it is wrong, which is then among the problems."""
    table = is_table(raw)
    if table is None:
        problems.add(path, no_table(raw, model))
        return None
    try:
        return model.model_validate(table)
    except ValidationError as error:
        add_validation(problems, path, error, model)
        return None


def valid_part(model: type[SectionT], raw: Any, path: KeyPath, problems: Problems) -> SectionT | None:
    """As `read_section`, but without its invalid keys, so that the others can still be judged together."""
    section, table = read_section(model, raw, path, problems), is_table(raw)
    if section is not None or table is None:
        return section
    right = {key: value for key, value in table.items() if (*path, key) not in problems.found}
    return read_section(model, right, path, problems)


def valid_keys(model: type[Section], raw: Any, path: KeyPath, problems: Problems) -> dict[str, Any]:
    """The valid keys of a table that may be left out."""
    section = None if raw is None else valid_part(model, raw, path, problems)
    return section.given() if section else {}


def items(values: Mapping[str, Any], key: str, path: KeyPath, problems: Problems) -> list[Located]:
    """The tables of a list, each with its place; none where it is no list, which is then among the problems."""
    found = is_list(values.get(key, []))
    if found is None:
        problems.add((*path, key), f"is no list of tables; allowed: [[{'.'.join([*map(str, path[:1]), key])}]]")
    return [((*path, key, number), item) for number, item in enumerate(found or [])]


def no_table(raw: Any, model: type[Section]) -> str:
    return f"{quoted(raw)} is no table; allowed: a table of {', '.join(model.written())}"
