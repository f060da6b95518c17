"""A check as written → the frozen value that probes are asked with."""

from __future__ import annotations

from typing import Any, Final

from watchdog.config import addresses
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import Rule
from watchdog.config.schema import CheckSection
from watchdog.config.source import read_secret
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, CheckKind
from watchdog.model.settings import HealthSettings

_CALLED_IN_MODEL: Final = {
    "status": "expect_status",
    "body_matches": "expect_body",
    "headers_match": "expect_headers",
    "max_latency": "max_seconds",
    "redirects": "max_redirects",
}
_SAME_IN_MODEL: Final = frozenset(
    {"method", "body", "max_bytes", "verify_tls", "expiry_warning", "interval", "retry_interval"}
    | {"timeout", "failures", "successes"}
)
_KINDS: Final = {"url": CheckKind.HTTP, "tcp": CheckKind.TCP, "tls": CheckKind.TLS}
_RULES_OF_FILES: Final[dict[str, Rule[str]]] = {
    "webhook": addresses.URL,
    "alertmanager": addresses.URL,
    "ping": addresses.URL,
    "apprise": addresses.APPRISE,
}
_OF_TLS: Final = frozenset({"verify_tls", "expiry_warning"})
_OF_HTTP: Final = _OF_TLS | _CALLED_IN_MODEL.keys() | {"method", "headers", "body", "max_bytes"}
_OF_HTTP_ONLY: Final = _OF_HTTP | {"authorization", "authorization_file"}


def build_check(
    section: CheckSection,
    path: KeyPath,
    problems: Problems,
    *,
    service: ServiceKey | None,
    endpoint: bool,
    interval: float,
    health: HealthSettings,
) -> Check | None:
    """The check; None when its keys contradict each other, which is then among the problems."""
    before = len(problems.found)
    given = section.given()
    asked = [key for key in _KINDS if key in given]
    if len(asked) != 1:
        wrong = f"asks for {' and '.join(asked)}" if asked else "does not say what to ask"
        problems.add(path, f"{wrong}; allowed: exactly one of url, tcp and tls")
        return None
    (kind,) = asked
    _refuse_strangers(kind, given, path, problems)
    timing = _timing(given, path, problems, interval=interval, health=health)
    headers = _headers(given, path, problems)
    if len(problems.found) > before:
        return None
    called = {_CALLED_IN_MODEL[key]: value for key, value in given.items() if key in _CALLED_IN_MODEL}
    same = {key: value for key, value in given.items() if key in _SAME_IN_MODEL}
    return Check(
        **(timing | same | called),
        headers=headers,
        name=section.name,
        kind=_KINDS[kind],
        target=given[kind],
        service=service,
        endpoint=endpoint,
    )


def _refuse_strangers(kind: str, given: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    """A key that this kind of check would ignore is a mistake."""
    stranger = {"url": frozenset[str](), "tls": _OF_HTTP_ONLY - _OF_TLS, "tcp": _OF_HTTP_ONLY}[kind]
    for key in given:
        if key in stranger:
            problems.add(
                (*path, key), f"means nothing for {kind}; allowed: {'url or tls' if key in _OF_TLS else 'url'}"
            )


def _timing(
    given: dict[str, Any], path: KeyPath, problems: Problems, *, interval: float, health: HealthSettings
) -> dict[str, Any]:
    interval = given.get("interval", interval)
    for key in ("timeout", "retry_interval"):
        if given.get(key, 0.0) > interval:
            problems.add((*path, key), f"is longer than the interval ({interval:g} s); allowed: at most the interval")
    default = Check(name="", kind=CheckKind.TCP, target="")
    return {
        "interval": interval,
        "retry_interval": min(health.retry_interval, interval),
        "timeout": min(default.timeout, interval),
        "failures": health.failures,
        "successes": health.successes,
    }


def _headers(given: dict[str, Any], path: KeyPath, problems: Problems) -> dict[str, str]:
    headers: dict[str, str] = given.get("headers", {})
    authorization = secret(given, "authorization", path, problems)
    if authorization is None:
        return headers
    if any(name.lower() == "authorization" for name in headers):
        problems.add((*path, "headers"), "has Authorization too; allowed: one of headers and authorization")
    return headers | {"Authorization": authorization}


def secret(given: dict[str, Any], key: str, path: KeyPath, problems: Problems) -> str | None:
    """The value of a key, or what the file of its `_file` twin holds; None when there is neither, or a problem."""
    file = given.get(f"{key}_file")
    if file is None:
        return given.get(key)
    twin = (*path, f"{key}_file")
    if key in given:
        problems.add(twin, f"stands beside {key}; allowed: one of the two")
        return None
    rule = _RULES_OF_FILES.get(key, addresses.SECRET)
    content = problems.caught(twin, lambda: read_secret(file))
    return None if content is None else problems.caught(twin, lambda: rule(content))
