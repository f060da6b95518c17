"""The soak: what was validated is asked again and again, and compared with how it was before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from watchdog.deployments.gates import Asked, Gates
from watchdog.deployments.host import DeploymentHost
from watchdog.errors import EngineError
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.regression import Run, Sample
from watchdog.policy.regression import compare, error_kinds, not_compared

EVERY: Final = 1.0
"""Seconds between two questions of a check, or its own interval where that is shorter."""
COMPARED_EVERY: Final = 2.0
"""Seconds between two comparisons of logs, memory and restarts."""
ANSWERS: Final = 10
"""Of an endpoint before anything is changed: enough for a latency to be compared."""
ANSWERED_WITHIN: Final = 2.0
"""Seconds that those may take: a slow endpoint is compared by fewer."""
LOOKED_BACK: Final = 900.0
"""Seconds of a log in which the kinds of error that are usual are found."""
LINES: Final = 2000
ALONE: Final = ServiceKey("", "endpoints")
"""Stands for what belongs to no service."""


@dataclass(slots=True)
class SoakSamples:
    """What was seen of one service for a while."""

    service: ServiceKey
    statuses: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    latencies: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    errors: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    runs: list[Run] = field(default_factory=list[Run])
    memory: int | None = None
    memory_limit: int | None = None

    def note(self, check: Check, answer: Observation) -> None:
        status = answer.evidence.get("http_status")
        if isinstance(status, int):
            self.statuses.setdefault(check.name, []).append(status)
        if answer.verdict is Verdict.PASS and isinstance(check.probe, HttpProbe):
            self.latencies.setdefault(check.name, []).append(answer.seconds)

    @property
    def measured(self) -> bool:
        return bool(self.statuses or self.errors or self.memory)

    def as_json(self) -> dict[str, Any]:
        return {
            "latency": {
                name: {"answers": len(found), "median": round(median(found), 6), "longest": round(max(found), 6)}
                for name, found in self.latencies.items()
            },
            "statuses": {name: sorted(set(found)) for name, found in self.statuses.items()},
            "errors": sorted(self.errors),
            "memory": self.memory,
        }

    @property
    def sample(self) -> Sample:
        return Sample(
            service=self.service,
            statuses={name: tuple(found) for name, found in self.statuses.items()},
            latencies={name: tuple(found) for name, found in self.latencies.items()},
            errors=self.errors,
            lines=self.lines,
            runs=tuple(self.runs),
            memory=self.memory,
            memory_limit=self.memory_limit,
        )


class Soak:
    """`measure` before anything is changed, then `watch` what came of it."""

    def __init__(self, host: DeploymentHost, gates: Gates) -> None:
        self._host = host
        self._gates = gates
        self._before: dict[ServiceKey, SoakSamples] = {}
        self._after: dict[ServiceKey, SoakSamples] = {}
        self._since = 0.0

    async def measure(self, asked: Iterable[Asked], keys: Iterable[ServiceKey]) -> None:
        """How things are before anything is changed."""
        self._before = {key: SoakSamples(key) for key in (*keys, ALONE)}
        http = [(check, key or ALONE) for check, key in asked if isinstance(check.probe, HttpProbe)]
        learning = [self._learn(seen) for key, seen in self._before.items() if key != ALONE]
        await asyncio.gather(*(self._sample(check, self._before[key]) for check, key in http), *learning)

    async def watch(self, asked: Iterable[Asked], keys: Iterable[ServiceKey], seconds: float) -> str | None:
        """The first proof that things are worse than before, a sentence; None when the time is over without one."""
        self._since = self._host.wall()
        self._after = {key: SoakSamples(key) for key in (*keys, ALONE)}
        working = {asyncio.create_task(self._ask(one)) for one in asked} | {asyncio.create_task(self._compare())}
        try:
            done, _ = await asyncio.wait(working, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return done.pop().result()
        finally:
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        return await self._worse()

    def measured(self) -> dict[str, Any]:
        """How things were, as evidence: by service, seconds of answers and digests of usual errors."""
        return {str(key): seen.as_json() for key, seen in self._before.items() if seen.measured}

    def not_compared(self) -> list[str]:
        """Of what too little was seen to say whether it became slower."""
        pairs = ((self._before[key], after) for key, after in self._after.items() if key in self._before)
        return [said for before, after in pairs for said in not_compared(before.sample, after.sample)]

    async def _sample(self, check: Check, seen: SoakSamples) -> None:
        until = self._host.now() + ANSWERED_WITHIN
        for _ in range(ANSWERS):
            seen.note(check, await self._host.ask(check))
            if self._host.now() > until:
                return

    async def _learn(self, seen: SoakSamples) -> None:
        """The errors that are usual, and the memory that it uses."""
        container = self._container(seen.service)
        if container is None or not container.running:
            return
        lines = await self._log(container, self._host.wall() - LOOKED_BACK)
        seen.errors = frozenset(error_kinds(lines))
        await self._weigh(seen, container)

    async def _ask(self, one: Asked) -> str:
        """Until it fails as often in a row as makes a failure; returns what is wrong."""
        check, key = one
        seen, failed = self._after.setdefault(key or ALONE, SoakSamples(key or ALONE)), 0
        while True:
            last = await self._host.ask(check)
            seen.note(check, last)
            failed = failed + 1 if last.verdict is Verdict.FAIL else 0 if last.verdict is Verdict.PASS else failed
            if failed >= check.failures:
                return f"{self._gates.subject(check, key)}: {last.reason}"
            await asyncio.sleep(min(EVERY, check.retry_interval if failed else check.interval))

    async def _compare(self) -> str:
        while True:
            worse = await self._worse()
            if worse is not None:
                return worse
            await asyncio.sleep(COMPARED_EVERY)

    async def _worse(self) -> str | None:
        """What is worse by now; of a service that is new nothing can be."""
        await asyncio.gather(*(self._look_at(seen) for key, seen in self._after.items() if key != ALONE))
        for key, after in self._after.items():
            if key in self._before:
                found = compare(self._before[key].sample, after.sample)
                if found:
                    return "; ".join(f"{one.subject}: {one.sentence}" for one in found)
        return None

    async def _look_at(self, seen: SoakSamples) -> None:
        container = self._container(seen.service)
        if container is None:
            return
        run = Run(container=container.id, restart_count=container.restart_count, started_at=container.started_at)
        if run not in seen.runs:
            seen.runs.append(run)
        if container.running:
            seen.lines = await self._log(container, self._since)
            await self._weigh(seen, container)

    async def _weigh(self, seen: SoakSamples, container: Container) -> None:
        try:
            usage = await self._host.engine.usage(container.id)
        except EngineError:
            return  # it ended meanwhile, which others see
        seen.memory, seen.memory_limit = usage.memory, usage.memory_limit

    async def _log(self, container: Container, since: float) -> tuple[str, ...]:
        """Some log drivers cannot be read: then nothing is said about errors."""
        found: list[str] = []
        try:
            async for lines in self._host.engine.log(container.id, since=since, at_most=LINES, follow=False):
                found += [line.text for line in lines]
        except EngineError:
            return ()
        return tuple(found)

    def _container(self, key: ServiceKey) -> Container | None:
        view = self._host.view(key)
        return view.container if view is not None else None
