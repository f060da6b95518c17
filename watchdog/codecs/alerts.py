"""What is kept of alerts that wait for their receivers, or that somebody was told."""

from __future__ import annotations

from typing import Final

from watchdog.codecs.shape import AS_IS, Key, Shape, several, word
from watchdog.model.alert import Alert
from watchdog.model.record import Severity

ALERT: Final = Shape(
    Alert,
    "key",
    Key("severity", word(Severity)),
    "subject",
    "summary",
    "at",
    "incident",
    "resolved",
    "command",
    "project",
    "labels",
    "owner",
    "since",
    "root",
    Key("dependents", several(AS_IS), always=True),
    Key("tried", several(AS_IS), always=True),
    "todo",
    "runbook",
    "plan",
    Key("evidence", several(AS_IS)),
    "flapping",
    "reminder",
)
