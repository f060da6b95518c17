"""Whether the observer itself can see: several unrelated failures are one incident of its own, and no action."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.check_schedule import CheckProber
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.subjects import OBSERVER
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.probe.network import TcpProbe
from watchdog.policy.common_cause import Word

TIMEOUT = 5.0
"""Seconds that a reference may take to answer."""


class ObserverWatch:
    """Opens the incident `observer` once one of the suspicious checks is past its threshold.

    `sees_again` is called before the first decision that believes a check anew.
    """

    def __init__(
        self, state: DaemonState, incidents: IncidentManager, prober: CheckProber, sees_again: Callable[[], None]
    ) -> None:
        self._state = state
        self._incidents = incidents
        self._prober = prober
        self._sees_again = sees_again
        self._incident: int | None = None
        self._suspected_at: float | None = None
        self._asked_at = 0.0
        self._looking = False
        self._look_again = False

    async def look(self) -> None:
        """After every answer that may change the suspicion."""
        self._look_again = True
        if self._looking:
            return
        self._looking = True
        try:
            while self._look_again:
                self._look_again = False
                await self._look()
        finally:
            self._looking = False

    async def _look(self) -> None:
        state = self._state
        if state.observer.connectivity.common_cause() is None:
            self._suspected_at = state.observer.word = None
            await self._close("a check passes")
            return
        if self._suspected_at is None:
            self._suspected_at = state.clock.now()
        await self._ask_references()
        suspicion, now = state.observer.suspicion(), state.clock.now()
        if suspicion is None:
            await self._close(
                f"{state.observer.word.answered[0]} answers" if state.observer.word is not None else "a check passes"
            )
        elif self._incident is None and state.engine_state.tells(now):
            health = state.settings.health
            lasts = now - self._suspected_at >= health.failures * health.retry_interval
            if lasts or state.observer.past_threshold(suspicion.names):
                self._incident = await self._incidents.of_subject(OBSERVER, suspicion.because, now)

    async def _ask_references(self) -> None:
        state = self._state
        references, again_after = state.settings.observer.references, state.settings.health.retry_interval
        if not references or (state.observer.word is not None and state.clock.now() - self._asked_at < again_after):
            return
        heard = await asyncio.gather(*(self._prober.ask(_check(reference)) for reference in references))
        answered = {one.check for one in heard if one.verdict is Verdict.PASS}
        self._asked_at = state.clock.now()
        if answered and self.suspects:
            self._sees_again()
        state.observer.word = Word(
            answered=tuple(one for one in references if one in answered),
            silent=tuple(one for one in references if one not in answered),
        )
        state.wake_all()

    async def _close(self, because: str) -> None:
        if self._incident is not None:
            sentence, now = f"the observer sees again: {because}", self._state.clock.now()
            await self._incidents.close(self._incident, sentence, now, recovered=True)
            self._incident = None
            self._state.wake_all()

    @property
    def suspects(self) -> bool:
        return self._incident is not None


def _check(reference: str) -> Check:
    """Any answer will do: that there is one is what it is asked for."""
    if "/" in reference:
        probe = HttpProbe(url=reference, status=((100, 599),))
        return Check(name=reference, probe=probe, timeout=TIMEOUT)
    return Check(name=reference, probe=TcpProbe(tcp=reference), timeout=TIMEOUT)
