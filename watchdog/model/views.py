"""Ledger values as JSON, as the API and the command line show them. The shape is a contract: `docs/api.md`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from watchdog.model.deployment import Deployment, GateResult
from watchdog.model.observation import Exchange, StepSeen
from watchdog.model.record import Incident, Row
from watchdog.model.snapshot import timestamp


def incident_json(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "subject": incident.subject,
        "cause": incident.cause.value,
        "severity": incident.severity.value,
        "summary": incident.summary,
        "failed_at": timestamp(incident.failed_at),
        "failed_at_is_bound": incident.failed_at_is_bound,
        "detected_at": timestamp(incident.detected_at),
        "recovered_at": timestamp(incident.recovered_at) if incident.recovered_at is not None else None,
        "closed_at": timestamp(incident.closed_at) if incident.closed_at is not None else None,
        "flapping": incident.flapping,
    }


def steps_json(steps: Iterable[StepSeen]) -> list[dict[str, Any]]:
    """What became of a journey step by step, as evidence."""
    return [
        {
            "step": step.name,
            "verdict": step.verdict.value,
            "reason": step.reason,
            "service": str(step.service) if step.service is not None else None,
            "seconds": round(step.seconds, 6),
            "attempts": step.attempts,
            "captured": list(step.captured),
            "exchanges": [exchange_json(exchange) for exchange in step.exchanges],
        }
        for step in steps
    ]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": exchange.url,
        "sent": dict(exchange.sent),
        "body": exchange.body,
        "status": exchange.status,
        "received": dict(exchange.received),
        "answer": exchange.answer,
        "seconds": round(exchange.seconds, 6),
    }


def row_json(row: Row) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "hash": row.hash,
        "at": timestamp(row.entry.at),
        "kind": row.entry.kind.value,
        "subject": row.entry.subject,
        "sentence": row.entry.sentence,
        "incident": row.entry.incident,
        "payload": dict(row.entry.payload),
    }


def gate_json(result: GateResult) -> dict[str, Any]:
    return {
        "gate": result.gate.value,
        "passed": result.passed,
        "seconds": round(result.seconds, 3),
        "sentence": result.sentence,
        "proofs": [{"subject": one.subject, "passed": one.passed, "sentence": one.sentence} for one in result.proofs],
    }


def deployment_json(deployment: Deployment) -> dict[str, Any]:
    return {
        "id": deployment.id,
        "stage": deployment.stage.value,
        "exit_code": deployment.stage.exit_code,
        "by": deployment.by,
        "reason": deployment.reason,
        "command": list(deployment.command),
        "scope": str(deployment.scope),
        "services": [str(one.service) for one in deployment.before],
        "retire": [str(key) for key in deployment.retire],
        "excused": list(deployment.excused),
        "touched": list(deployment.touched),
        "downtime_seconds": {name: round(seconds, 3) for name, seconds in deployment.downtime.items()},
        "began_at": timestamp(deployment.began_at),
        "ended_at": timestamp(deployment.ended_at) if deployment.ended_at is not None else None,
        "because": deployment.because,
    }
