"""A check as written → the frozen value that probes are asked with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from watchdog.config.checks.kinds import KINDS, kinds_with
from watchdog.config.checks.section import CheckSection
from watchdog.config.fields import Section
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, did_you_mean
from watchdog.config.rules import is_table
from watchdog.config.tables import no_table, read_section
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure
from watchdog.model.settings import HealthSettings

TIMEOUT: Final = Check.__dataclass_fields__["timeout"].default


def read_check(
    raw: Any,
    path: KeyPath,
    problems: Problems,
    *,
    endpoint: bool,
    interval: float,
    health: HealthSettings,
    service: ServiceKey | None = None,
) -> Check | None:
    """The check; None when something in it is wrong, which is then among the problems.

    `service` is whose check it is; one under `[[endpoint]]` names its own.
    """
    before = len(problems.found)
    table = is_table(raw)
    if table is None:
        problems.add(path, no_table(raw, CheckSection))
        return None
    for key in ("service", "depends_on"):
        if not endpoint and key in table:
            problems.add((*path, key), "means nothing here; allowed: in [[endpoint]]")
    if "service" in table and "depends_on" in table:
        problems.add((*path, "depends_on"), "stands beside service; allowed: depends_on of that service")
    asked = [key for key in KINDS if key in table]
    _refuse_strangers(asked, table, path, problems)
    if len(asked) != 1:
        common = {key: value for key, value in table.items() if key in CheckSection.model_fields}
        read_section(CheckSection, common, path, problems)
        wrong = f"asks for {' and '.join(asked)}" if asked else "does not say what to ask"
        *most, last = KINDS
        problems.add(path, f"{wrong}; allowed: exactly one of {', '.join(most)} and {last}")
        return None
    section = read_section(KINDS[asked[0]], table, path, problems)
    if section is None:
        return None
    when = timing(section, path, problems, interval=interval, health=health, usually=section.usually)
    probe = section.probe(path, problems)
    own = ServiceKey.parse(section.service) if section.service else service
    if section.inside and endpoint and own is None:
        problems.add((*path, "service"), f"is missing; {asked[0]} asks inside a container; allowed: whose that is")
    if endpoint and own is None and section.on_failure is OnFailure.RECOVER:
        wrong = "recover has nothing to recover: it names no service"
        problems.add((*path, "on_failure"), f'{wrong}; allowed: a service, or "alert"')
    if probe is None or len(problems.found) > before:
        return None
    usual = OnFailure.ALERT if probe.for_people else OnFailure.RECOVER
    place = section.given().get("from")
    return Check(
        **when,
        name=section.name,
        probe=probe,
        service=own,
        endpoint=endpoint,
        depends_on=section.depends_on or (),
        on_failure=section.on_failure or usual,
        vantage=ServiceKey.parse(place) if place else None,
    )


def _refuse_strangers(asked: list[str], table: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    """A key that this kind of check would ignore is a mistake."""
    known = set(CheckSection.model_fields).union(*(KINDS[kind].model_fields for kind in asked or KINDS))
    for key in table.keys() - known:
        others = kinds_with(key)
        if asked and others:
            problems.add((*path, key), f"means nothing for {' and '.join(asked)}; allowed: {others}")
        else:
            problems.add((*path, key), f"is not known{did_you_mean(key, known)}; allowed: {', '.join(sorted(known))}")


def timing(
    section: Section,
    path: KeyPath,
    problems: Problems,
    *,
    interval: float,
    health: HealthSettings,
    timeout: float = TIMEOUT,
    usually: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """When a check is asked and believed; `timeout` is its own where the table says none and the interval allows it."""
    given = section.given()
    interval = given.get("interval", interval)
    for key in ("timeout", "retry_interval"):
        if given.get(key, 0.0) > interval:
            problems.add((*path, key), f"is longer than the interval ({interval:g} s); allowed: at most the interval")
    found: dict[str, Any] = {
        "interval": interval,
        "retry_interval": min(health.retry_interval, interval),
        "timeout": min(timeout, interval),
        "failures": health.failures,
        "successes": health.successes,
        **usually,
    }
    return found | {key: given[key] for key in found.keys() & given.keys()}
