"""Ledger values as JSON, as the API and the command line show them. The shape is a contract: `docs/api.md`."""

from __future__ import annotations

from typing import Any

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
