"""Takes care of services as they come and go: their workers, their checks, and what the ledger remembers of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

import structlog

from watchdog.daemon.asker import Asker
from watchdog.daemon.check_incidents import CheckIncidents, subject_of
from watchdog.daemon.endpoints import Endpoints
from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.journal import Journal
from watchdog.daemon.journeys import Journeys
from watchdog.daemon.looker import left_out
from watchdog.daemon.observer_watch import ObserverWatch
from watchdog.daemon.subjects import CHECK
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.errors import LedgerError
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.record import Desired, Entry, EntryKind, ServiceRecord
from watchdog.policy.flapping import Flaps
from watchdog.policy.graph import all_roots
from watchdog.policy.phases import Phase
from watchdog.policy.streak import Streak, in_doubt

log = structlog.get_logger()

EAGER = 0.25
"""Seconds between questions while an attempt waits for its verification."""

EAGER_FOR = 10.0


class Household:
    """Implements `looker.Keeper`."""

    def __init__(
        self, world: World, asker: Asker, desk: IncidentDesk, journal: Journal, checks: CheckIncidents
    ) -> None:
        self._world = world
        self._asker = asker
        self._desk = desk
        self._journal = journal
        self._checks = checks
        self._observer = ObserverWatch(world, desk, asker.prober, self._forget_what_was_seen_blind)
        self._endpoints = Endpoints(
            world=world,
            asker=asker,
            journal=journal,
            incidents=checks,
            doubt=self._ask_others,
            watch=self._watch_observer,
            later=self._later,
        )
        self._journeys = Journeys(world, asker, desk, self._hear, self._later)
        self._tasks: dict[ServiceKey, asyncio.Task[None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._asking_others: asyncio.Task[None] | None = None
        self._newly_doubted: set[str] = set()
        self._newly_needed: set[str] = set()
        self.employ: Callable[[Watched], Coroutine[Any, Any, None]] | None = None
        """Gives the life of a worker; None where nobody works (a one-shot check)."""

    def welcome(self, watched: Watched) -> None:
        self._world.regraph()
        record = watched.record
        if record.incident is not None:
            watched.phase = Phase.HANDED_OVER if record.quarantined is not None else Phase.WAITING
        watched.flapped = self._flapped(watched)
        self._ask(watched)
        if self.employ is not None:
            self._tasks[watched.key] = asyncio.create_task(self.employ(watched), name=f"worker {watched.key}")

    def _flapped(self, watched: Watched) -> dict[str, Flaps]:
        """What an earlier daemon knew of it and of those of its checks that are for people."""
        subjects = [str(watched.key), *(subject_of(watched.key, check.name) for check in watched.settings.checks)]
        return {name: flaps for one in subjects for name, flaps in self._world.flaps.get(one, {}).items()}

    def resettle(self, watched: Watched) -> None:
        self._world.regraph()
        self._ask(watched)
        watched.streaks = {
            check.name: watched.streaks[check.name]
            for check in watched.settings.checks
            if check.name in watched.streaks
        }
        kept = {subject_of(watched.key, check.name) for check in watched.settings.checks}
        self._later(self._checks.drop(subject_of(watched.key), self._world.clock.now(), kept))
        watched.wake.set()

    def dismiss(self, watched: Watched) -> None:
        for dependent in self._world.dependents(watched.key):
            dependent.wake.set()
        self._world.services.pop(watched.key, None)
        self._world.regraph()
        self._asker.drop(str(watched.key))
        task = self._tasks.pop(watched.key, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if watched.record.incident is not None:
            self._later(self._close_dismissed(watched))
        self._later(self._checks.drop(subject_of(watched.key), self._world.clock.now()))
        self._world.changed.set()

    def rename(self, watched: Watched, bearer: ServiceKey) -> None:
        """A second container made from what the first one was would write to the same volumes: it is retired."""
        sentence = f"{watched.key} is retired: its container was renamed and is {bearer} now"
        self._journal.say(watched.key, sentence)
        watched.record = replace(watched.record, desired=Desired.RETIRED)
        entry = self._journal.entry(EntryKind.DECISION, watched.key, sentence, incident=watched.record.incident)
        self._later(self._write(entry, watched.record))
        self.dismiss(watched)

    async def _write(self, entry: Entry, record: ServiceRecord) -> None:
        await self._journal.write(entry, records=[record])

    async def _close_dismissed(self, watched: Watched) -> None:
        number = watched.record.incident
        if number is None:
            return
        record = replace(watched.record, incident=None, last_incident=number, quarantined=None)
        sentence = f"nobody expects {watched.key} any more"
        await self._desk.close(number, sentence, self._world.clock.now(), recovered=False, record=record)

    async def recall(self) -> None:
        """What the ledger or the configuration says should be up and the engine does not have: it is missing."""
        world = self._world
        remembered = world.memory.records.items()
        wanted = {key: world.record_of(key) for key, record in remembered if record.desired is Desired.UP}
        for key, settings in world.settings.services:
            known = any(key.name == other.name and key.project in {"", other.project} for other in world.services)
            known = known or any(key.name == other.name and key.project in {"", other.project} for other in wanted)
            if settings.enabled and not known:
                wanted[key] = replace(world.record_of(key), desired=Desired.UP)
        for key, record in wanted.items():
            if key in world.services:
                continue
            labels = await self._labels(record)
            met = key in world.services or key in world.unwatched  # perhaps only while its labels were read
            if met or left_out(world.settings, key, labels):
                continue
            watched = Watched(key=key, settings=world.settings_for(key, labels), record=record, labels=labels)
            if not watched.settings.enabled:
                continue
            world.services[key] = watched
            watched.see(None, world.clock.now(), None)
            self.welcome(watched)
        asked = {subject_of(key, check.name) for key, one in world.services.items() for check in one.settings.checks}
        await self._checks.drop(CHECK, world.clock.now(), asked)

    async def _labels(self, record: ServiceRecord) -> dict[str, str]:
        if not record.baselines:
            return {}
        try:
            spec = await self._journal.ledger.spec(record.baselines[0].spec_id)
        except LedgerError as error:
            self._journal.say(record.service, f"its saved spec cannot be read: {error}")
            return {}
        return dict(spec.config.get("Labels") or {})

    def set_endpoints(self) -> None:
        """Stand-alone endpoints and journeys as configured; endpoints of services are among their checks."""
        self._endpoints.set()
        self._journeys.set()

    def ask_soon(self, key: ServiceKey) -> None:
        self._asker.ask_soon(str(key))
        self._journeys.ask_soon(key)

    async def finish(self, within: float) -> None:
        """Waits, `within` seconds at the most, until no engine call of a plan is under way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(watched.phase is Phase.ACTING for watched in self._world.services.values()):
                    self._world.changed.clear()
                    await self._world.changed.wait()

    async def dismiss_all(self) -> None:
        """Ends every worker; what it was doing is in the ledger."""
        tasks = [*self._tasks.values(), *self._errands, *filter(None, [self._asking_others])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def workers(self) -> dict[ServiceKey, asyncio.Task[None]]:
        return self._tasks

    def _ask(self, watched: Watched) -> None:
        owner = str(watched.key)

        def hear(check: Check, observation: Observation, incarnation: int) -> float:
            return self._hear(owner, watched, check, observation, incarnation)

        own = tuple(check for check in watched.settings.checks if not isinstance(check.probe, JourneyProbe))
        self._asker.set_checks(owner, own, hear, lambda: watched.incarnation)

    def _hear(self, owner: str, watched: Watched, check: Check, observation: Observation, incarnation: int) -> float:
        now = self._world.clock.now()
        was_doubted = watched.doubted_since is not None
        before = watched.streaks.get(check.name, Streak())
        watched.hear(check, observation, incarnation, now)
        self._world.outlook.note(before.last, watched.streaks.get(check.name, Streak()).last)
        self._checks.presented.note(subject_of(watched.key, check.name), observation)
        self._world.changed.set()
        doubted = watched.doubted_since is not None and not was_doubted
        if observation.verdict is Verdict.FAIL and doubted:
            self._ask_others(owner, {watched.key, *self._world.roots_of(watched)})
        if observation.verdict is Verdict.FAIL and before.verdict is not Verdict.FAIL and check.for_people:
            self.ask_soon(watched.key)  # if its service fails, too, it is that one's incident
        self._watch_observer(observation)
        streak = watched.streaks.get(check.name, Streak())
        if watched.phase is Phase.VERIFYING or (watched.running_for(now) < EAGER_FOR and not streak.ever_passed):
            return min(EAGER, check.interval)
        return check.retry_interval if in_doubt(streak) else check.interval

    def _ask_others(self, owner: str, needed: Iterable[ServiceKey]) -> None:
        """Before a failing check is believed: what it needs may be the root, and perhaps we are blind."""
        self._newly_doubted.add(owner)
        self._newly_needed |= {str(root) for key in needed for root in (key, *all_roots(self._world.graph(), key))}
        if self._asking_others is None or self._asking_others.done():
            self._asking_others = asyncio.create_task(self._ask_until_none_is_doubted(), name="asking the other checks")

    async def _ask_until_none_is_doubted(self) -> None:
        """Whoever comes into doubt while others are asked wants them asked once more, after its own failure."""
        world = self._world
        while self._newly_doubted:
            doubted, self._newly_doubted = self._newly_doubted, set[str]()
            needed, self._newly_needed = self._newly_needed, set[str]()
            asked_at = world.clock.now()
            await self._asker.ask_others(doubted, needed)
            world.others_asked_at = asked_at
            world.wake_all()

    def _watch_observer(self, observation: Observation) -> None:
        if self._observer.suspects and self._world.suspicion() is None:
            self._forget_what_was_seen_blind()
        if self._observer.suspects or observation.verdict is not Verdict.PASS:
            self._later(self._observer.look())

    def _forget_what_was_seen_blind(self) -> None:
        """The first check that passes proves that we see again; the others are asked before they are believed."""
        world = self._world
        world.sees_since = world.clock.now()
        self._endpoints.forget_failures()
        for watched in world.services.values():
            watched.forget_failed_checks()
            self.ask_soon(watched.key)
            watched.wake.set()

    def forget_deployed(self) -> None:
        """What failed while a deployment was open was its own affair: it has to fail anew."""
        self._endpoints.forget_failures(self._world.deploys)
        for watched in self._world.services.values():
            if self._world.deployed(watched.key) is not None:
                watched.forget_failed_checks()
                self.ask_soon(watched.key)

    def _later(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(_told(errand))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        task.add_done_callback(lambda _: errand.close())  # one that ends before it began has not been awaited


async def _told(errand: Coroutine[Any, Any, None]) -> None:
    """What could not be recorded is said, and is no bug."""
    try:
        await errand
    except LedgerError as error:
        log.error(str(error))
