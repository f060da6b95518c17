"""The incident of one service: opened, put down to a root, closed, handed to a person."""

from __future__ import annotations

from dataclasses import replace

from watchdog.daemon.incidents.checks import CheckIncidents, CheckStanding, subject_of
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recovering.decision_inputs import DecisionInputs
from watchdog.daemon.state.service import HEALTH_CHECK, ServiceState
from watchdog.daemon.state.world import World
from watchdog.model.channel import Channel
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.observation import Check
from watchdog.model.record import Desired, EntryKind
from watchdog.policy.assess import CERTIFICATE_CLASSES, failure_class, for_people
from watchdog.policy.certificates import failing_over
from watchdog.policy.flapping import Flaps
from watchdog.policy.phases import Happening, Phase
from watchdog.policy.streak import Standing, Streak

RESTING = {Health.PAUSED, Health.DONE}
"""Not bad and not good: nobody expects it to be up."""

RUNS = {Health.HEALTHY, Health.DEGRADED}
"""What runs and answers can be good and flap."""


class ServiceIncident:
    """Keeps the record and the phase of one service in step with the desk that all incidents are kept at."""

    def __init__(
        self,
        *,
        world: World,
        watched: ServiceState,
        desk: IncidentManager,
        journal: Journal,
        facts: DecisionInputs,
        checks: CheckIncidents,
    ) -> None:
        self._world = world
        self._watched = watched
        self._desk = desk
        self._journal = journal
        self._facts = facts
        self._checks = checks

    async def settle(self, seen: Assessment, now: float) -> None:
        """Opens the incident of what is bad and wanted, closes that of what is good or wanted no more."""
        if self._watched.phase is Phase.VERIFYING:
            return
        if self._watched.record.incident is None and self._world.deployed(self._watched.key) is not None:
            return
        opened = self._watched.record.incident is not None
        await (self._reconsider(seen, now) if opened else self._consider(seen, now))

    async def _consider(self, seen: Assessment, now: float) -> None:
        """Opens one of what is bad, of what flaps, and of what the engine has not told of for long."""
        watched, flapping, untold_until = self._watched, self._watched.flapping(), self.untold_until()
        if flapping is not None and seen.health in RUNS:
            cause = Cause.UNHEALTHY if flapping.name == HEALTH_CHECK else Cause.CHECK_FAILED
            seen = replace(seen, cause=cause, reason=flapping.because)
        elif not seen.health.bad and (untold_until is None or now < untold_until):
            return
        if watched.record.desired is not Desired.UP or now < self._world.state.settled_at:
            return
        blind = self._world.suspicion() if seen.cause is Cause.CHECK_FAILED else None
        if blind is None and self._facts.others_asked(seen):
            for_want = self._facts.for_want_of_roots(seen, now)
            await (self._open(seen, now) if for_want is None else self._blame(seen, for_want))

    async def _note_flapping(self) -> None:
        flapping, number = self._watched.flapping(), self._watched.record.incident
        if number is not None:
            because = flapping.because if flapping is not None else None
            await self._desk.note_flapping(number, because, self._watched.flaps)

    async def _reconsider(self, seen: Assessment, now: float) -> None:
        """Closes that of what is good and does not flap, and of what nobody wants any more."""
        watched = self._watched
        await self._note_flapping()
        if seen.serves and watched.ordered is None and watched.flapping() is None:
            nobody = "" if watched.record.attempts else " without an action of watchdog's"
            await self.close(now, f"good again{nobody}: {seen.reason}", recovered=True)
        elif seen.health in RESTING or (seen.health.bad and watched.record.desired is not Desired.UP):
            await self.close(now, f"nobody expects it to be up: {seen.reason}", recovered=False)

    async def settle_checks(self, seen: Assessment, now: float) -> None:
        """Those of its checks whose failures are for people have an incident each, and no action follows."""
        watched = self._watched
        for check in watched.settings.checks:
            streak, subject = watched.streaks.get(check.name, Streak()), subject_of(watched.key, check.name)
            flaps = watched.flaps.get(check.name, Flaps()) if check.for_people else Flaps()
            told = for_people(check, streak)
            if streak.last is None or not (told or flaps.flapping or self._checks.has(subject)):
                continue
            stand = CheckStanding(
                failing=streak.last.reason if told and self._believed(check, seen) else None,
                good=streak.last.reason if streak.standing is Standing.PASSING else None,
                flaps=flaps if seen.serves else Flaps(),
                cause=Cause.CERTIFICATE if failure_class(streak) in CERTIFICATE_CLASSES else Cause.FOR_PEOPLE,
                certificate=failing_over(streak),
                run=streak.last_fail if told else None,
            )
            await self._checks.settle(subject, stand, now)

    def _believed(self, check: Check, seen: Assessment) -> bool:
        """Whether what it says is its own: not the service's, not that of one that it needs, not the observer's."""
        world, watched = self._world, self._watched
        if world.deployed(watched.key) is not None:
            return False
        if not seen.serves or watched.record.desired is Desired.RETIRED or any(world.roots(watched).values()):
            return False
        return not check.over_network or world.suspicion() is None

    def untold_until(self) -> float | None:
        """When a person is told that the engine does not tell of its container (steady seconds)."""
        watched = self._watched
        if watched.untold_since is None or watched.record.incident is not None:
            return None
        return watched.untold_since + watched.settings.critical_after

    async def _open(self, seen: Assessment, now: float) -> None:
        """What was put down to a root until now was detected then."""
        watched = self._watched
        failure, detected_at = watched.failure(now, self._finished_at()), now
        if watched.blamed is not None:
            seen = replace(seen, reason=f"{seen.reason}; it failed while {watched.blamed} was down")
            detected_at = watched.bad_since if watched.bad_since is not None else now
        async with watched.recording:
            watched.record = await self._desk.of_service(watched, seen, failure, detected_at)
        watched.step(Happening.FAILED)
        for streak in watched.streaks.values():
            if streak.last_fail is not None and watched.record.incident is not None:
                await self._desk.keep_run(watched.record.incident, str(watched.key), streak.last_fail)
        await self._note_flapping()

    async def _blame(self, seen: Assessment, because: str) -> None:
        """It has no incident of its own: once, that of its root says that it fails, too."""
        watched, culprit = self._watched, self._world.culprit(self._watched)
        if watched.blamed is not None or culprit is None:
            return
        watched.blamed = culprit.key
        sentence = f"{watched.key} is {seen.health.value}, too ({seen.reason}): {because}"
        entry = self._journal.entry(EntryKind.DECISION, watched.key, sentence, incident=culprit.record.incident)
        await self._journal.write(entry, vital=True)

    def _finished_at(self) -> float | None:
        container = self._watched.container
        if container is None or container.finished_at is None or container.state is ContainerState.RUNNING:
            return None
        return self._world.clock.steady(container.finished_at)

    async def close(self, now: float, sentence: str, *, recovered: bool) -> None:
        """Ends it, and what was decided during it."""
        watched = self._watched
        number = watched.record.incident
        self._journal.say(watched.key, sentence, incident=number)
        watched.event_at = None
        watched.says = ""
        async with watched.recording:
            record = replace(watched.record, quarantined=None)
            if number is not None:
                record = replace(record, incident=None, last_incident=number, last_incident_closed_at=now)
                await self._desk.close(number, sentence, now, recovered=recovered, record=record)
            watched.record = record
        if watched.phase is not Phase.IDLE:
            watched.step(Happening.GOOD if recovered else Happening.RELEASED)

    async def hand_over(self, because: str) -> None:
        """Nothing more is done about the service until a person has said so."""
        watched = self._watched
        if watched.record.quarantined is None:
            number = watched.record.incident
            self._journal.say(watched.key, f"handed to a person: {because}", incident=number)
            if number is not None:
                async with watched.recording:
                    record = replace(watched.record, quarantined=because)
                    await self._desk.hand_over(number, because, record)
                    watched.record = record
                self._world.hub.publish(
                    Channel.RECOVERY_COORDINATION,
                    "incident",
                    str(watched.key),
                    f"handed to a person: {because}",
                    {"state": "handed_over", "incident": number},
                )
        if watched.phase is Phase.WAITING:
            watched.step(Happening.GIVE_UP)
