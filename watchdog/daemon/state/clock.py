"""The one clock of the daemon."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Steady Unix time: the wall clock at the start plus what the monotonic clock has counted since.

    Every decision and timer uses `now`, so that a step of the wall clock moves none of them. What people read is
    stamped with `wall`. The two are equal as long as nobody sets the clock.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._monotonic = monotonic
        self.wall = wall
        self._offset = wall() - monotonic()

    def now(self) -> float:
        return self._offset + self._monotonic()

    def steady(self, engine_time: float) -> float:
        """A moment that the engine stamped by its wall clock, as steady seconds; never in the future."""
        return min(self.now(), self.now() - (self.wall() - engine_time))
