"""What waits before one receiver and is in memory: the head of its queue."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from watchdog.model.alert import Alert, Queued


@dataclass(slots=True)
class Carried:
    """A notice on its way, and how often it was tried."""

    queued: Queued
    tries: int = 0

    @property
    def alert(self) -> Alert:
        return self.queued.notice.alert


class RetryQueue:
    """First in, first out, but for what is moved to the back; two notices with one key never change places."""

    def __init__(self) -> None:
        self._waiting: deque[Carried] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, queued: Queued) -> None:
        self._waiting.append(Carried(queued))

    @property
    def head(self) -> Carried:
        """Raises IndexError when nobody waits."""
        return self._waiting[0]

    def keys(self) -> set[str]:
        return {one.alert.key for one in self._waiting}

    def pop(self) -> None:
        """The head is done."""
        self._waiting.popleft()

    def move_to_back(self) -> None:
        """The head goes to the end, and behind it what waits with its key: so it holds up no other."""
        key = self.head.alert.key
        self._waiting = deque(sorted(self._waiting, key=lambda one: one.alert.key == key))

    def clear(self) -> list[Queued]:
        """Takes all away."""
        left = [one.queued for one in self._waiting]
        self._waiting.clear()
        return left
