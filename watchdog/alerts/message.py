"""An alert as every receiver gets it. The shape is a contract: `docs/api.md`."""

from __future__ import annotations

from typing import Any, Final

from watchdog.model.alert import Alert
from watchdog.model.snapshot import timestamp

_SUBJECT_LENGTH: Final = 300
_SUMMARY_LENGTH: Final = 4000
_PLAN_LENGTH: Final = 10_000
_LABEL_LENGTH: Final = 200
_MOST: Final = 50
"""Labels, dependents and things that were tried."""


def state(alert: Alert) -> str:
    """Alertmanager's words: `firing`, and `resolved` for what ends it."""
    return "resolved" if alert.resolved else "firing"


def identity(alert: Alert) -> str:
    """Of the message: the same over retries, another for each reminder, escalation and relapse."""
    return f"{alert.key}:{state(alert)}:{alert.reminder}:{timestamp(alert.at)}"


def alert_json(alert: Alert) -> dict[str, Any]:
    return {
        "key": alert.key,
        "state": state(alert),
        "severity": alert.severity.value,
        "subject": alert.subject[:_SUBJECT_LENGTH],
        "summary": alert.summary[:_SUMMARY_LENGTH],
        "at": timestamp(alert.at),
        "incident": alert.incident,
        "command": alert.command,
        "project": alert.project[:_LABEL_LENGTH],
        "labels": {name[:_LABEL_LENGTH]: value[:_LABEL_LENGTH] for name, value in list(alert.labels.items())[:_MOST]},
        "owner": alert.owner[:_LABEL_LENGTH],
        "since": None if alert.since is None else timestamp(alert.since),
        "root": alert.root[:_SUBJECT_LENGTH],
        "dependents": [one[:_SUBJECT_LENGTH] for one in alert.dependents[:_MOST]],
        "tried": [one[:_SUMMARY_LENGTH] for one in alert.tried[-_MOST:]],
        "todo": alert.todo[:_SUMMARY_LENGTH],
        "runbook": alert.runbook,
        "plan": alert.plan[:_PLAN_LENGTH],
        "evidence": [one[:_SUMMARY_LENGTH] for one in alert.evidence[:_MOST]],
        "flapping": alert.flapping,
        "reminder": alert.reminder,
    }


def headline(alert: Alert) -> str:
    """One line, as the subject of a mail."""
    begin = "resolved" if alert.resolved else alert.severity.value
    return f"[{begin}] {alert.subject}"[:_SUBJECT_LENGTH]


def text(alert: Alert) -> str:
    """For people: what is broken since when, what was tried, and what to do now; a line each."""
    said = alert_json(alert)
    lines = [
        said["summary"],
        f"Since {said['since']}." if alert.since is not None else "",
        f"It follows from {said['root']}." if alert.root else "",
        f"Waiting for it: {', '.join(said['dependents'])}." if alert.dependents else "",
        *(f"Tried: {one}" for one in said["tried"]),
        *(f"Seen: {one}" for one in said["evidence"]),
        f"Plan: {said['plan']}" if alert.plan else "",
        f"To do: {said['todo']}" if alert.todo else "",
        f"Runbook: {alert.runbook}" if alert.runbook else "",
        f"Evidence: {alert.command}" if alert.command else "",
    ]
    return "\n".join(line for line in lines if line)
