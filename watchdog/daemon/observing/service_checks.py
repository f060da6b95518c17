"""Asks the checks of services, endpoints and journeys, and takes in what they answer."""

from __future__ import annotations

from collections.abc import Iterable

from watchdog.daemon.incidents.checks import CheckIncidents, subject_of
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.background import Background
from watchdog.daemon.observing.check_schedule import CheckScheduler
from watchdog.daemon.observing.endpoints import EndpointMonitor
from watchdog.daemon.observing.journeys import JourneyMonitor
from watchdog.daemon.observing.observer import ObserverWatch
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.policy.graph import all_roots
from watchdog.policy.phases import Phase
from watchdog.policy.streak import Streak, in_doubt

EAGER = 0.25
"""Seconds between questions while an attempt waits for its verification."""

EAGER_FOR = 10.0


class ServiceChecks:
    """A check that newly fails is believed once what it needs, and others, were asked after it."""

    def __init__(
        self,
        *,
        state: DaemonState,
        scheduler: CheckScheduler,
        incidents: IncidentManager,
        journal: Journal,
        checks: CheckIncidents,
        background: Background,
    ) -> None:
        self._state = state
        self._scheduler = scheduler
        self._checks = checks
        self._background = background
        self._observer = ObserverWatch(state, incidents, scheduler.prober, self._forget_what_was_seen_blind)
        self._endpoints = EndpointMonitor(
            state=state,
            scheduler=scheduler,
            journal=journal,
            check_incidents=checks,
            others=self,
            background=background,
        )
        self._journeys = JourneyMonitor(state, scheduler, incidents, self, background)
        self._asking_others = False
        self._newly_doubted: set[str] = set()
        self._newly_needed: set[str] = set()

    def set_endpoints(self) -> None:
        """Stand-alone endpoints and journeys as configured; endpoints of services are among their checks."""
        self._endpoints.set()
        self._journeys.set()

    def ask_soon(self, key: ServiceKey) -> None:
        self._scheduler.ask_soon(str(key))
        self._journeys.ask_soon(key)

    def drop(self, key: ServiceKey) -> None:
        """Asks nothing of a service any more."""
        self._scheduler.drop(str(key))

    def set(self, service: ServiceState) -> None:
        """As configured now."""
        owner = str(service.key)

        def hear(check: Check, observation: Observation, incarnation: int) -> float:
            return self.hear(owner, service, check, observation, incarnation)

        own = tuple(check for check in service.settings.checks if not isinstance(check.probe, JourneyProbe))
        self._scheduler.set_checks(owner, own, hear, lambda: service.incarnation.run.number)

    def hear(
        self, owner: str, service: ServiceState, check: Check, observation: Observation, incarnation: int
    ) -> float:
        """Takes in what a check of a service says; returns the seconds until the next question."""
        now = self._state.clock.now()
        was_doubted = service.incarnation.run.doubted_since is not None
        before = service.streaks.get(check.name, Streak())
        service.hear(check, observation, incarnation, now)
        self._state.observer.connectivity.note(check, before.last, service.streaks.get(check.name, Streak()).last)
        self._checks.presented.note(subject_of(service.key, check.name), observation)
        self._state.changed.set()
        doubted = service.incarnation.run.doubted_since is not None and not was_doubted
        if observation.verdict is Verdict.FAIL and doubted:
            self.ask_others(owner, {service.key, *self._state.dependencies.roots_of(service)})
        if observation.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL and check.for_people:
            self.ask_soon(service.key)  # if its service fails, too, it is that one's incident
        self.watch_observer(observation)
        streak = service.streaks.get(check.name, Streak())
        if service.course.phase is Phase.VERIFYING or (service.running_for(now) < EAGER_FOR and not streak.ever_passed):
            return min(EAGER, check.interval)
        return check.retry_interval if in_doubt(streak) else check.interval

    def ask_others(self, owner: str, needed: Iterable[ServiceKey]) -> None:
        """Before a failing check is believed: what it needs may be the root, and perhaps we are blind."""
        self._newly_doubted.add(owner)
        self._newly_needed |= {
            str(root) for key in needed for root in (key, *all_roots(self._state.dependencies.graph(), key))
        }
        if not self._asking_others:
            self._asking_others = True
            self._background.start(self._ask_until_none_is_doubted())

    async def _ask_until_none_is_doubted(self) -> None:
        """Whoever comes into doubt while others are asked wants them asked once more, after its own failure."""
        state = self._state
        try:
            while self._newly_doubted:
                doubted, self._newly_doubted = self._newly_doubted, set[str]()
                needed, self._newly_needed = self._newly_needed, set[str]()
                asked_at = state.clock.now()
                await self._scheduler.ask_others(doubted, needed)
                state.observer.others_asked_at = asked_at
                state.wake_all()
        finally:
            self._asking_others = False

    def watch_observer(self, observation: Observation) -> None:
        if self._observer.suspects and self._state.observer.suspicion() is None:
            self._forget_what_was_seen_blind()
        if self._observer.suspects or observation.verdict is not Verdict.PASS:
            self._background.start(self._observer.look())

    def _forget_what_was_seen_blind(self) -> None:
        """The first check that passes proves that we see again; the others are asked before they are believed."""
        state = self._state
        state.observer.sees_since = state.clock.now()
        self._endpoints.forget_failures()
        for service in state.services.known.values():
            service.forget_failed_checks()
            self.ask_soon(service.key)
            service.wake.set()

    def forget_deployed(self) -> None:
        """What failed while a deployment was open was its own affair: it has to fail anew."""
        self._endpoints.forget_failures(self._state.deployment.watches)
        for service in self._state.services.known.values():
            if self._state.deployment.reason(service.key) is not None:
                service.forget_failed_checks()
                self.ask_soon(service.key)
