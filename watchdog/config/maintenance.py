"""When is worked on what: `[[maintenance]]` as written → the frozen values that policy reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final, Optional

from pydantic import Field, create_model

from watchdog.config.fields import CheckName, Days, Hour, Lasts, Moment, Patterns, Section, Zone
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import quoted
from watchdog.config.tables import items, read_section
from watchdog.model.alerting import Maintenance, Once, Weekly

_ONCE: Final[frozenset[str]] = frozenset({"from", "until"})
_WEEKLY: Final = frozenset({"at", "lasts"})
_OF_WEEKLY: Final = _WEEKLY | {"days", "zone"}
_EVERY_DAY: Final = tuple(range(7))


class _MaintenanceSection(Section):
    """Once, by `from` and `until`; or again and again, by `at`, `lasts`, `days` and `zone`."""

    name: CheckName = Field(description="Its name in every output; unique.")
    services: Patterns | None = Field(
        default=None,
        description="What it is for: `project/name` or the name; also `engine`, `observer`, and names of endpoints.",
    )
    projects: Patterns | None = Field(
        default=None, description="What it is for: whole projects. Without `services` and `projects` it is everything."
    )
    until: Moment | None = Field(default=None, description="When it ends.")
    days: Days | None = Field(default=None, description="The days on which it begins; without it every day.")
    at: Hour | None = Field(default=None, description="When it begins, by the clocks of its zone.")
    lasts: Lasts | None = Field(default=None, description="How long it lasts.")
    zone: Zone | None = Field(default=None, description='Whose clocks count; without it "UTC".')


_WORDS_OF_PYTHON: Final[dict[str, Any]] = {
    "from": (
        Optional[Moment],  # noqa: UP045 - an expression: pyright knows no `|` of an Annotated
        Field(default=None, description="When it begins, once."),
    )
}
"""Keys that no class can have as fields."""

MaintenanceSection: Final[type[_MaintenanceSection]] = create_model(
    "MaintenanceSection", __base__=_MaintenanceSection, **_WORDS_OF_PYTHON
)


def read_maintenance(values: Mapping[str, Any], problems: Problems) -> tuple[Maintenance, ...]:
    """All windows; one that contradicts itself is among the problems."""
    found: dict[str, Maintenance] = {}
    for path, raw in items(values, "maintenance", (), problems):
        section = read_section(MaintenanceSection, raw, path, problems)
        if section is None:
            continue
        given = section.given()
        name: str = given["name"]
        when = _when(given, path, problems)
        if name in found:
            problems.add((*path, "name"), f"{quoted(name)} is used twice; allowed: one [[maintenance]] of a name")
        elif when is not None:
            services, projects = given.get("services", ()), given.get("projects", ())
            found[name] = Maintenance(name=name, when=when, services=services, projects=projects)
    return tuple(found.values())


def _when(given: Mapping[str, Any], path: KeyPath, problems: Problems) -> Once | Weekly | None:
    once, weekly = given.keys() & _ONCE, given.keys() & _OF_WEEKLY
    if once and weekly:
        wrong = f"stands beside {', '.join(sorted(once))}"
        problems.add((*path, min(weekly)), f"{wrong}; allowed: from and until, or at and lasts")
        return None
    if len(once) < len(_ONCE) and not weekly >= _WEEKLY:
        problems.add(path, "does not say when; allowed: from and until, or at and lasts (with days and zone)")
        return None
    if once:
        if given["from"] >= given["until"]:
            problems.add((*path, "until"), "is not after from; allowed: an end after the beginning")
            return None
        return Once(begins=given["from"], ends=given["until"])
    days = frozenset(given.get("days", _EVERY_DAY))
    if not days:
        problems.add((*path, "days"), "is empty; allowed: at least one day, or no days for every day")
        return None
    return Weekly(days=days, at=given["at"], lasts=given["lasts"], zone=given.get("zone", UTC))
