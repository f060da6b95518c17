"""An alert as every receiver gets it. The shape is a contract: `docs/api.md`."""

from __future__ import annotations

from typing import Any, Final

from watchdog.model.alert import Alert
from watchdog.model.snapshot import timestamp

_SUBJECT_LENGTH: Final = 300
_SUMMARY_LENGTH: Final = 4000


def state(alert: Alert) -> str:
    """Alertmanager's words: `firing`, and `resolved` for what ends it."""
    return "resolved" if alert.resolved else "firing"


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
    }
