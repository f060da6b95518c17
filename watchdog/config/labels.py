"""What is configured for one service: defaults, then `[[service]]`, then the labels of its container.

Whoever labels a container describes it, and may have a command run in it; no label runs one on the host, names a file,
reads the environment or undoes what the configuration forbids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from watchdog.config.build import unconfigured
from watchdog.config.by_label import Label
from watchdog.config.checks import read_check, unverifiable
from watchdog.config.checks.kinds import BY_LABEL
from watchdog.config.patterns import of_a_label
from watchdog.config.problems import Problems, did_you_mean
from watchdog.config.rules import Rule, quoted
from watchdog.config.schema import ServiceRecoverySection, ServiceSection
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe.journey import services_of
from watchdog.model.settings import RecoverySettings, ServiceSettings, Settings

Base = TypeVar("Base", ServiceSettings, RecoverySettings)

PREFIX: Final = "watchdog."
CHECK: Final = "watchdog.check."

_SERVICE: Final = ServiceSection.labels()
_RECOVERY: Final = ServiceRecoverySection.labels()
RULES: Final[Mapping[str, Rule[Any]]] = {
    label.name: rule
    for section in (ServiceSection, ServiceRecoverySection)
    for key, label in section.labels().items()
    if (rule := label.rule or section.rule(key)) is not None
}
_MOST_CHECKS: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """`problems` are sentences about labels that were ignored."""

    settings: ServiceSettings
    problems: tuple[str, ...] = ()


def resolve(settings: Settings, key: ServiceKey, labels: Mapping[str, str]) -> Resolved:
    """Everything that is configured for a service; a bad label is a sentence in `problems`, never an exception.

    `checks` holds the endpoints that belong to the service too (`Check.endpoint`). A `[[service]]` with the
    service's project outranks one without.
    """
    problems = Problems()
    base = _configured(settings, key)
    merged = _overlaid(base, _SERVICE, labels, problems)
    recovery = _overlaid(base.recovery, _RECOVERY, labels, problems)
    _unknown(labels, problems)
    if recovery.absence_grace > recovery.absence_max:
        wrong = f"is longer than absence_max ({recovery.absence_max:g} s)"
        problems.add((_RECOVERY["absence_grace"].name,), f"{wrong}; allowed: at most that")
        recovery = replace(recovery, absence_grace=base.recovery.absence_grace)
    merged = replace(merged, recovery=recovery)
    checks = (*base.checks, *_endpoints(settings, key), *_journeys(settings, key))
    described = _described(settings, merged, labels, problems, key=key, taken={check.name for check in checks})
    merged = replace(merged, checks=tuple(replace(check, service=key) for check in (*checks, *described)))
    told = tuple(f"label {quoted(str(one.path[0]))} of {key}: {one.sentence}; the label is ignored" for one in problems)
    return Resolved(settings=merged, problems=told)


def _configured(settings: Settings, key: ServiceKey) -> ServiceSettings:
    found = sorted(
        ((pattern, service) for pattern, service in settings.services if pattern.means(key)),
        key=lambda one: one[0].project == "",
    )
    return found[0][1] if found else unconfigured(settings)


def _endpoints(settings: Settings, key: ServiceKey) -> list[Check]:
    return [endpoint for endpoint in settings.endpoints if endpoint.service and endpoint.service.means_replica(key)]


def _journeys(settings: Settings, key: ServiceKey) -> list[Check]:
    """A journey is a check of each service that it belongs to."""
    return [
        journey
        for journey in settings.journeys_of_services
        if any(named.means_replica(key) for named in services_of(journey.probe))
    ]


def _overlaid(base: Base, sayable: Mapping[str, Label], labels: Mapping[str, str], problems: Problems) -> Base:
    """With what labels say of its keys."""
    said = {
        key: _read(label.name, labels[label.name], problems) for key, label in sayable.items() if label.name in labels
    }
    merged = {key: sayable[key].merge(getattr(base, key), value) for key, value in said.items() if value is not None}
    return replace(base, **merged)


def _read(name: str, value: str, problems: Problems) -> Any:
    return problems.caught((name,), lambda: RULES[name](value))


def _unknown(labels: Mapping[str, str], problems: Problems) -> None:
    for name in labels:
        if name.startswith(PREFIX) and name not in RULES and not name.startswith(CHECK):
            problems.add((name,), f"is not known{did_you_mean(name, RULES)}; allowed: {', '.join(sorted(RULES))}")


def _described(
    settings: Settings,
    service: ServiceSettings,
    labels: Mapping[str, str],
    problems: Problems,
    *,
    key: ServiceKey,
    taken: set[str],
) -> list[Check]:
    """The checks that labels describe; one with a mistake is left out as a whole, lest it ask something else."""
    tables: dict[str, dict[str, Any]] = {}
    for label in sorted(labels):
        name, _, said = label.removeprefix(CHECK).rpartition(".")
        if label.startswith(CHECK):
            tables.setdefault(name, {})[said.replace("-", "_")] = labels[label]
    checks: list[Check] = []
    for name, table in tables.items():
        check = _described_check(name, table, settings, service, problems)
        if check is not None and check.vantage is not None:
            if check.vantage not in {key, ServiceKey(key.project, key.name), ServiceKey("", key.name)}:
                wrong = f"{quoted(str(check.vantage))} is another service's network"
                problems.add((f"{CHECK}{name}.from",), f"{wrong}; allowed: {key.name}, whose label it is")
                continue
            check = replace(check, vantage=key)
        unproven = unverifiable(check, service.recovery) if check is not None else None
        if unproven is not None:
            problems.add((f"{CHECK}{name}.heartbeat",), unproven)
            continue
        if name in taken or len(checks) >= _MOST_CHECKS:
            wrong = "is configured already" if name in taken else f"is one too many; allowed: {_MOST_CHECKS}"
            problems.add((CHECK + name,), wrong)
        elif check is not None:
            checks.append(check)
    return checks


def _described_check(
    name: str, table: dict[str, Any], settings: Settings, service: ServiceSettings, problems: Problems
) -> Check | None:
    found = Problems()
    for key in table.keys() - BY_LABEL:
        known = [one.replace("_", "-") for one in sorted(BY_LABEL)]
        found.add((key,), f"is no key of a check's label{did_you_mean(key, known)}; allowed: {', '.join(known)}")
    check = None
    if not found.found:
        named = table | {"name": name}
        with of_a_label():
            check = read_check(named, (), found, endpoint=False, interval=settings.interval, health=service.health)
    for problem in found:
        inner = str(problem.path[-1]).replace("_", "-") if problem.path else ""
        problems.add((f"{CHECK}{name}.{inner}" if inner else CHECK + name,), problem.sentence)
    return check
