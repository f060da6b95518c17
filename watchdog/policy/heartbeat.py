"""Whether who should call in does: the deadline that each call moves, and what moves it besides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from watchdog.model.observation import Check
from watchdog.model.probe.reports import HeartbeatProbe

LEAST_AFTER_START: Final = 60.0
"""Seconds that a call may at least take after the daemon's start: one that was made before it is lost."""
MOST_UNWRITTEN: Final = 60.0
"""Seconds that the ledger's last call may be older than the last one that was heard."""


class Pulse(StrEnum):
    CALLED = "called"
    REPORTED = "reported"
    """Its last call said that it failed."""
    SILENT = "silent"
    AWAITED = "awaited"
    """It has not called yet, and still may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """What is known of one heartbeat. Times are steady seconds."""

    since: float
    """When it was first asked for: whoever never called counts from here."""
    called_at: float | None = None
    exit_code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Seconds since the last call, or since one is waited for; and until the deadline, negative behind it."""

    pulse: Pulse
    quiet_for: float
    due_in: float
    heart: Heart


def read_heart(
    heart: Heart, probe: HeartbeatProbe, now: float, *, heard_since: float, born: float, unwritten: float = 0.0
) -> Reading:
    """What the calls so far mean.

    `heard_since` is when the daemon began to hear calls: one that was due while nobody listened has its grace anew, a
    minute at least. `born` is when the container of its service was started (0 where it has none): a call from before
    it proves nothing about it. `unwritten`: how much newer the last call may be than is known here.
    """
    called_at = heart.called_at if heart.called_at is not None and heart.called_at >= born else None
    begin = called_at if called_at is not None else max(heart.since, born)
    deadline = begin + probe.heartbeat + probe.grace + unwritten
    if begin < heard_since:
        deadline = max(deadline, heard_since + max(probe.grace, LEAST_AFTER_START))
    if called_at is not None and heart.exit_code:
        pulse = Pulse.REPORTED
    elif now >= deadline:
        pulse = Pulse.SILENT
    elif called_at is not None and now < begin + probe.heartbeat + probe.grace:
        pulse = Pulse.CALLED
    else:
        pulse = Pulse.AWAITED
    return Reading(pulse=pulse, quiet_for=max(0.0, now - begin), due_in=deadline - now, heart=heart)


def may_stay_unwritten(period: float) -> float:
    """Seconds for which a call of that period need not be on the disk: a flood is no flood of writes."""
    return max(1.0, min(MOST_UNWRITTEN, period / 10))


def heartbeat_name(check: Check) -> str:
    """What it is called in by: an endpoint by its name, a check of a service by `PROJECT/SERVICE/CHECK`."""
    return check.name if check.endpoint or check.service is None else f"{check.service}/{check.name}"
