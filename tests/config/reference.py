"""The tables of `docs/configuration.md`, made from the models; run it to write them into the file."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from watchdog.config import labels
from watchdog.config.duration import spell_duration
from watchdog.config.problems import allowed
from watchdog.config.schema import SECTIONS, EndpointSection, File, Section, ServiceSection
from watchdog.model.observation import Check, CheckKind
from watchdog.model.settings import ServiceSettings, Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGIN = "<!-- tables: python -m tests.config.reference -->"
END = "<!-- end of tables -->"
SETTINGS = Settings()
CHECK = Check(name="", kind=CheckKind.HTTP, target="")


def defaults() -> Mapping[str, Mapping[str, Any]]:
    """Section → key → default, read from the model."""
    found = {name: dataclasses.asdict(getattr(SETTINGS, name)) for name in SECTIONS if hasattr(SETTINGS, name)}
    found["watch"] = {"interval": SETTINGS.interval}
    found["api"]["listen"] = f"{SETTINGS.api.host}:{SETTINGS.api.port}"
    found["service"] = dataclasses.asdict(ServiceSettings())
    found["endpoint"] = dataclasses.asdict(CHECK) | {
        "status": "200-299",
        "redirects": CHECK.max_redirects,
        **dict.fromkeys(("interval", "retry_interval", "timeout", "failures", "successes")),
    }
    return found


def spell(value: Any, rule: str) -> str:
    """The value as one writes it in TOML."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case StrEnum() | str() | Path():
            return f'"{value}"'
        case int() | float():
            return f'"{spell_duration(value)}"' if rule.startswith("a duration") else f"{value:g}"
        case _:
            return "" if value == {} else "[]"


def brief(rule: str) -> str:
    """The document says once how durations are written."""
    return rule.partition(', as "60s"')[0]


def section_lines(name: str, section: type[Section]) -> Iterator[str]:
    variables = name in SECTIONS
    yield f"| key | default | allowed | meaning |{' environment |' if variables else ''}"
    yield f"|---|---|---|---|{'---|' if variables else ''}"
    for key, field in section.model_fields.items():
        rule = allowed(section, key)
        default = "*required*" if field.is_required() else spell(defaults()[name].get(key), rule)
        shown = f"`{default}`" if default and not field.is_required() else default
        rule = brief(rule)
        cells = [f"`{key}`", shown, rule or "a table as in its own section", field.description or ""]
        if variables:
            cells.append(f"`WATCHDOG_{name.upper()}__{key.upper()}`")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def label_lines() -> Iterator[str]:
    yield "| label | allowed |"
    yield "|---|---|"
    for name, rule in labels.RULES.items():
        yield f"| `{name}` | {brief(rule.allowed)} |"
    for key in EndpointSection.model_fields:
        if key in labels.CHECK_KEYS:
            yield f"| `watchdog.check.<name>.{key.replace('_', '-')}` | {brief(allowed(EndpointSection, key))} |"


def tables() -> str:
    lines: list[str] = []
    shapes: dict[str, type[Section]] = {**SECTIONS, "service": ServiceSection, "endpoint": EndpointSection}
    for name, section in shapes.items():
        heading = f"[{name}]" if name in SECTIONS else f"[[{name}]]"
        lines += [
            f"### `{heading}`",
            "",
            File.model_fields[name].description or "",
            "",
            *section_lines(name, section),
            "",
        ]
    return "\n".join([*lines, "### Labels of containers", "", *label_lines()])


def written(document: str) -> str:
    """The document with its tables made new."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
