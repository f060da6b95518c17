"""The incident of one service: opened, put down to a root, closed, handed to a person."""

from __future__ import annotations

from dataclasses import replace

from watchdog.daemon.facts import Facts
from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.journal import Journal
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.record import Desired, EntryKind
from watchdog.policy.phases import Happening, Phase

RESTING = {Health.PAUSED, Health.DONE}
"""Not bad and not good: nobody expects it to be up."""


class OwnIncident:
    """Keeps the record and the phase of one service in step with the desk that all incidents are kept at."""

    def __init__(self, *, world: World, watched: Watched, desk: IncidentDesk, journal: Journal, facts: Facts) -> None:
        self._world = world
        self._watched = watched
        self._desk = desk
        self._journal = journal
        self._facts = facts

    async def settle(self, seen: Assessment, now: float) -> None:
        """Opens the incident of what is bad and wanted, closes that of what is good or wanted no more."""
        watched = self._watched
        number = watched.record.incident
        wanted = watched.record.desired is Desired.UP
        if number is None:
            untold_until = self.untold_until()
            untold_for_long = untold_until is not None and now >= untold_until
            if not ((seen.health.bad or untold_for_long) and wanted) or watched.phase is Phase.VERIFYING:
                return
            if now < self._world.state.settled_at:
                return
            blind = self._world.suspicion() if seen.cause is Cause.CHECK_FAILED else None
            if blind is None and self._facts.others_asked(seen):
                for_want = self._facts.for_want_of_roots(seen, now)
                await (self._open(seen, now) if for_want is None else self._blame(seen, for_want))
        elif watched.phase is not Phase.VERIFYING:
            if seen.health is Health.HEALTHY and watched.ordered is None:
                nobody = "" if watched.record.attempts else " without an action of watchdog's"
                await self.close(now, f"good again{nobody}: {seen.reason}", recovered=True)
            elif seen.health in RESTING or (seen.health.bad and not wanted):
                await self.close(now, f"nobody expects it to be up: {seen.reason}", recovered=False)

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
        if watched.phase is Phase.WAITING:
            watched.step(Happening.GIVE_UP)
