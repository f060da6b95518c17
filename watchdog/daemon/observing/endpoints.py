"""Stand-alone endpoints: asked, judged, and put down to a service that they need where that is what fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from watchdog.daemon.incidents.checks import CheckIncidents, CheckStanding
from watchdog.daemon.observing.check_schedule import CheckScheduler
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.subjects import ENDPOINT
from watchdog.daemon.state.world import Endpoint, World
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import EntryKind
from watchdog.policy.assess import ENDS_SOON, failure_class
from watchdog.policy.certificates import failing_over
from watchdog.policy.flapping import Flaps, sample
from watchdog.policy.streak import Standing, follow, in_doubt, without_failures

Later = Callable[[Coroutine[Any, Any, None]], None]


class Endpoints:
    """Those that belong to no service. `doubt` is told who fails newly, and the services that it needs."""

    def __init__(
        self,
        *,
        world: World,
        asker: CheckScheduler,
        journal: Journal,
        incidents: CheckIncidents,
        doubt: Callable[[str, Iterable[ServiceKey]], None],
        watch: Callable[[Observation], None],
        later: Later,
    ) -> None:
        self._world = world
        self._asker = asker
        self._journal = journal
        self._incidents = incidents
        self._doubt = doubt
        self._watch = watch
        self._later = later

    def set(self) -> None:
        """As configured now."""
        world = self._world
        alone = {check.name: check for check in world.settings.alone}
        for name in [name for name in world.endpoints if name not in alone]:
            del world.endpoints[name]
            self._asker.drop(ENDPOINT + name)
        for name, check in alone.items():
            known = world.endpoints.get(name)
            if known is None or known.check != check:
                kept = world.flaps.get(ENDPOINT + name) if known is None else None
                world.endpoints[name] = Endpoint(check, flaps=kept.get(name, Flaps()) if kept is not None else Flaps())
            self._asker.set_checks(ENDPOINT + name, (check,), self._hear, lambda: 0)
        kept = {ENDPOINT + name for name in alone}
        self._later(self._incidents.drop(ENDPOINT, world.clock.now(), kept))

    def forget_failures(self, of: Callable[[Check], bool] = lambda _: True) -> None:
        """What was seen says nothing of these checks: they are asked anew."""
        for alone in self._world.endpoints.values():
            if of(alone.check):
                _forget(alone)
                self._asker.ask_soon(ENDPOINT + alone.check.name)

    def _hear(self, check: Check, observation: Observation, _: int) -> float:
        world, now = self._world, self._world.clock.now()
        alone = world.endpoints.get(check.name)
        if alone is None:
            return check.interval
        causes = world.first_causes(check) if alone.waiting or observation.verdict is Verdict.FAIL else ()
        if alone.waiting and not causes:
            _forget(alone)
        alone.waiting = f"waiting for {', '.join(map(str, causes))}" if causes else ""
        self._incidents.presented.note(ENDPOINT + check.name, observation)
        before = alone.streak
        alone.streak = follow(before, observation, check)
        world.outlook.note(before.last, alone.streak.last)
        if observation.verdict is not Verdict.UNKNOWN and not causes and not world.deploys(check):
            passed = observation.verdict is Verdict.PASS
            alone.flaps = sample(alone.flaps, now, world.settings.health, good=passed)
        world.changed.set()
        if observation.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL:
            alone.doubted_at = now
            self._doubt(ENDPOINT + check.name, world.needed(check))
        stands_otherwise = alone.streak.standing is not before.standing or alone.flaps.flapping
        failing = alone.streak.standing is Standing.FAILING
        if stands_otherwise or failing or self._incidents.has(ENDPOINT + check.name):
            self._later(self._settle(alone))
        self._watch(observation)
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
        await self._incidents.settle(ENDPOINT + alone.check.name, stand, self._world.clock.now())

    def _believed(self, alone: Endpoint) -> bool:
        """Whether its failure is its own: no service's that it needs, and not the observer's."""
        world = self._world
        if world.deploys(alone.check):
            return False
        if not alone.check.over_network:
            return not alone.waiting
        asked = alone.doubted_at is not None and world.others_asked_at >= alone.doubted_at
        return asked and not alone.waiting and world.suspicion() is None

    async def _blame(self, alone: Endpoint, last: Observation) -> None:
        """It has no incident of its own: once, that of the service it waits for says that it fails, too."""
        if alone.blamed is not None:
            return
        for cause in self._world.first_causes(alone.check):
            incident = self._world.services[cause].record.incident
            if incident is not None:
                alone.blamed = cause
                subject = ENDPOINT + alone.check.name
                sentence = f"{subject} fails, too ({last.reason}): {alone.waiting}"
                entry = self._journal.entry(EntryKind.DECISION, subject, sentence, incident=incident)
                await self._journal.write(entry, vital=True)
                return


def _forget(alone: Endpoint) -> None:
    alone.streak, alone.flaps, alone.blamed = without_failures(alone.streak), Flaps(), None
