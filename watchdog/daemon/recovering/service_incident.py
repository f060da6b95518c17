"""The incident of one service: opened, put down to a root, closed, handed to a person."""

from __future__ import annotations

from dataclasses import replace

from watchdog.daemon.incidents.checks import CheckIncidents, CheckStanding, subject_of
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.decision_inputs import DecisionInputs
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import HEALTH_CHECK, ServiceState
from watchdog.model.channel import Channel
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.observation import Check
from watchdog.model.record import Desired, EntryKind
from watchdog.policy.assess import CERTIFICATE_CLASSES, failure_class, for_people
from watchdog.policy.certificates import failing_over
from watchdog.policy.common_cause import reached
from watchdog.policy.flapping import Flaps
from watchdog.policy.phases import Phase, RecoveryEvent
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
        state: DaemonState,
        service: ServiceState,
        incidents: IncidentManager,
        journal: Journal,
        records: Records,
        inputs: DecisionInputs,
        checks: CheckIncidents,
    ) -> None:
        self._state = state
        self._service = service
        self._incidents = incidents
        self._journal = journal
        self._records = records
        self._inputs = inputs
        self._checks = checks

    async def settle(self, seen: Assessment, now: float) -> None:
        """Opens the incident of what is bad and wanted, closes that of what is good or wanted no more."""
        if self._service.course.phase is Phase.VERIFYING:
            return
        if self._service.record.incident is None and self._state.deployment.reason(self._service.key) is not None:
            return
        opened = self._service.record.incident is not None
        await (self._reconsider(seen, now) if opened else self._consider(seen, now))

    async def _consider(self, seen: Assessment, now: float) -> None:
        """Opens one of what is bad, of what flaps, and of what the engine has not told of for long."""
        service, flapping, untold_until = self._service, self._service.flapping(), self.untold_until()
        if flapping is not None and seen.health in RUNS:
            cause = Cause.UNHEALTHY if flapping.name == HEALTH_CHECK else Cause.CHECK_FAILED
            seen = replace(seen, cause=cause, reason=flapping.because)
        elif not seen.health.bad and (untold_until is None or now < untold_until):
            return
        if service.record.desired is not Desired.UP or now < self._state.engine_state.settled_at:
            return
        if self._inputs.suspicion(seen) is None and self._inputs.others_asked(seen):
            for_want = self._inputs.for_want_of_roots(seen, now)
            await (self._open(seen, now) if for_want is None else self._blame(seen, for_want))

    async def _note_flapping(self) -> None:
        flapping, number = self._service.flapping(), self._service.record.incident
        if number is not None:
            because = flapping.because if flapping is not None else None
            await self._incidents.note_flapping(number, because, self._service.flaps)

    async def _reconsider(self, seen: Assessment, now: float) -> None:
        """Closes that of what is good and does not flap, and of what nobody wants any more."""
        service = self._service
        await self._note_flapping()
        ordered = self._state.operators.commands.of(service.key) is not None
        if seen.serves and not ordered and service.flapping() is None:
            nobody = "" if service.record.attempts else " without an action of watchdog's"
            await self.close(now, f"good again{nobody}: {seen.reason}", recovered=True)
        elif seen.health in RESTING or (seen.health.bad and service.record.desired is not Desired.UP):
            await self.close(now, f"nobody expects it to be up: {seen.reason}", recovered=False)
        elif service.record.quarantined is not None and service.course.phase is Phase.WAITING:
            service.course.advance(RecoveryEvent.GIVE_UP)  # by whoever answered, or did not, a request for approval

    async def settle_checks(self, seen: Assessment, now: float) -> None:
        """Those of its checks whose failures are for people have an incident each, and no action follows."""
        service = self._service
        for check in service.settings.checks:
            streak, subject = service.streaks.get(check.name, Streak()), subject_of(service.key, check.name)
            flaps = service.flaps.get(check.name, Flaps()) if check.for_people else Flaps()
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
        state, service = self._state, self._service
        if state.deployment.reason(service.key) is not None:
            return False
        if (
            not seen.serves
            or service.record.desired is Desired.RETIRED
            or any(state.dependencies.roots(service).values())
        ):
            return False
        may_be_blind = reached(check, service.streaks[check.name].last_fail) is False
        return not may_be_blind or state.observer.suspicion() is None

    def untold_until(self) -> float | None:
        """When a person is told that the engine does not tell of its container (steady seconds)."""
        service = self._service
        if service.inspection.failing_since is None or service.record.incident is not None:
            return None
        return service.inspection.failing_since + service.settings.critical_after

    async def _open(self, seen: Assessment, now: float) -> None:
        """What was put down to a root until now was detected then."""
        service = self._service
        failure, detected_at = service.failure(now, self._finished_at()), now
        if service.course.attributed_to is not None:
            seen = replace(seen, reason=f"{seen.reason}; it failed while {service.course.attributed_to} was down")
            detected_at = service.course.bad_since if service.course.bad_since is not None else now
        window = service.settings.recovery.window
        await self._records.change_with(
            service,
            lambda record: self._incidents.with_incident(record, window, detected_at),
            lambda record: self._incidents.open_of_service(record, seen, failure, detected_at),
        )
        service.course.advance(RecoveryEvent.FAILED)
        for streak in service.streaks.values():
            if streak.last_fail is not None and service.record.incident is not None:
                await self._incidents.keep_run(service.record.incident, str(service.key), streak.last_fail)
        await self._note_flapping()

    async def _blame(self, seen: Assessment, because: str) -> None:
        """It has no incident of its own: once, that of its root says that it fails, too."""
        service, root_cause = self._service, self._state.dependencies.root_cause(self._service)
        if service.course.attributed_to is not None or root_cause is None:
            return
        service.course.attribute(root_cause.key)
        sentence = f"{service.key} is {seen.health.value}, too ({seen.reason}): {because}"
        entry = self._journal.entry(EntryKind.DECISION, service.key, sentence, incident=root_cause.record.incident)
        await self._journal.write(entry, vital=True)

    def _finished_at(self) -> float | None:
        container = self._service.container
        if container is None or container.finished_at is None or container.state is ContainerState.RUNNING:
            return None
        return self._state.clock.steady(container.finished_at)

    async def close(self, now: float, sentence: str, *, recovered: bool) -> None:
        """Ends it, and what was decided during it."""
        service = self._service
        number = service.record.incident
        self._journal.say(service.key, sentence, incident=number)
        service.signals.failed_at = None
        service.course.closed()
        if number is not None:
            await self._records.change_with(
                service,
                lambda record: replace(
                    record, quarantined=None, incident=None, last_incident=number, last_incident_closed_at=now
                ),
                lambda record: self._incidents.close(number, sentence, now, recovered=recovered, record=record),
            )
        if service.course.phase is not Phase.IDLE:
            service.course.advance(RecoveryEvent.GOOD if recovered else RecoveryEvent.RELEASED)

    async def hand_over(self, because: str) -> None:
        """Nothing more is done about the service until a person has said so."""
        service = self._service
        if service.record.quarantined is None:
            number = service.record.incident
            self._journal.say(service.key, f"handed to a person: {because}", incident=number)
            if number is not None:
                await self._records.change_with(
                    service,
                    lambda record: replace(record, quarantined=because),
                    lambda record: self._incidents.hand_over(number, because, record),
                )
                self._state.hub.publish(
                    Channel.RECOVERY_COORDINATION,
                    "incident",
                    str(service.key),
                    f"handed to a person: {because}",
                    {"state": "handed_over", "incident": number},
                )
        if service.course.phase is Phase.WAITING:
            service.course.advance(RecoveryEvent.GIVE_UP)
