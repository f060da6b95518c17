"""Who hears of what: `[[alert.route]]` as written → the frozen values that policy reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Optional

from pydantic import Field, create_model

from watchdog.config.fields import Bool, Importance, LabelPatterns, Patterns, Receivers, Section, Span
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, did_you_mean
from watchdog.config.rules import quoted
from watchdog.config.tables import items, read_section
from watchdog.model.alert import FILES
from watchdog.model.alerting import Route
from watchdog.model.settings import ReceiverSettings


class _RouteSection(Section):
    """What an alert must match, all of it, and where it then goes."""

    receivers: Receivers = Field(description="Names of `[[alert.receiver]]`; the files hear of everything anyway.")
    severity: Importance | None = Field(default=None, description="The least that it takes.")
    project: Patterns | None = Field(default=None, description="The service's project.")
    service: Patterns | None = Field(
        default=None, description="`project/name` or the name; also `engine`, `observer`, and names of endpoints."
    )
    label: LabelPatterns | None = Field(default=None, description="Labels of the container.")
    owner: Patterns | None = Field(default=None, description="The service's owner.")
    after: Span | None = Field(
        default=None,
        description="Only once the alert has lasted so long; its receivers are added to those of the other routes.",
    )


_WORDS_OF_PYTHON: Final[dict[str, Any]] = {
    "continue": (
        Optional[Bool],  # noqa: UP045 - an expression: pyright knows no `|` of an Annotated
        Field(default=None, description="The routes after it are read, too; else the first that matches decides."),
    )
}
"""Keys that no class can have as fields."""

RouteSection: Final[type[_RouteSection]] = create_model("RouteSection", __base__=_RouteSection, **_WORDS_OF_PYTHON)


def read_routes(
    table: Mapping[str, Any], receivers: Sequence[ReceiverSettings], problems: Problems
) -> tuple[Route, ...]:
    """All of them, in order; one that names an unknown receiver is among the problems."""
    known = (*(receiver.name for receiver in receivers), FILES)
    found: list[Route] = []
    for path, raw in items(table, "route", ("alert",), problems):
        section = read_section(RouteSection, raw, path, problems)
        if section is None:
            continue
        given = section.given()
        _refuse_unknown(given["receivers"], known, (*path, "receivers"), problems)
        found.append(Route(**{("goes_on" if key == "continue" else key): value for key, value in given.items()}))
    return tuple(found)


def _refuse_unknown(named: Sequence[str], known: Sequence[str], path: KeyPath, problems: Problems) -> None:
    if not named:
        problems.add(path, "names nobody; allowed: at least one receiver")
    for name in named:
        if name not in known:
            wrong = f"{quoted(name)} is no receiver{did_you_mean(name, known)}"
            problems.add(path, f"{wrong}; allowed: {', '.join(known)}")
