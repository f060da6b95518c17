"""The bounded queue before one receiver."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from watchdog.model.alert import Alert
from watchdog.model.record import Severity

CAPACITY: Final = 1000

_LEAST_FIRST: Final = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


class Mailbox:
    """First in, first out. When it is full the least important gives way: info first, resolutions last."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: deque[Alert] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, alert: Alert) -> Alert | None:
        """Never blocks; returns the alert that had to give way, if any."""
        self._waiting.append(alert)
        self._filled.set()
        if len(self._waiting) <= self._capacity:
            return None
        place = min(range(len(self._waiting)), key=lambda place: _importance(self._waiting[place]))
        dropped = self._waiting[place]
        del self._waiting[place]
        return dropped

    async def take(self) -> Alert:
        """The oldest, as soon as there is one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popleft()

    def clear(self) -> int:
        """Throws away what waits; returns how many that were."""
        count = len(self._waiting)
        self._waiting.clear()
        return count


def _importance(alert: Alert) -> tuple[bool, int]:
    return alert.resolved, _LEAST_FIRST.index(alert.severity)
