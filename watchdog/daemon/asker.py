"""Asks the checks when they are due: one heap of due times, not a job each."""

from __future__ import annotations

import asyncio
import heapq
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from watchdog.daemon.clock import Clock
from watchdog.model.observation import Check, Observation

FIRST_SPREAD = 1.0
"""First questions are spread over so many seconds, so that a start is no burst."""


class Prober(Protocol):
    async def ask(self, check: Check) -> Observation: ...


@dataclass(slots=True, kw_only=True)
class Question:
    """A check with its due time (steady seconds); `generation` tells a stale heap entry from the present one."""

    check: Check
    hear: Callable[[Check, Observation, int], float]
    """Takes the answer in and returns the seconds until the next question."""
    incarnation: Callable[[], int]
    due: float
    asking: bool = False
    generation: int = 0
    asked: int = 0
    """How often it was asked."""
    heard: int = 0
    """The newest of these questions that was answered."""


@dataclass(slots=True)
class Asker:
    """Owners are named by any text; an owner's checks are replaced as a whole."""

    prober: Prober
    clock: Clock
    _questions: dict[tuple[str, str], Question] = field(default_factory=dict[tuple[str, str], Question])
    _heap: list[tuple[float, int, tuple[str, str], int]] = field(
        default_factory=list[tuple[float, int, tuple[str, str], int]]
    )
    _order: count[int] = field(default_factory=count)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def set_checks(
        self,
        owner: str,
        checks: tuple[Check, ...],
        hear: Callable[[Check, Observation, int], float],
        incarnation: Callable[[], int],
    ) -> None:
        """Replaces the checks of an owner; those that are the same keep their due time."""
        names = {check.name for check in checks}
        for key in [key for key in self._questions if key[0] == owner and key[1] not in names]:
            del self._questions[key]
        for check in checks:
            key = (owner, check.name)
            old = self._questions.get(key)
            if old is not None and old.check == check:
                continue
            spread = zlib.crc32(f"{owner} {check.name}".encode()) / 0xFFFFFFFF * min(FIRST_SPREAD, check.interval)
            question = Question(check=check, hear=hear, incarnation=incarnation, due=self.clock.now() + spread)
            self._questions[key] = question
            self._schedule(key, question)

    def drop(self, owner: str) -> None:
        """Asks nothing of an owner any more; answers under way are still heard."""
        for key in [key for key in self._questions if key[0] == owner]:
            del self._questions[key]

    def ask_soon(self, owner: str, check: str | None = None, within: float = 0.0) -> None:
        """Makes all checks of an owner, or one of them, due in so many seconds at the latest."""
        latest = self.clock.now() + within
        for key, question in self._questions.items():
            if key[0] == owner and check in {None, key[1]} and not question.asking and question.due > latest:
                question.due = latest
                self._schedule(key, question)

    async def ask_all(self, except_owners: Collection[str]) -> None:
        """Asks every check of the other owners now and waits for the answers."""
        others = [question for key, question in self._questions.items() if key[0] not in except_owners]
        await asyncio.gather(*(self._ask(question) for question in others))

    async def run(self) -> None:
        """Asks what is due, for ever; a slow answer delays no other question."""
        async with asyncio.TaskGroup() as asking:
            while True:
                self._wake.clear()
                self._start_due(asking)
                timeout = max(0.0, self._heap[0][0] - self.clock.now()) if self._heap else None
                try:
                    async with asyncio.timeout(timeout):
                        await self._wake.wait()
                except TimeoutError:
                    continue

    def _start_due(self, asking: asyncio.TaskGroup) -> None:
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            _, _, key, generation = heapq.heappop(self._heap)
            question = self._questions.get(key)
            if question is None or question.asking or generation != question.generation:
                continue
            question.asking = True
            asking.create_task(self._ask_and_reschedule(key, question))

    async def _ask_and_reschedule(self, key: tuple[str, str], question: Question) -> None:
        try:
            wait = await self._ask(question)
        finally:
            question.asking = False
        question.due = self.clock.now() + wait
        if self._questions.get(key) is question:
            self._schedule(key, question)

    async def _ask(self, question: Question) -> float:
        question.asked += 1
        number, incarnation = question.asked, question.incarnation()
        observation = await self.prober.ask(question.check)
        if number < question.heard:
            return question.check.retry_interval  # a later question was answered sooner: this answer is out of date
        question.heard = number
        wait = question.hear(question.check, observation, incarnation)
        return wait if observation.changes_in is None else min(wait, observation.changes_in)

    def _schedule(self, key: tuple[str, str], question: Question) -> None:
        question.generation += 1
        heapq.heappush(self._heap, (question.due, next(self._order), key, question.generation))
        self._wake.set()
