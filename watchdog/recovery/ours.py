"""Which engine events are the echo of our own calls."""

from __future__ import annotations

from watchdog.policy.discovery import is_own_name

ECHO = 10.0
"""Seconds for which events of a container still count as ours after our last call on it."""


class Ours:
    """Containers that watchdog is working on, or was a moment ago. Times are steady seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def hold(self, container: str) -> None:
        self._until[container] = float("inf")

    def release(self, container: str, now: float) -> None:
        self._until[container] = now + ECHO
        self._until = {held: until for held, until in self._until.items() if until > now}

    def holds(self, container: str, name: str, now: float) -> bool:
        return is_own_name(name) or self._until.get(container, 0.0) > now
