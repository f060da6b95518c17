"""How the prober of heartbeats learns who called in."""

from __future__ import annotations

from typing import Protocol

from watchdog.model.observation import Check
from watchdog.policy.heartbeat import Reading


class Beats(Protocol):
    """The calls that were heard."""

    def reading(self, check: Check) -> Reading:
        """What they mean for a check that asks for a heartbeat, now."""
        ...
