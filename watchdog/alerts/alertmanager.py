"""Alerts to Prometheus' Alertmanager by its API v2, which then groups, silences and routes them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from watchdog.alerts.message import alert_json, text
from watchdog.alerts.posting import Poster
from watchdog.model.alert import Alert
from watchdog.model.settings import ReceiverSettings
from watchdog.model.snapshot import timestamp

HOLDS: Final = 86400.0
"""Seconds for which an alert fires without being heard of again.

Clients of Alertmanager send what fires every minute or so (https://prometheus.io/docs/alerting/latest/clients/), for it
keeps alerts in memory only. Prometheus lets them end after four such minutes. Here nothing is called resolved that was
not seen to be so: not because watchdog was away for an hour, either.
"""
BRIEF: Final = 300.0
"""The same for an information, whose end nobody will tell."""
_NAME: Final = re.compile(r"[^a-zA-Z0-9_]")


def make(settings: ReceiverSettings) -> AlertmanagerReceiver:
    return AlertmanagerReceiver(settings)


class AlertmanagerReceiver:
    """Alertmanager knows an alert by its labels: one whose severity changed is another one there."""

    def __init__(self, settings: ReceiverSettings) -> None:
        url = f"{settings.address.rstrip('/')}/api/v2/alerts"
        self._poster = Poster("Alertmanager", url, settings.timeout)
        self._token = settings.token

    async def deliver(self, alert: Alert, told: Alert | None) -> None:
        """The resolution ends what was told; what was told under other labels ends with the new one."""
        now = time.time()
        begun = told or alert
        if alert.resolved:
            await self._post([_ended(begun, alert, now)])
        elif labels_of(begun) != labels_of(alert):
            await self._post([_ended(begun, begun, now), _firing(alert, now)])
        else:
            await self._post([_firing(alert, now)])

    async def repeat(self, alerts: Collection[Alert]) -> None:
        now = time.time()
        await self._post(_firing(alert, now) for alert in alerts)

    async def _post(self, alerts: Iterable[Mapping[str, Any]]) -> None:
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        await self._poster.request("POST", content=json.dumps(list(alerts)).encode(), headers=headers)


def labels_of(alert: Alert) -> dict[str, str]:
    """Its own labels under names that every Alertmanager takes, and what routes need; empty ones count as none."""
    said = alert_json(alert)
    labels = {_NAME.sub("_", name): value for name, value in said["labels"].items()}
    labels = {f"_{name}" if name[:1].isdigit() else name: value for name, value in labels.items() if name}
    labels |= {
        "alertname": "WatchdogIncident",
        "key": alert.key,
        "severity": alert.severity.value,
        "subject": said["subject"],
        "project": said["project"],
        "owner": said["owner"],
    }
    return {name: value for name, value in labels.items() if value}


def _firing(alert: Alert, now: float) -> dict[str, Any]:
    return _posted(alert, alert, ends_at=now + (HOLDS if alert.lasts else BRIEF))


def _ended(begun: Alert, says: Alert, now: float) -> dict[str, Any]:
    return _posted(begun, says, ends_at=now)


def _posted(begun: Alert, says: Alert, *, ends_at: float) -> dict[str, Any]:
    starts_at = begun.at if begun.since is None else begun.since
    annotations = {"summary": alert_json(says)["summary"], "description": text(says), "runbook_url": says.runbook}
    return {
        "labels": labels_of(begun),
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": timestamp(min(starts_at, ends_at)),
        "endsAt": timestamp(ends_at),
    }
