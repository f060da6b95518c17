"""Snapshots, incidents and recovery events that the scripted daemon and the scripted look answer with."""

from __future__ import annotations

from typing import Any

from watchdog.model.health import Health, Status
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict
from watchdog.model.snapshot import AbsenceNotJudged, EndpointStatus, ServiceStatus, Snapshot

CHECKED_AT = 1_700_000_000.0


def snapshot(status: Status = Status.OK, *, absent: bool = False, engine_up: bool = True) -> Snapshot:
    """Two services: db is healthy; webui is as the status says, and has an endpoint."""
    health, verdict, reason = {
        Status.OK: (Health.HEALTHY, Verdict.PASS, "running, endpoint answers 200"),
        Status.WARNING: (Health.STARTING, Verdict.UNKNOWN, "running for 1 s"),
        Status.CRITICAL: (Health.MISSING, Verdict.FAIL, "its container was removed"),
        Status.UNKNOWN: (Health.UNKNOWN, Verdict.UNKNOWN, "the engine does not answer"),
    }[status]
    missing = ServiceKey("shop", "cron")
    return Snapshot(
        status=status,
        score=0.5 if status is Status.CRITICAL else 1.0,
        checked_at=CHECKED_AT,
        engine_up=engine_up,
        engine="engine lab answers" if engine_up else "the engine at unix:///nowhere does not answer",
        services=(
            ServiceStatus(service=ServiceKey("shop", "db"), health=Health.HEALTHY, score=1.0, reason="running"),
            ServiceStatus(
                service=ServiceKey("shop", "webui"),
                health=health,
                score=0.0 if health is Health.MISSING else 1.0,
                reason=reason,
                incident=7 if health is Health.MISSING else None,
            ),
        ),
        endpoints=(
            EndpointStatus(
                name="front",
                target="http://127.0.0.1:1/",
                verdict=verdict,
                reason="connection refused" if verdict is Verdict.FAIL else "200 OK",
                seconds=0.012,
                at=CHECKED_AT,
            ),
        ),
        absence_not_judged=(AbsenceNotJudged(service=missing, reason="stopped at first sight"),) if absent else (),
        incidents_open=1 if status is Status.CRITICAL else 0,
        ledger_head="ab" * 32,
    )


def incident(number: int, *, closed: bool) -> dict[str, Any]:
    return {
        "id": number,
        "subject": "shop/webui",
        "cause": "missing",
        "severity": "critical",
        "summary": "webui was removed and nothing replaced it",
        "failed_at": "2026-01-02T03:04:05.000Z",
        "failed_at_is_bound": not closed,
        "detected_at": "2026-01-02T03:04:05.010Z",
        "recovered_at": "2026-01-02T03:04:15.300Z" if closed else None,
        "closed_at": "2026-01-02T03:04:16.000Z" if closed else None,
        "flapping": not closed,
    }


def timeline(number: int) -> dict[str, Any]:
    row = {
        "seq": 41,
        "hash": "cd" * 32,
        "at": "2026-01-02T03:04:15.000Z",
        "kind": "intent",
        "subject": "shop/webui",
        "sentence": "recreate shop/webui: it was removed",
        "incident": number,
        "payload": {"rung": "recreate"},
    }
    return {"incident": incident(number, closed=True), "timeline": [row]}


def result(name: str, outcome: str) -> dict[str, Any]:
    return {
        "event": "result",
        "project": "shop",
        "name": name,
        "outcome": outcome,
        "action": "recreate" if outcome != "healthy" else None,
        "attempts": 1 if outcome != "healthy" else 0,
        "seconds": 0.25 if outcome != "healthy" else 0.0,
        "reason": {"recovered": "verified over HTTP", "healthy": "already healthy"}.get(outcome, "it exits with 1"),
        "incident": 7 if outcome != "healthy" else None,
    }


def progress(name: str, sentence: str) -> dict[str, Any]:
    return {"event": "progress", "service": f"shop/{name}", "sentence": sentence, "at": "2026-01-02T03:04:15.000Z"}


def order(*names: str) -> dict[str, Any]:
    return {"event": "order", "services": [f"shop/{name}" for name in names]}


def plan(name: str) -> dict[str, Any]:
    text = f"recreate shop/{name}: it was removed\n  1. create shop-{name}-1 from spec 0123456789ab, image fedcba987654"
    return {"event": "plan", "service": f"shop/{name}", "text": text}
