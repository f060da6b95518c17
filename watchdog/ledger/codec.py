"""Records, incidents, specs, alerts and rows as JSON text, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, cast

from watchdog.model.alert import Alert
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Before, Deployment, Limits, Scope, Stage
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import (
    Attempt,
    Baseline,
    Desired,
    Entry,
    EntryKind,
    Incident,
    Outcome,
    Pause,
    Row,
    Rung,
    ServiceRecord,
    Severity,
)


def storable(text: str) -> str:
    """Text as SQLite can keep it: what UTF-8 cannot say (undecodable bytes of a name) is spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def dump(value: ServiceRecord | Incident | ContainerSpec | Alert | Deployment) -> str:
    """Keeps the order of keys: a spec's first network is its primary one."""
    return json.dumps(value, default=_plain, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} is no JSON")


def answered_intent(payload: Mapping[str, Any]) -> int | None:
    """The row of the intent that an OUTCOME with this payload ends."""
    intent = payload.get("intent")
    return intent if isinstance(intent, int) else None


def load_record(text: str) -> ServiceRecord:
    """Raises ValueError, TypeError or KeyError for anything that `dump` did not write."""
    raw = _read(text)
    raw |= {
        "service": ServiceKey(**raw["service"]),
        "desired": Desired(raw["desired"]),
        "baselines": tuple(Baseline(**baseline) for baseline in raw["baselines"]),
        "attempts": tuple(_load_attempt(attempt) for attempt in raw["attempts"]),
        "pause": Pause(**raw["pause"]) if raw["pause"] else None,
        "compose_files": tuple(raw["compose_files"]),
        "depends_on": tuple(raw["depends_on"]),
    }
    return ServiceRecord(**raw)


def _load_attempt(raw: dict[str, Any]) -> Attempt:
    raw |= {"rung": Rung(raw["rung"]), "outcome": Outcome(raw["outcome"])}
    return Attempt(**raw)


def load_incident(text: str) -> Incident:
    """Raises ValueError, TypeError or KeyError for anything that `dump` did not write."""
    raw = _read(text)
    raw |= {"cause": Cause(raw["cause"]), "severity": Severity(raw["severity"])}
    return Incident(**raw)


def load_deployment(text: str) -> Deployment:
    """Raises ValueError, TypeError or KeyError for anything that `dump` did not write."""
    raw = _read(text)
    scope = raw["scope"]
    raw |= {
        "stage": Stage(raw["stage"]),
        "command": tuple(raw["command"]),
        "scope": Scope(services=_load_keys(scope["services"]), projects=tuple(scope["projects"])),
        "limits": Limits(**raw["limits"]),
        "retire": _load_keys(raw["retire"]),
        "excused": tuple(raw["excused"]),
        "before": tuple(_load_before(one) for one in raw["before"]),
        "others": tuple(raw["others"]),
        "failing": tuple(raw["failing"]),
        "left": _load_keys(raw["left"]),
        "touched": tuple(raw["touched"]),
    }
    return Deployment(**raw)


def _load_before(raw: dict[str, Any]) -> Before:
    raw |= {"service": ServiceKey(**raw["service"])}
    return Before(**raw)


def _load_keys(raw: list[dict[str, Any]]) -> tuple[ServiceKey, ...]:
    return tuple(ServiceKey(**one) for one in raw)


def load_alert(text: str) -> Alert:
    """Raises ValueError, TypeError or KeyError for anything that `dump` did not write."""
    raw = _read(text)
    raw |= {
        "severity": Severity(raw["severity"]),
        "dependents": tuple(raw["dependents"]),
        "tried": tuple(raw["tried"]),
        "evidence": tuple(raw.get("evidence", ())),  # one that an older version queued has none
    }
    return Alert(**raw)


def load_spec(text: str) -> ContainerSpec:
    """Raises ValueError, TypeError or KeyError for anything that `dump` did not write."""
    raw = _read(text)
    raw["unfaithful"] = tuple(raw["unfaithful"])
    return ContainerSpec(**raw)


def _read(text: str) -> dict[str, Any]:
    return json.loads(text)


def load_row(stored: tuple[Any, ...]) -> Row:
    """From the columns of `queries.ROW`; raises ValueError or TypeError for a row that nobody here wrote."""
    seq, digest, at, kind, subject, sentence, incident, payload = stored
    entry = Entry(
        at=at, kind=EntryKind(kind), subject=subject, sentence=sentence, incident=incident, payload=json.loads(payload)
    )
    return Row(seq=seq, hash=digest, entry=entry)
