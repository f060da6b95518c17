"""The bounded place for alerts that the ledger did not take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from watchdog.model.alert import Alert, Queued
from watchdog.model.record import Severity

CAPACITY: Final = 1000

_LEAST_FIRST: Final = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A notice without a number, and the number of the newest one in the ledger when it was decided."""

    queued: Queued
    behind: int

    @property
    def alert(self) -> Alert:
        return self.queued.notice.alert


class MemoryQueue:
    """First in, first out. When it is full the least important gives way: info first, resolutions last."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: list[Unwritten] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Unwritten]:
        return iter(self._waiting)

    def put(self, one: Unwritten) -> Unwritten | None:
        """Never blocks; returns the one that had to give way, if any."""
        self._waiting.append(one)
        if len(self._waiting) <= self._capacity:
            return None
        place = min(range(len(self._waiting)), key=lambda place: _importance(self._waiting[place].alert))
        return self._waiting.pop(place)

    def take(self, wanted: Callable[[Unwritten], bool]) -> list[Unwritten]:
        """Those that are wanted, oldest first; the others stay."""
        taken = [one for one in self._waiting if wanted(one)]
        self._waiting = [one for one in self._waiting if not wanted(one)]
        return taken


def _importance(alert: Alert) -> tuple[bool, int]:
    return alert.resolved, _LEAST_FIRST.index(alert.severity)
