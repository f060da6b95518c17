"""What was written → the frozen `Settings`; judges each table alone, then all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from watchdog.config.checks import read_check, secret, unverifiable
from watchdog.config.deployments import read_deploy
from watchdog.config.journeys import read_journey
from watchdog.config.maintenance import read_maintenance
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems, did_you_mean
from watchdog.config.receivers import read_receivers
from watchdog.config.routes import read_routes
from watchdog.config.rules import is_table, quoted
from watchdog.config.schema import SECTIONS, AlertSection, File, HealthSection, ServiceRecoverySection, ServiceSection
from watchdog.config.tables import items, valid_keys, valid_part
from watchdog.config.validators import read_validators
from watchdog.model.api import ApiSettings
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.settings import (
    AlertSettings,
    DiscoverySettings,
    EngineSettings,
    HealthSettings,
    ObserverSettings,
    RecoverySettings,
    ServiceSettings,
    Settings,
    StateSettings,
)
from watchdog.policy.graph import cycle_in, edges

_APART: Final = frozenset({"name", "project", "health", "recovery", "check"})
"""Keys of `[[service]]` that are read by themselves; every other is a field of `ServiceSettings`."""


def build(values: Mapping[str, Any], source: Path | None, problems: Problems) -> Settings:
    """The settings, valid only when nothing was added to the problems."""
    for name in values.keys() - File.model_fields.keys():
        known = File.model_fields
        problems.add((name,), f"is not known{did_you_mean(name, known)}; allowed: {', '.join(known)}")
    read = {name: valid_keys(model, values.get(name), (name,), problems) for name, model in SECTIONS.items()}
    defaults = Settings()
    health = _health(defaults.health, read["health"], ("health",), problems)
    recovery = _recovery(defaults.recovery, read["recovery"], ("recovery",), problems)
    settings = Settings(
        engine=replace(EngineSettings(), **read["engine"]),
        discovery=replace(DiscoverySettings(), **read["discovery"]),
        interval=read["watch"].get("interval", defaults.interval),
        health=health,
        recovery=recovery,
        api=_api(read["api"]),
        state=replace(StateSettings(), **read["state"]),
        alert=_alert(values, read["alert"], problems),
        maintenance=read_maintenance(values, problems),
        deploy=read_deploy(values, read["deploy"], problems),
        validators=read_validators(values, problems),
        observer=replace(ObserverSettings(), **read["observer"]),
        source=source,
    )
    services = [_service(path, raw, settings, problems) for path, raw in items(values, "service", (), problems)]
    endpoints = [_endpoint(path, raw, settings, problems) for path, raw in items(values, "endpoint", (), problems)]
    journeys = [_journey(path, raw, settings, problems) for path, raw in items(values, "journey", (), problems)]
    _judge_together([one for one in services if one], [one for one in endpoints if one], recovery, problems)
    _refuse_taken_names([one for one in journeys if one], services, endpoints, problems)
    return replace(
        settings,
        services=tuple(one[1:] for one in services if one),
        endpoints=tuple(one[1] for one in endpoints if one),
        journeys=tuple(one[1] for one in journeys if one),
    )


def _health(base: HealthSettings, given: dict[str, Any], path: KeyPath, problems: Problems) -> HealthSettings:
    merged = replace(base, **given)
    wrong = {(*path, "flap_low"), (*path, "flap_high")} & problems.found.keys()
    if merged.flap_low > merged.flap_high and not wrong:
        key = "flap_low" if "flap_low" in given else "flap_high"
        more = f"flap_low ({merged.flap_low:g}) is more than flap_high ({merged.flap_high:g})"
        problems.add((*path, key), f"{more}; allowed: flap_low ≤ flap_high")
    return merged


def _recovery(base: RecoverySettings, given: dict[str, Any], path: KeyPath, problems: Problems) -> RecoverySettings:
    merged = replace(base, **given)
    for low, high in (("absence_grace", "absence_max"), ("backoff", "backoff_max")):
        wrong = {(*path, low), (*path, high)} & problems.found.keys()
        if getattr(merged, low) > getattr(merged, high) and given.keys() & {low, high} and not wrong:
            key = low if low in given else high
            longer = f"{low} ({getattr(merged, low):g} s) is longer than {high} ({getattr(merged, high):g} s)"
            problems.add((*path, key), f"{longer}; allowed: {low} ≤ {high}")
    return merged


def _api(given: dict[str, Any]) -> ApiSettings:
    settings = ApiSettings()
    host, port = given.get("listen", (settings.host, settings.port))
    return ApiSettings(host=host, port=port, socket=given.get("socket", settings.socket))


def _alert(values: Mapping[str, Any], given: dict[str, Any], problems: Problems) -> AlertSettings:
    apart = {"ping", "ping_file", "receiver", "route"}
    own = {key: value for key, value in given.items() if key not in apart}
    settings = replace(AlertSettings(), ping=secret(AlertSection, given, "ping", ("alert",), problems), **own)
    table = is_table(values.get("alert")) or {}
    receivers = read_receivers(table, problems, timeout=settings.timeout)
    return replace(settings, receivers=receivers, routes=read_routes(table, receivers, problems))


def unconfigured(settings: Settings) -> ServiceSettings:
    """A service of which nothing is said."""
    return ServiceSettings(
        health=settings.health, recovery=settings.recovery, critical_after=settings.alert.critical_after
    )


def _service(
    path: KeyPath, raw: Any, settings: Settings, problems: Problems
) -> tuple[KeyPath, ServiceKey, ServiceSettings] | None:
    section = valid_part(ServiceSection, raw, path, problems)
    table = is_table(raw)
    if table is None:
        return None
    health_path, recovery_path = (*path, "health"), (*path, "recovery")
    given_health = valid_keys(HealthSection, table.get("health"), health_path, problems)
    health = _health(settings.health, given_health, health_path, problems)
    overrides = valid_keys(ServiceRecoverySection, table.get("recovery"), recovery_path, problems)
    recovery = _recovery(settings.recovery, overrides, recovery_path, problems)
    key = ServiceKey(section.project or "", section.name) if section else None
    shape = replace(unconfigured(settings), configured=True, health=health, recovery=recovery)
    checks = _checks(path, table, problems, key=key, interval=settings.interval, service=shape)
    if section is None or key is None:
        return None
    given = {name: value for name, value in section.given().items() if name not in _APART}
    return path, key, replace(shape, checks=checks, **given)


def _checks(
    path: KeyPath,
    table: dict[str, Any],
    problems: Problems,
    *,
    key: ServiceKey | None,
    interval: float,
    service: ServiceSettings,
) -> tuple[Check, ...]:
    found: dict[str, Check] = {}
    for place, raw in items(table, "check", path, problems):
        check = read_check(raw, place, problems, service=key, endpoint=False, interval=interval, health=service.health)
        if check is not None and check.name in found:
            problems.add(
                (*place, "name"), f"{quoted(check.name)} is used twice; allowed: one check of a name in a service"
            )
        elif check is not None:
            found[check.name] = check
            wrong = unverifiable(check, service.recovery)
            if wrong is not None:
                problems.add((*place, "heartbeat"), wrong)
    return tuple(found.values())


def _endpoint(path: KeyPath, raw: Any, settings: Settings, problems: Problems) -> tuple[KeyPath, Check] | None:
    check = read_check(raw, path, problems, endpoint=True, interval=settings.interval, health=settings.health)
    return None if check is None else (path, check)


def _journey(path: KeyPath, raw: Any, settings: Settings, problems: Problems) -> tuple[KeyPath, Check] | None:
    check = read_journey(raw, path, problems, interval=settings.interval, health=settings.health)
    return None if check is None else (path, check)


def _refuse_taken_names(
    journeys: list[tuple[KeyPath, Check]],
    services: list[tuple[KeyPath, ServiceKey, ServiceSettings] | None],
    endpoints: list[tuple[KeyPath, Check] | None],
    problems: Problems,
) -> None:
    """Journeys, endpoints and checks are told by their names."""
    taken = {one[1].name: "an endpoint" for one in endpoints if one}
    taken |= {check.name: f"a check of {one[1]}" for one in services if one for check in one[2].checks}
    for path, journey in journeys:
        if journey.name in taken:
            problems.add((*path, "name"), f"{quoted(journey.name)} is {taken[journey.name]} too; allowed: another name")
        taken[journey.name] = "a journey"


def _judge_together(
    services: list[tuple[KeyPath, ServiceKey, ServiceSettings]],
    endpoints: list[tuple[KeyPath, Check]],
    recovery: RecoverySettings,
    problems: Problems,
) -> None:
    known: set[ServiceKey] = set()
    for path, key, _ in services:
        if key in known:
            problems.add((*path, "name"), f"{quoted(str(key))} is configured twice; allowed: one [[service]] of a name")
        known.add(key)
    names: set[str] = set()
    for path, endpoint in endpoints:
        if endpoint.name in names:
            problems.add((*path, "name"), f"{quoted(endpoint.name)} is used twice; allowed: one [[endpoint]] of a name")
        names.add(endpoint.name)
        its = [service.recovery for _, key, service in services if endpoint.service and covers(key, endpoint.service)]
        wrong = unverifiable(endpoint, (its or [recovery])[0])
        if wrong is not None:
            problems.add((*path, "heartbeat"), wrong)
        for _, key, service in services:
            if endpoint.service and covers(key, endpoint.service) and endpoint.name in {c.name for c in service.checks}:
                wrong = f"{quoted(endpoint.name)} is a check of {key} too"
                problems.add((*path, "name"), f"{wrong}; allowed: another name for one of the two")
    _refuse_cycles(services, problems)


def covers(pattern: ServiceKey, key: ServiceKey) -> bool:
    """Whether a configured key means this service: a key without project means the name in any project."""
    return pattern.name == key.name and pattern.project in {"", key.project}


def _refuse_cycles(services: list[tuple[KeyPath, ServiceKey, ServiceSettings]], problems: Problems) -> None:
    paths = {key: path for path, key, _ in services}
    needs = {key: service.depends_on for _, key, service in services}
    for key, names in needs.items():
        if {key.name, str(key)} & set(names):
            problems.add((*paths[key], "depends_on"), f"{key} → {key} is a cycle; allowed: other services")
    graph = edges(needs)
    while cycle := cycle_in(graph):
        spelled = " → ".join(str(key) for key in cycle)
        problems.add(
            (*paths[cycle[0]], "depends_on"), f"{spelled} is a cycle; allowed: an order in which to start them"
        )
        graph[cycle[0]] -= {cycle[1]}
