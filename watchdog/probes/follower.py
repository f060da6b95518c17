"""Follows the log of a container, in bounded bytes a second, and counts the lines that match."""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Final

from watchdog.errors import EngineError
from watchdog.model.inside import LogLine
from watchdog.policy.patterns import read_pattern
from watchdog.probes.ask import Clock, ProbeFailure
from watchdog.probes.containers import Inside
from watchdog.probes.evaluation import Evaluation, quick

MINUTE: Final = 60.0
BACKLOG: Final = 1000
"""Lines of the time before it was followed, or while it was not, that are read at the most."""
BYTES_PER_SECOND: Final = 256 * 1024
"""Of a container that writes more the rest of each second is left out: what is counted is then a lower bound."""
JUDGING: Final = 1.0
"""Seconds that the lines of one moment may be searched for; what takes longer is left out."""
LINE: Final = 40
"""Bytes that come with each line beside its text."""


@dataclass(slots=True)
class Rate:
    """How many lines came within the last minute, second by second."""

    _seconds: deque[tuple[float, int]] = field(default_factory=deque[tuple[float, int]])

    def add(self, at: float) -> None:
        second = math.floor(at)
        if self._seconds and self._seconds[-1][0] >= second:
            self._seconds[-1] = (self._seconds[-1][0], self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))
        self._drop(at)

    def per_minute(self, now: float) -> int:
        self._drop(now)
        return sum(count for _, count in self._seconds)

    def _drop(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - MINUTE:
            self._seconds.popleft()


class Follower:
    """For one check, through all containers of its service; `tell` hears each line that matches, and when it came."""

    def __init__(self, pattern: str, clock: Clock, evaluation: Evaluation, tell: Callable[[str, float], None]) -> None:
        self._pattern = pattern
        self._evaluation = evaluation
        self._clock = clock
        self._tell = tell
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._incarnation: tuple[str, float | None] | None = None
        self._read_until = 0.0
        """When the newest line that was read was written, by the engine's clock."""
        self.rate = Rate()
        self._skipped_at = -math.inf

    async def turn_to(self, inside: Inside) -> bool:
        """Whether it is another incarnation than before: what was counted of an earlier one counts no more."""
        incarnation = (inside.id, inside.container.started_at)
        if incarnation == self._incarnation:
            return False
        await self._stop()
        self._incarnation, self.rate = incarnation, Rate()
        self._read_until = max(self._read_until, inside.container.finished_at or 0.0)
        return True

    async def catch_up(self, inside: Inside) -> None:
        """Has read what was written within the last minute, and follows from there on. Raises EngineError."""
        if self._task is None or self._task.done():
            since = max(self._read_until, self._clock() - MINUTE)
            await self._read(inside, since=since, at_most=BACKLOG, follow=False)
            if not self._closed:
                self._task = asyncio.create_task(self._follow(inside), name=f"log of {inside.service}")

    @property
    def skips(self) -> bool:
        """Whether lines of the last minute were left out."""
        return self._clock() - self._skipped_at < MINUTE

    async def close(self) -> None:
        """Follows nothing any more, also when a question is still being asked."""
        self._closed = True
        await self._stop()

    async def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _follow(self, inside: Inside) -> None:
        """Until the container or the engine ends: the next question begins again where this stopped."""
        at_most = BACKLOG
        with suppress(EngineError):
            while not await self._read(inside, since=self._read_until, at_most=at_most, follow=True):
                await asyncio.sleep(1.0 - self._clock() % 1.0)
                at_most = 0  # what was written meanwhile is left out: it may be any amount

    async def _read(self, inside: Inside, *, since: float, at_most: int, follow: bool) -> bool:
        """Whether it was read to its end; if not, it writes more than is read of a second."""
        known, second, size = self._read_until, 0, 0
        async with aclosing(inside.engine.log(inside.id, since=since, at_most=at_most, follow=follow)) as log:
            async for lines in log:
                now = self._clock()
                if math.floor(now) != second:
                    second, size = math.floor(now), 0
                await self._take([line for line in lines if line.at > known], now, follow=follow)
                size += sum(LINE + len(line.text) for line in lines)
                if size > BYTES_PER_SECOND:
                    self._skipped_at = now
                    return False
        return True

    async def _take(self, lines: list[LogLine], now: float, *, follow: bool) -> None:
        """Counts those that match; where they cannot be searched in time they are left out."""
        if not lines:
            return
        self._read_until = max(self._read_until, *(line.at for line in lines))
        body = json.dumps([line.text for line in lines]).encode()
        at_once = quick(body, [read_pattern(self._pattern)])
        try:
            matching: list[int] = await self._evaluation.judge(
                "found_in", body, at_once=at_once, seconds=JUDGING, pattern=self._pattern
            )
        except ProbeFailure:
            self._skipped_at = now
            return
        for line in (lines[number] for number in matching):
            at = now if follow else min(line.at, now)
            self.rate.add(at)
            self._tell(line.text, at)
