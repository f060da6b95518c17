"""Does the container complain in its log, and of something new?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from watchdog.codecs.states import ERRORS
from watchdog.errors import LedgerError
from watchdog.model.change import Change
from watchdog.model.observation import Check
from watchdog.model.probe.inside import LogsProbe
from watchdog.model.record import Kept
from watchdog.policy.signatures import KNOWN_ERRORS, KnownErrors, digest, signature
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.containers import engine_answers, name_of, running
from watchdog.probes.context import ProberContext
from watchdog.probes.follower import Follower

TOLD: Final = 20
"""New kinds that are remembered by their text."""


@dataclass(slots=True, kw_only=True)
class Followed:
    """What is known of one check; it hears the lines that match."""

    probe: LogsProbe
    key: str
    """Under which its errors are kept."""
    errors: KnownErrors | None = None
    changed: bool = False
    last: str = ""
    """The newest line that matched, as its signature."""
    new: dict[str, str] = field(default_factory=dict[str, str])
    """Digest → signature of what was met for the first time, in this incarnation of the container."""
    places: asyncio.Lock = field(default_factory=asyncio.Lock)

    def hear(self, line: str, at: float) -> None:
        self.last = signature(line)
        if self.errors is None:
            return
        kind = digest(self.last)
        errors = self.errors.met(kind, at)
        self.changed = self.changed or errors is not self.errors
        self.errors = errors
        if len(self.new) < TOLD and errors.is_new(kind, at, self.probe.new_for):
            self.new[kind] = self.last

    def new_at(self, now: float) -> list[str]:
        errors = self.errors
        if errors is None:
            return []
        self.new = {kind: text for kind, text in self.new.items() if errors.is_new(kind, now, self.probe.new_for)}
        return list(self.new.values())


def make(context: ProberContext) -> LogsProber:
    return LogsProber(context)


class LogsProber:
    """Follows the log from the first question on; an answer is a look at what was counted."""

    def __init__(self, context: ProberContext) -> None:
        self._clock = context.clock
        self._containers = context.containers
        self._memory = context.memory
        self._evaluation = context.evaluation
        self._followed: dict[tuple[str, str], tuple[Followed, Follower]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    async def __call__(self, ask: Ask[LogsProbe]) -> str:
        inside = running(ask, self._containers)
        ask.enter(ProbePhase.ENGINE)
        followed, follower = self._known(ask)
        async with followed.places:
            if followed.errors is None and ask.probe.new_errors:
                followed.errors = await self._recalled(followed)
            with engine_answers():
                if await follower.turn_to(inside):
                    followed.new.clear()
                await follower.catch_up(inside)
            await self._keep(followed)
        return self._judge(ask, followed, follower)

    def forget(self, check: Check) -> None:
        _, follower = self._followed.pop(name_of(check), (None, None))
        if follower is not None:
            task = asyncio.get_running_loop().create_task(follower.close())
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        followers = [follower for _, follower in self._followed.values()]
        self._followed.clear()
        await asyncio.gather(*(follower.close() for follower in followers), *self._ending)

    def _known(self, ask: Ask[LogsProbe]) -> tuple[Followed, Follower]:
        name = name_of(ask.check)
        if name not in self._followed:
            key = f"{' '.join(name).strip()} {digest(ask.probe.logs)}"
            followed = Followed(probe=ask.probe, key=key)
            self._followed[name] = followed, Follower(ask.probe.logs, self._clock, self._evaluation, followed.hear)
        return self._followed[name]

    async def _recalled(self, followed: Followed) -> KnownErrors:
        """Learned from now on, where nothing is kept that can be read."""
        anew = KnownErrors(learn_until=self._clock() + followed.probe.learn)
        if self._memory is None:
            return anew
        try:
            return ERRORS.load((await self._memory.kept(KNOWN_ERRORS))[followed.key])
        except (LedgerError, KeyError, ValueError):
            followed.changed = True
            return anew

    async def _keep(self, followed: Followed) -> None:
        if not followed.changed or followed.errors is None or self._memory is None:
            return
        followed.changed = False
        try:
            kept = Kept(KNOWN_ERRORS, followed.key, ERRORS.dump(followed.errors))
            await self._memory.append(Change(kept=(kept,)))
        except LedgerError:
            followed.changed = True  # the next question tries again

    def _judge(self, ask: Ask[LogsProbe], followed: Followed, follower: Follower) -> str:
        probe, errors, now = ask.probe, followed.errors, self._clock()
        lines = follower.rate.per_minute(now)
        ask.evidence["per_minute"] = lines
        least = "at least " if follower.skips else ""
        has = f"the log of {ask.check.service} has {least}{lines} lines like {probe.logs!r} of the last minute"
        if probe.max_per_minute is not None and lines > probe.max_per_minute:
            most = f"at most {probe.max_per_minute:g} are expected"
            raise ProbeFailure(FailureKind.LOG_RATE, f"{has}; {most}; the newest: {followed.last}")
        new = followed.new_at(now)
        if errors is None:
            return has
        ask.evidence["kinds"] = len(errors.seen)
        ask.evidence["new"] = len(new)
        if new:
            more = f" (and {len(new) - 1} more)" if len(new) > 1 else ""
            raise ProbeFailure(
                FailureKind.NEW_ERROR,
                f"the log of {ask.check.service} tells of an error never seen before{more}: {new[0]}",
            )
        if now < errors.learn_until:
            return f"{has}; what is usual there is being learned"
        if errors.full:
            return f"{has}; it knows {len(errors.seen)} kinds and tells no more apart: make `logs` find less"
        return f"{has}, none of a new kind"
