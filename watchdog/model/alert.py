"""What a person is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdog.model.record import Severity

FILES: Final = "files"
"""The receiver that is always there: the files in the state directory. No configured one may have this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """`key` is the same for an alert, its reminders and its resolution, and stable over retries.

    `at` is when it was decided (Unix seconds).
    """

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
    project: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str = ""
    since: float | None = None
    """Since when it is broken (Unix seconds)."""
    root: str = ""
    """The subject that failed first, where this one only follows from it."""
    dependents: tuple[str, ...] = ()
    """What waits for the subject."""
    tried: tuple[str, ...] = ()
    """What was done about it with what result, a sentence each, oldest first."""
    todo: str = ""
    """What a person should do now."""
    runbook: str = ""
    """The link to the page that says how."""
    plan: str = ""
    """What waits for a person's approval, as it is printed."""
    evidence: tuple[str, ...] = ()
    """What speaks for it, a sentence each."""
    flapping: bool = False
    reminder: int = 0
    """How often it was said before."""

    @property
    def lasts(self) -> bool:
        """Whether its end will be told: an information is over when it is told."""
        return not self.resolved and self.severity is not Severity.INFO


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert for one receiver: its name in the configuration, or FILES."""

    receiver: str
    alert: Alert


@dataclass(frozen=True, slots=True)
class Queued:
    """A notice that waits in the ledger. Numbers grow in the order of the decisions; 0 was never written."""

    id: int
    notice: Notice
