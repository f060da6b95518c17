"""Stand-alone endpoints: asked, judged, and put down to a service that they need where that is what fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from watchdog.daemon.incidents.checks import CheckIncidents, CheckStanding
from watchdog.daemon.observing.background import Background
from watchdog.daemon.observing.check_schedule import CheckScheduler
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.endpoints import Endpoint
from watchdog.daemon.state.subjects import ENDPOINT
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import EntryKind
from watchdog.policy.assess import ENDS_SOON, failure_class
from watchdog.policy.certificates import failing_over
from watchdog.policy.common_cause import reached
from watchdog.policy.flapping import Flaps, sample
from watchdog.policy.streak import Standing, in_doubt


class Doubts(Protocol):
    """What follows from an answer for checks other than the one that was asked."""

    def ask_others(self, owner: str, needed: Iterable[ServiceKey]) -> None:
        """`owner` newly fails, and needs these services."""
        ...

    def watch_observer(self, observation: Observation) -> None: ...


class EndpointMonitor:
    """Those that belong to no service."""

    def __init__(
        self,
        *,
        state: DaemonState,
        scheduler: CheckScheduler,
        journal: Journal,
        check_incidents: CheckIncidents,
        others: Doubts,
        background: Background,
    ) -> None:
        self._state = state
        self._scheduler = scheduler
        self._journal = journal
        self._check_incidents = check_incidents
        self._others = others
        self._background = background

    def set(self) -> None:
        """As configured now."""
        state = self._state
        alone = {check.name: check for check in state.settings.alone}
        for name in [name for name in state.services.endpoints if name not in alone]:
            del state.services.endpoints[name]
            self._scheduler.drop(ENDPOINT + name)
        for name, check in alone.items():
            known = state.services.endpoints.get(name)
            if known is None or known.check != check:
                flaps = self._check_incidents.restored_flaps(ENDPOINT + name).get(name) if known is None else None
                state.services.endpoints[name] = Endpoint(check, flaps=flaps or Flaps())
            self._scheduler.set_checks(ENDPOINT + name, (check,), self._hear, lambda: 0)
        kept = {ENDPOINT + name for name in alone}
        self._background.start(self._check_incidents.drop(ENDPOINT, state.clock.now(), kept))

    def forget_failures(self, of: Callable[[Check], bool] = lambda _: True) -> None:
        """What was seen says nothing of these checks: they are asked anew."""
        for alone in self._state.services.endpoints.values():
            if of(alone.check):
                alone.forget_failures()
                self._scheduler.ask_soon(ENDPOINT + alone.check.name)

    def _hear(self, check: Check, observation: Observation, _: int) -> float:
        state, now = self._state, self._state.clock.now()
        alone = state.services.endpoints.get(check.name)
        if alone is None:
            return check.interval
        causes = state.dependencies.first_causes(check) if alone.waiting or observation.verdict is Verdict.FAIL else ()
        if alone.waiting and not causes:
            alone.forget_failures()
        alone.waiting = f"waiting for {', '.join(map(str, causes))}" if causes else ""
        self._check_incidents.presented.note(ENDPOINT + check.name, observation)
        before = alone.streak
        alone.hear(observation)
        state.observer.connectivity.note(check, before.last, alone.streak.last)
        if observation.verdict is not Verdict.UNKNOWN and not causes and not state.deployment.watches(check):
            passed = observation.verdict is Verdict.PASS
            alone.flaps = sample(alone.flaps, now, state.settings.health, good=passed)
        state.changed.set()
        if observation.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL:
            alone.doubted_at = now
            self._others.ask_others(ENDPOINT + check.name, state.dependencies.needed(check))
        stands_otherwise = alone.streak.standing is not before.standing or alone.flaps.flapping
        failing = alone.streak.standing is Standing.FAILING
        if stands_otherwise or failing or self._check_incidents.has(ENDPOINT + check.name):
            self._background.start(self._settle(alone))
        self._others.watch_observer(observation)
        return check.retry_interval if in_doubt(alone.streak) else check.interval

    async def _settle(self, alone: Endpoint) -> None:
        last = alone.streak.last
        if last is None:
            return
        failing = alone.streak.standing is Standing.FAILING
        if failing and alone.waiting:
            await self._blame(alone, last)
        stand = CheckStanding(
            failing=last.reason if failing and self._believed(alone) else None,
            good=last.reason if alone.streak.standing is Standing.PASSING else None,
            flaps=alone.flaps,
            cause=Cause.CERTIFICATE if failure_class(alone.streak) == ENDS_SOON else Cause.CHECK_FAILED,
            certificate=failing_over(alone.streak),
            run=last if failing else None,
        )
        await self._check_incidents.settle(ENDPOINT + alone.check.name, stand, self._state.clock.now())

    def _believed(self, alone: Endpoint) -> bool:
        """Whether its failure is its own: no service's that it needs, and not the observer's."""
        state = self._state
        if state.deployment.watches(alone.check):
            return False
        may_be_blind = reached(alone.check, alone.streak.last_fail) is False
        asked = alone.doubted_at is not None and state.observer.others_asked_at >= alone.doubted_at
        if alone.waiting or not (asked or not (may_be_blind or alone.check.depends_on)):
            return False
        return not may_be_blind or state.observer.suspicion() is None

    async def _blame(self, alone: Endpoint, last: Observation) -> None:
        """It has no incident of its own: once, that of the service it waits for says that it fails, too."""
        if alone.attributed_to is not None:
            return
        for cause in self._state.dependencies.first_causes(alone.check):
            incident = self._state.services.known[cause].record.incident
            if incident is not None:
                alone.attribute(cause)
                subject = ENDPOINT + alone.check.name
                sentence = f"{subject} fails, too ({last.reason}): {alone.waiting}"
                entry = self._journal.entry(EntryKind.DECISION, subject, sentence, incident=incident)
                await self._journal.write(entry, vital=True)
                return
