"""What operators want: commands that wait for their end, approvals, silences."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.daemon.state.commands import PendingCommands
from watchdog.model.alerting import Silence
from watchdog.model.approval import Approval
from watchdog.model.identity import ServiceKey


@dataclass(slots=True)
class OperatorState:
    commands: PendingCommands = field(default_factory=PendingCommands)
    approvals: dict[ServiceKey, Approval] = field(default_factory=dict[ServiceKey, Approval])
    """Requests that wait for an operator's word, or have it and are not used yet."""
    silences: dict[str, Silence] = field(default_factory=dict[str, Silence])
    """By `Silence.key`; those that are over go with the next look at the alerts."""
    commands_only: str | None = None
    """Why nothing is done unless an operator commands it; None in a daemon that acts by itself."""
