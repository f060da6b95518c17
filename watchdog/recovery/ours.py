"""Which engine events are the echo of our own calls."""

from __future__ import annotations

from watchdog.policy.discovery import is_own_name

ECHO = 10.0
"""Seconds after our last call on a container within which events of it are awaited that the call has caused."""
AFTERMATH = 0.2
"""Seconds after the end of a call in which the engine may still stamp such an event; later ones are somebody else's."""


class OwnActions:
    """Containers that watchdog is working on, or was a moment ago. Times are steady seconds."""

    def __init__(self) -> None:
        self._released: dict[str, float] = {}

    def hold(self, container: str) -> None:
        self._released[container] = float("inf")

    def release(self, container: str, now: float) -> None:
        self._released[container] = now
        self._released = {held: released for held, released in self._released.items() if released + ECHO > now}

    def holds(self, container: str, name: str, now: float, stamped_at: float) -> bool:
        """Whether an event of that container that the engine stamped then, and that is heard now, is our doing."""
        released = self._released.get(container, float("-inf"))
        return is_own_name(name) or (now < released + ECHO and stamped_at <= released + AFTERMATH)
