"""A journey as written → the frozen value that probes are asked with."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from watchdog.config.checks import timing
from watchdog.config.document import read_secret
from watchdog.config.journeys.sections import CaptureSection, JourneySection, RetrySection, StepSection
from watchdog.config.journeys.templates import refuse_unknown_names
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import Expanded, is_list, is_table, quoted
from watchdog.config.tables import items, no_table, read_section, valid_part
from watchdog.model.identity import ServiceKey
from watchdog.model.journey import Capture, CaptureSource
from watchdog.model.observation import Check, OnFailure
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.journey import JourneyProbe, JourneyStep
from watchdog.model.settings import HealthSettings
from watchdog.policy.templates import NAME, without_templates

TIMEOUT: Final = 30.0
MOST_STEPS: Final = 100
_REDIRECTS: Final = 10
_LONGEST_NAME: Final = 63
_OF_THE_PROBE: Final = (
    "status",
    "body_contains",
    "body_matches",
    "body_json",
    "headers_match",
    "security_headers",
    "max_latency",
)
_SENT: Final = ("form", "json", "body")


def read_journey(
    raw: Any, path: KeyPath, problems: Problems, *, interval: float, health: HealthSettings
) -> Check | None:
    """The journey as a check; None when something in it is wrong, which is then among the problems."""
    before = len(problems.found)
    section = valid_part(JourneySection, raw, path, problems)
    table = is_table(raw)
    if table is None:
        return None
    services = tuple(ServiceKey.parse(name) for name in (section.services or () if section else ()))
    secrets = _secrets(section.secrets or {} if section else {}, path, problems)
    steps = _steps(table, path, problems, services)
    if section is not None and section.base is None:
        _refuse_relative(steps, problems)
    refuse_unknown_names(steps, secrets, problems)
    if section is None:
        return None
    if services and section.depends_on:
        problems.add((*path, "depends_on"), "stands beside services; allowed: depends_on of these services")
    when = timing(section, path, problems, interval=interval, health=health, timeout=TIMEOUT)
    if len(problems.found) > before:
        return None
    found = tuple(step for _, step in steps)
    hosts = _hosts(section.base, found)
    verify = True if section.verify_tls is None else section.verify_tls
    probe = JourneyProbe(
        steps=tuple(
            replace(step, request=replace(step.request, redirect_hosts=hosts, verify_tls=verify)) for step in found
        ),
        services=services,
        base=section.base,
        secrets=secrets,
        hidden=_hidden(table),
        redact=section.redact or (),
    )
    return Check(
        **when,
        name=section.name,
        probe=probe,
        depends_on=section.depends_on or (),
        on_failure=section.on_failure or OnFailure.RECOVER,
        vantage=ServiceKey.parse(section.from_) if section.from_ else None,
    )


def _secrets(given: dict[str, str], path: KeyPath, problems: Problems) -> dict[str, str]:
    """Name → value, read from its file where the key says so."""
    found: dict[str, str] = {}
    for key, value in given.items():
        name, place = key.removesuffix("_file"), (*path, "secrets", key)
        content = value
        if name != key:
            if not value.startswith("/"):
                problems.add(place, "is not absolute; allowed: an absolute path")
                continue
            content = problems.caught(place, lambda file=value: read_secret(Path(file)))
        if not _is_name(name):
            problems.add(place, 'is no name that a template can use; allowed: a letter, then letters, digits, "_", "-"')
        elif name in found:
            problems.add(place, f"stands beside {name}; allowed: one of the two")
        elif content:
            found[name] = content
        elif content is not None:
            problems.add(place, "is empty; allowed: a file that holds the secret")
    return found


def _steps(
    table: dict[str, Any], path: KeyPath, problems: Problems, services: tuple[ServiceKey, ...]
) -> list[tuple[KeyPath, JourneyStep]]:
    written = items(table, "step", path, problems)
    if not written and (*path, "step") not in problems.found:
        problems.add((*path, "step"), "is missing; allowed: [[journey.step]], one table a step")
    if len(written) > MOST_STEPS:
        problems.add((*path, "step"), f"has more than {MOST_STEPS} steps; allowed: {MOST_STEPS}")
        return []
    names: set[str] = set()
    found: list[tuple[KeyPath, JourneyStep]] = []
    for place, raw in written:
        step = _step(raw, place, problems, services)
        if step is None:
            continue
        if step.name in names:
            problems.add((*place, "name"), f"{quoted(step.name)} is used twice; allowed: one step of a name")
        names.add(step.name)
        found.append((place, step))
    if found and all(step.always_run for _, step in found):
        problems.add((*path, "step"), "only cleans up; allowed: at least one step without always_run")
    return found


def _step(raw: Any, path: KeyPath, problems: Problems, services: tuple[ServiceKey, ...]) -> JourneyStep | None:
    section, table = read_section(StepSection, raw, path, problems), is_table(raw)
    captures = _captures(table.get("capture", {}), (*path, "capture"), problems) if table else ()
    retry = (
        read_section(RetrySection, table["retry"], (*path, "retry"), problems) if table and "retry" in table else None
    )
    if section is None:
        return None
    given = section.given()
    sent = [key for key in _SENT if table and key in table]
    if len(sent) > 1:
        problems.add((*path, sent[1]), f"stands beside {sent[0]}; allowed: one of form, json and body")
    whose = ServiceKey.parse(section.service) if section.service else services[0] if services else None
    if section.service and whose not in services:
        named = ", ".join(map(str, services)) or "none here, as the journey has no services"
        problems.add((*path, "service"), f"{quoted(section.service)} is none of the journey's; allowed: {named}")
    request = HttpProbe(
        url=section.url,
        method=section.method or ("POST" if sent else "GET"),
        headers=section.headers or {},
        body=section.body,
        redirects=_REDIRECTS if section.redirects is None else section.redirects,
        **{key: given[key] for key in _OF_THE_PROBE if key in given},
    )
    return JourneyStep(
        name=section.name,
        request=request,
        form=section.form,
        json=section.json_,
        captures=captures,
        always_run=bool(section.always_run),
        service=whose,
        **(retry.given() if retry else {}),
    )


def _captures(raw: Any, path: KeyPath, problems: Problems) -> tuple[Capture, ...]:
    table = is_table(raw)
    if table is None:
        problems.add(path, f"{quoted(raw)} is no table; allowed: a table of NAME = where it is found")
        return ()
    found: list[Capture] = []
    for name, content in table.items():
        place = (*path, name)
        if not _is_name(name):
            problems.add(place, 'is no name that a template can use; allowed: a letter, then letters, digits, "_", "-"')
            continue
        capture = _capture(name, content, place, problems)
        if capture is not None:
            found.append(capture)
    return tuple(found)


def _capture(name: str, raw: Any, path: KeyPath, problems: Problems) -> Capture | None:
    table = is_table(raw)
    if table is None:
        problems.add(path, no_table(raw, CaptureSection))
        return None
    section = read_section(CaptureSection, table, path, problems)
    if section is None:
        return None
    sources = [source for source in CaptureSource if source.value in table]
    if len(sources) != 1:
        wrong = f"looks in {' and '.join(sources)}" if sources else "does not say where to look"
        problems.add(path, f"{wrong}; allowed: exactly one of {', '.join(CaptureSource)}")
        return None
    (source,) = sources
    if section.attribute is not None and source is not CaptureSource.HTML:
        problems.add((*path, "attribute"), f"means nothing for {source}; allowed: with html")
        return None
    return Capture(name=name, source=source, where=table[source.value], attribute=section.attribute)


def _refuse_relative(steps: list[tuple[KeyPath, JourneyStep]], problems: Problems) -> None:
    for place, step in steps:
        if step.request.url.startswith("/"):
            problems.add((*place, "url"), "begins with / and the journey has no base; allowed: a whole URL, or base")
            return


def _hosts(base: str | None, steps: tuple[JourneyStep, ...]) -> tuple[str, ...]:
    """The hosts that the journey names: redirects, and links in templates, lead nowhere else."""
    urls = [base or "", *(without_templates(step.request.url) for step in steps)]
    return tuple(sorted({host for url in urls if (host := urlsplit(url).hostname)}))


def _hidden(table: dict[str, Any]) -> tuple[str, ...]:
    """What the environment put into the journey, but for the beginnings of its URLs, without which nothing is told."""
    found: set[str] = set()
    urls = [str(table.get("base", ""))]
    left: list[Any] = [table]
    while left:
        one = left.pop()
        inner = is_table(one)
        if inner is not None:
            urls.append(str(inner.get("url", "")))
        left += (inner or {}).values() if inner is not None else is_list(one) or ()
        if isinstance(one, Expanded):
            found |= set(one.parts)
    return tuple(sorted(part for part in found if part and not any(url.startswith(part) for url in urls)))


def _is_name(text: str) -> bool:
    return re.fullmatch(NAME, text) is not None and len(text) <= _LONGEST_NAME
