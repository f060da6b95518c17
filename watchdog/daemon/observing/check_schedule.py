"""Asks the checks when they are due: one heap of due times, not a job each."""

from __future__ import annotations

import asyncio
import heapq
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

from watchdog.api.measures import Measures
from watchdog.daemon.state.clock import Clock
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.journey import JourneyProbe

FIRST_PER_SECOND: Final = 200
"""How many first questions are asked in a second, so that a start is no burst."""

OTHERS_AT_ONCE: Final = 32
"""Of the questions that `ask_others` asks: the rest of the prober's places is for those that are due."""


class CheckProber(Protocol):
    async def ask(self, check: Check) -> Observation: ...

    def forget(self, check: Check) -> None:
        """It is asked no more: what lasts between two questions ends with it."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class ScheduledCheck:
    """A check with its due time (steady seconds); `generation` tells a stale heap entry from the present one."""

    check: Check
    hear: Callable[[Check, Observation, int], float]
    """Takes the answer in and returns the seconds until the next question."""
    incarnation: Callable[[], int]
    due: float
    offset: float
    """Its slots are the moments that lie so many seconds after a multiple of the interval."""
    asking: bool = False
    dropped: bool = False
    generation: int = 0
    asked: int = 0
    """How often it was asked."""
    heard: int = 0
    """The newest of these questions that was answered."""

    def slot_after(self, now: float) -> float:
        interval = self.check.interval
        return now + interval - (now - self.offset) % interval

    def slots_missed(self, now: float) -> int:
        """How many slots of its own have passed since it was due."""
        return max(0, int((now - self.due) / self.check.interval))


@dataclass(slots=True)
class CheckScheduler:
    """Owners are named by any text; an owner's checks are replaced as a whole."""

    prober: CheckProber
    clock: Clock
    measures: Measures
    _questions: dict[str, dict[str, ScheduledCheck]] = field(default_factory=dict[str, dict[str, ScheduledCheck]])
    """By owner and the check's name."""
    _heap: list[tuple[float, int, ScheduledCheck, int]] = field(
        default_factory=list[tuple[float, int, ScheduledCheck, int]]
    )
    _order: count[int] = field(default_factory=count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _group: asyncio.TaskGroup = field(default_factory=asyncio.TaskGroup)
    _last_first: float = 0.0
    """When the newest first question is due."""

    def set_checks(
        self,
        owner: str,
        checks: tuple[Check, ...],
        hear: Callable[[Check, Observation, int], float],
        incarnation: Callable[[], int],
    ) -> None:
        """Replaces the checks of an owner; those that are the same keep their due time."""
        old, kept = self._questions.pop(owner, {}), dict[str, ScheduledCheck]()
        for check in checks:
            known = old.get(check.name)
            if known is not None and known.check == check:
                kept[check.name] = old.pop(check.name)
                continue
            share = zlib.crc32(f"{owner} {check.name}".encode()) / 0x1_0000_0000
            kept[check.name] = question = ScheduledCheck(
                check=check,
                hear=hear,
                incarnation=incarnation,
                due=self._first_due(share * check.interval),
                offset=share * check.interval,
            )
            self._schedule(question)
        self._forget(old.values())
        if kept:
            self._questions[owner] = kept

    def drop(self, owner: str) -> None:
        """Asks nothing of an owner any more; answers under way are still heard."""
        self._forget(self._questions.pop(owner, {}).values())

    def _forget(self, questions: Iterable[ScheduledCheck]) -> None:
        for question in questions:
            question.dropped = True
            self.prober.forget(question.check)

    def ask_soon(self, owner: str, check: str | None = None, within: float = 0.0) -> None:
        """Makes all checks of an owner, or one of them, due in so many seconds at the latest."""
        latest = self.clock.now() + within
        for question in self._questions.get(owner, {}).values():
            if not question.asking and question.due > latest and check in {None, question.check.name}:
                question.due = latest
                self._schedule(question)

    async def ask_others(self, doubted: Collection[str], needed: Collection[str]) -> None:
        """Asks out of turn: all that the owners in `needed` ask, and others than those in `doubted` until one passes.

        Only what goes over the network is asked, for that shows whether the observer is blind: one that passes does.
        Answers that need not be waited for any more are heard when they come.
        """
        asked = [one for one in self._all() if one[0] not in doubted and one[1].check.over_network]
        others = [question for owner, question in asked if owner not in needed]
        # last: each logs somebody in
        others.sort(key=lambda question: isinstance(question.check.probe, JourneyProbe))
        await self._ask_each([question for owner, question in asked if owner in needed], until_one_passes=False)
        await self._ask_each(others, until_one_passes=True)

    async def _ask_each(self, questions: Sequence[ScheduledCheck], *, until_one_passes: bool) -> None:
        waiting, enough = iter(questions), False

        async def ask_next() -> None:
            nonlocal enough
            for question in waiting:
                verdict, _ = await self._ask(question)
                enough = enough or (until_one_passes and verdict is Verdict.PASS)
                if enough:
                    return

        asking = {self._group.create_task(ask_next()) for _ in range(min(OTHERS_AT_ONCE, len(questions)))}
        while asking and not enough:
            _, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)

    async def run(self) -> None:
        """Asks what is due, for ever; a slow answer delays no other question."""
        async with self._group:
            while True:
                self._wake.clear()
                self._start_due()
                timeout = max(0.0, self._heap[0][0] - self.clock.now()) if self._heap else None
                try:
                    async with asyncio.timeout(timeout):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _start_due(self) -> None:
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, _, question, generation = heapq.heappop(self._heap)
            if question.dropped or question.asking or generation != question.generation:
                continue
            question.asking = True
            self.measures.checks_missed += question.slots_missed(now)
            self._group.create_task(self._ask_and_reschedule(question, now - question.due))

    async def _ask_and_reschedule(self, question: ScheduledCheck, lag: float) -> None:
        try:
            _, wait = await self._ask(question, lag)
        finally:
            question.asking = False
        now = self.clock.now()
        question.due = question.slot_after(now) if wait >= question.check.interval else now + wait
        if not question.dropped:
            self._schedule(question)

    async def _ask(self, question: ScheduledCheck, lag: float | None = None) -> tuple[Verdict, float]:
        """Asks and returns what was found, with the seconds until the next question.

        `lag` is for how many seconds it has been due; None for a question out of turn.
        """
        question.asked += 1
        number, incarnation = question.asked, question.incarnation()
        observation = await self.prober.ask(question.check)
        if lag is not None:
            self.measures.check_start_lag.observe(lag + observation.waited)
        if number < question.heard:
            return Verdict.UNKNOWN, question.check.retry_interval  # out of date: a later question was answered sooner
        question.heard = number
        wait = question.hear(question.check, observation, incarnation)
        return observation.verdict, wait if observation.changes_in is None else min(wait, observation.changes_in)

    def _first_due(self, at_most: float) -> float:
        """When a new question is due: soon, `at_most` so many seconds from now, and no two at the same time."""
        now = self.clock.now()
        self._last_first = max(now, self._last_first + 1 / FIRST_PER_SECOND)
        return min(self._last_first, now + at_most)

    def _all(self) -> Iterator[tuple[str, ScheduledCheck]]:
        for owner, questions in self._questions.items():
            for question in questions.values():
                yield owner, question

    def _schedule(self, question: ScheduledCheck) -> None:
        question.generation += 1
        heapq.heappush(self._heap, (question.due, next(self._order), question, question.generation))
        if self._heap[0][2] is question:
            self._wake.set()
