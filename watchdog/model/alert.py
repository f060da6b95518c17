"""What a person is told."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.record import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`key` is the same for an alert and its resolution, and stable over retries. `at` is Unix seconds."""

    key: str
    severity: Severity
    subject: str
    summary: str
    """What is broken since when, what was tried with what result, what to do now."""
    at: float
    incident: int | None = None
    resolved: bool = False
    command: str = ""
    """The command that shows the evidence."""
