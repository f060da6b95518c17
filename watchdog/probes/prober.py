"""The door of this room: asks any check and always comes back with an observation."""

from __future__ import annotations

import asyncio
import resource
from importlib import import_module
from typing import Any, Final

from watchdog.model.observation import Check, Observation, Verdict
from watchdog.probes.ask import AnyAsk, Ask, Clock, Closing, FailureKind, KindProber, Lasting, ProbeFailure
from watchdog.probes.beats import Beats
from watchdog.probes.containers import Containers
from watchdog.probes.context import ProberContext
from watchdog.probes.kept import StateStore
from watchdog.probes.overdue import LATE, waited_for
from watchdog.probes.vantage import Vantages

FEWEST: Final = 64
MOST: Final = 1024
"""Asks at once: each holds a file descriptor, and those that hang must leave places for the others."""

QUEUE_SHARE: Final = 0.1
"""A time-out after more than this part of it was spent waiting for a place is the asker's fault."""


class Prober:
    """Asks checks of every kind, `places()` at once. `clock` gives Unix seconds for `Observation.at`.

    Without `containers` what runs inside one cannot be asked; without `memory` what probers learn ends with them;
    without `beats` nobody can have called in.
    """

    def __init__(
        self,
        clock: Clock,
        containers: Containers | None = None,
        memory: StateStore | None = None,
        beats: Beats | None = None,
    ) -> None:
        self._clock = clock
        self._context = ProberContext(clock=clock, containers=containers, memory=memory, beats=beats)
        self._vantages = Vantages(containers)
        self._places = asyncio.Semaphore(places())
        self._probers: dict[str, KindProber[Any]] = {}
        self._limits: set[asyncio.Timeout] = set()
        self._closed = False

    async def ask(self, check: Check) -> Observation:
        """Asks within `check.timeout`. Raises nothing but CancelledError."""
        prober = self._prober(check.probe.kind)  # first: what it imports is nobody's time
        ask = Ask(check, check.probe, self._clock(), self._vantages.host)
        limit = asyncio.timeout(0 if self._closed else check.timeout)
        try:
            async with limit:
                self._limits.add(limit)
                async with self._places:
                    ask.admit()
                    reason = await self._asked(prober, ask)
            return ask.observe(Verdict.PASS, reason)
        except ProbeFailure as failure:
            return ask.observe_failure(failure.kind, str(failure))
        except Exception as error:  # noqa: BLE001 - whatever else goes wrong is the asker's: UNKNOWN, never a crash
            if limit.expired():
                return ask.observe_failure(*self._overdue(ask))
            return ask.observe_failure(
                FailureKind.NOT_ASKED, f"{check.name} was not asked: {type(error).__name__}: {error}"
            )
        finally:
            self._limits.discard(limit)

    def forget(self, check: Check) -> None:
        """What was kept of it between two questions is dropped."""
        prober = self._probers.get(check.probe.kind)
        if isinstance(prober, Lasting):
            prober.forget(check)

    async def close(self) -> None:
        """Ends the asks under way, and any later one, at once as UNKNOWN; what lasts between two questions ends."""
        self._closed = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)
        for prober in tuple(self._probers.values()):
            if isinstance(prober, Closing):
                await prober.close()
        await self._context.evaluation.close()

    async def _asked(self, prober: KindProber[Any], ask: AnyAsk) -> str:
        if ask.check.vantage is None:
            return await prober(ask)
        ask.evidence["from"] = str(ask.check.vantage)
        async with self._vantages.inside(ask.check, ask.check.vantage) as ask.vantage:
            return await prober(ask)

    def _prober(self, kind: str) -> KindProber[Any]:
        """By the module of this room that is named like the kind, imported when a check needs it."""
        if kind not in self._probers:
            self._probers[kind] = import_module(f"watchdog.probes.{kind}").make(self._context)
        return self._probers[kind]

    def _overdue(self, ask: AnyAsk) -> tuple[FailureKind, str]:
        seconds = ask.check.timeout
        if self._closed:
            return FailureKind.NOT_ASKED, f"{ask.check.name} was not asked to the end: watchdog stops"
        if ask.waited is None or ask.waited > QUEUE_SHARE * seconds:
            return FailureKind.OWN_DELAY, f"{ask.check.name} had to wait for other checks for most of its {seconds:g} s"
        if ask.seconds > seconds + LATE:
            return FailureKind.OWN_DELAY, f"watchdog itself stood still: {seconds:g} s became {ask.seconds:.1f} s"
        return waited_for(ask, f"within {seconds:g} s")


def places() -> int:
    """A quarter of the file descriptors that this process may have."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if limit == resource.RLIM_INFINITY else max(FEWEST, min(MOST, limit // 4))
