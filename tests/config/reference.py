"""Tables of the documentation, made from the models; run it to write them into `docs/`."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, get_type_hints

from watchdog.config import labels
from watchdog.config.checks import KINDS, CheckSection
from watchdog.config.checks.kinds import BY_LABEL
from watchdog.config.checks.section import KindSection
from watchdog.config.deployments import HOOK_TIMEOUT, HookSection
from watchdog.config.duration import spell_duration
from watchdog.config.fields import Section
from watchdog.config.journeys import CaptureSection, JourneySection, RetrySection, StepSection
from watchdog.config.maintenance import MaintenanceSection
from watchdog.config.problems import allowed
from watchdog.config.receivers import ReceiverSection
from watchdog.config.routes import RouteSection
from watchdog.config.schema import SECTIONS, File, ServiceSection
from watchdog.config.validators import ValidatorSection
from watchdog.model.observation import OnFailure
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyStep
from watchdog.model.settings import ReceiverKind, ServiceSettings, Settings

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT = DOCS / "configuration.md"
PROBES = DOCS / "probes" / "README.md"
BEGIN = "<!-- tables: python -m tests.config.reference -->"
END = "<!-- end of tables -->"
SETTINGS = Settings()
*MOST, LAST = ReceiverKind
ALERT_RECEIVER = f"Where alerts go. Exactly one of {', '.join(MOST)} and {LAST}."
ALERT_ROUTE = "Who of them hears of what ([alerts](alerts.md)). All that is given must match."
HOOK = "A command that has to end with 0 before a deployment changes anything ([deployments](deployments.md))."
MAINTENANCE = "When is worked on what: once (`from`, `until`), or again and again (`at`, `lasts`, `days`, `zone`)."
VALIDATOR = "Who is asked before a change ([channels](channels.md))."


def defaults() -> Mapping[str, Mapping[str, Any]]:
    """Section → key → default, read from the model."""
    found = {name: dataclasses.asdict(getattr(SETTINGS, name)) for name in SECTIONS if hasattr(SETTINGS, name)}
    found["watch"] = {"interval": SETTINGS.interval}
    found["api"]["listen"] = f"{SETTINGS.api.host}:{SETTINGS.api.port}"
    found["deploy"] |= found["deploy"].pop("limits")
    found["hook"] = {"timeout": HOOK_TIMEOUT}
    found["service"] = dataclasses.asdict(ServiceSettings())
    found["service"]["critical_after"] = None
    found["endpoint"] = found["receiver"] = found["maintenance"] = found["capture"] = {}
    found["validator"] = {}
    found["route"] = {"severity": "warning", "continue": False}
    found["journey"] = {"timeout": 30.0, "verify_tls": True, "on_failure": OnFailure.RECOVER}
    found["step"] = _defaults_in(HttpProbe) | {"redirects": 10, "method": None}
    found["retry"] = _defaults_in(JourneyStep)
    for kind, section in KINDS.items():
        found[kind] = _defaults_in(value_of(section))
    return found


JOURNEY: Mapping[str, type[Section]] = {
    "[[journey]]": JourneySection,
    "[[journey.step]]": StepSection,
    "[journey.step.capture]": CaptureSection,
    "[journey.step.retry]": RetrySection,
}


def value_of(section: type[KindSection]) -> Any:
    """The class of the model whose values the section is read as."""
    return get_type_hints(section.probe)["return"]


def _defaults_in(shape: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in dataclasses.fields(shape):
        if one.default_factory is not dataclasses.MISSING:
            found[one.name] = one.default_factory()
        elif one.default is not dataclasses.MISSING:
            found[one.name] = one.default
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
        case ((int() as low, int() as high),):
            return f'"{low}-{high}"'
        case (int() as only,):
            return str(only)
        case int() | float():
            share = f'"{value:.0%}"' if rule.startswith("a share") else f"{value:g}"
            return f'"{spell_duration(value)}"' if rule.startswith("a duration") else share
        case _:
            return "" if value == {} else "[]"


def brief(rule: str) -> str:
    """The document says once how durations are written."""
    return rule.partition(', as "60s"')[0]


def section_lines(name: str, section: type[Section], without: Collection[str] = ()) -> Iterator[str]:
    variables = name in SECTIONS
    yield f"| key | default | allowed | meaning |{' environment |' if variables else ''}"
    yield f"|---|---|---|---|{'---|' if variables else ''}"
    for key, field in section.written().items():
        if key in without:
            continue
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
    told: set[str] = set()
    for section in (CheckSection, *KINDS.values()):
        for key in section.model_fields:
            if key in BY_LABEL and key not in told:
                told.add(key)
                yield f"| `watchdog.check.<name>.{key.replace('_', '-')}` | {brief(allowed(section, key))} |"


def tables() -> str:
    lines: list[str] = []
    shapes: dict[str, type[Section]] = {**SECTIONS, "service": ServiceSection, "endpoint": CheckSection}
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
    lines += ["### `[[alert.receiver]]`", "", ALERT_RECEIVER, "", *section_lines("receiver", ReceiverSection), ""]
    lines += ["### `[[alert.route]]`", "", ALERT_ROUTE, "", *section_lines("route", RouteSection), ""]
    lines += ["### `[[maintenance]]`", "", MAINTENANCE, "", *section_lines("maintenance", MaintenanceSection), ""]
    lines += ["### `[[deploy.hook]]`", "", HOOK, "", *section_lines("hook", HookSection), ""]
    lines += ["### `[[validator]]`", "", VALIDATOR, "", *section_lines("validator", ValidatorSection), ""]
    for kind, section in KINDS.items():
        lines += [f"#### Checks with `{kind}`", "", *section_lines(kind, section, CheckSection.model_fields), ""]
    for heading, section in JOURNEY.items():
        lines += [f"### `{heading}`", "", *section_lines(heading.strip("[]").split(".")[-1], section), ""]
    return "\n".join([*lines, "### Labels of containers", "", *label_lines()])


def kind_lines() -> Iterator[str]:
    """By the titles of their pages."""
    yield "| key | asks |"
    yield "|---|---|"
    for key, section in KINDS.items():
        page = f"{value_of(section).kind}.md"
        title, _, _ = (DOCS / "probes" / page).read_text().removeprefix("# ").partition("\n")
        yield f"| [`{key}`]({page}) | {title} |"


def written() -> Mapping[Path, str]:
    """Each document with its tables made new."""
    made = {DOCUMENT: tables(), PROBES: "\n".join(kind_lines())}
    return {document: _with(document.read_text(), lines) for document, lines in made.items()}


def _with(text: str, lines: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}"


if __name__ == "__main__":
    for document, text in written().items():
        document.write_text(text)
