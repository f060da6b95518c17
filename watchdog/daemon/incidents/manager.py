"""Incidents of services, of the engine and of the observer: opened once, closed when verified good, told in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from watchdog.codecs.states import read_flaps, write_flaps
from watchdog.daemon.alerting.notifier import Notifier
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incidents import OpenIncident, opened
from watchdog.daemon.state.service import Failure
from watchdog.daemon.state.subjects import CHECK, DEPLOYMENT, ENDPOINT, ENGINE
from watchdog.errors import LedgerError
from watchdog.model.alert import Alert, Notice
from watchdog.model.health import Assessment, Cause
from watchdog.model.observation import Observation
from watchdog.model.record import Entry, EntryKind, Incident, Kept, ServiceRecord, Severity
from watchdog.model.views import steps_json
from watchdog.policy.advice import NOTHING, advice, anchor
from watchdog.policy.flapping import Flaps
from watchdog.policy.journeys import failing_step
from watchdog.policy.telling import span

CLAIM_LOOKED_AT_AFTER = 600.0
FLAPS = "flaps"
"""Kind of what the ledger keeps of states that keep changing, by the subject of their incident."""
RECENT = 200
"""Incidents that a new daemon reads: what ended with the engine ended moments before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """What is written in the same transaction as a hand-over."""

    entries: tuple[Entry, ...] = ()
    kept: tuple[Kept, ...] = ()
    notices: tuple[Notice, ...] = ()


NOTHING_ELSE = Also()


class IncidentManager:
    """Keeps the open incidents. A change is in the ledger before it is told; what cannot be is told all the same."""

    def __init__(self, state: DaemonState, journal: Journal, alerts: Notifier, send: Callable[[Notice], None]) -> None:
        self._state = state
        self._journal = journal
        self._alerts = alerts
        self._send = send
        self._open = state.incidents
        self.engine_lost_at: float | None = None
        """When the engine last went away under an earlier daemon (Unix seconds)."""
        self.restored_flaps: Mapping[str, Mapping[str, Flaps]] = {}
        """Subject of an incident → what an earlier daemon knew of it that flapped."""
        self._unrecorded: dict[str, tuple[str, ...]] = {}
        """Subject of which people were told though the ledger cannot be written → the receivers."""
        self._unused: list[int] = []
        """Numbers of incidents that could not be recorded."""
        self.claims: list[tuple[float, int | None, str]] = []
        """(steady time to look again, incident where it is about one, subject)"""

    async def restore(self) -> None:
        """Takes up the incidents that were open when the last daemon ended, and what was told of them.

        Those of services, checks and the engine go on, others are judged afresh.
        """
        kept = {record.incident for record in self._state.ledger.records.values()}
        found = await self._journal.ledger.open_incidents()
        recent = await self._journal.ledger.incidents(RECENT)
        self.engine_lost_at = max((one.detected_at for one in recent if one.subject == ENGINE), default=None)
        states = await self._alerts.restore(found)
        subjects = {incident.subject for incident in found if incident.flapping}
        flaps = await self._journal.ledger.kept(FLAPS)
        self.restored_flaps = {subject: read_flaps(text) for subject, text in flaps.items() if subject in subjects}
        for one in found:
            state = states.get(one.id)
            self._open[one.id] = opened(one, failed_at=one.failed_at, detected_at=one.detected_at, state=state)
        for incident in found:
            if incident.id not in kept and not _goes_on(incident):
                now = self._state.clock.now()
                await self.close(incident.id, "a new daemon judges afresh", now, recovered=False)

    def number_of(self, subject: str) -> int | None:
        """The open incident of a subject."""
        return next((one.id for one in self._open.values() if one.incident.subject == subject), None)

    def with_incident(self, record: ServiceRecord, window: float, now: float) -> ServiceRecord:
        """With a new incident, or the last one again where that closed within the window."""
        closed_at = record.last_incident_closed_at
        within = closed_at is not None and now - closed_at < window
        again = record.last_incident if within else None
        return replace(record, incident=again if again is not None else self._number())

    async def open_of_service(self, record: ServiceRecord, seen: Assessment, failure: Failure, now: float) -> None:
        """Opens the incident of a record that was made `with_incident`.

        `now` is when it was detected, which may have been a while ago.
        """
        number = record.incident
        assert number is not None  # noqa: S101 - it was made `with_incident`
        if number != record.last_incident:
            incident = self._incident(
                number, str(record.service), cause=seen.cause, summary=seen.reason, failure=failure, now=now
            )
            await self._write_opened(incident, record, failure, now, seen.reason)
            return
        old, _ = await self._journal.ledger.timeline(number)
        self._refute(number)
        incident = replace(
            old,
            closed_at=None,
            recovered_at=None,
            cause=seen.cause,
            severity=Severity.WARNING,
            summary=seen.reason,
        )
        await self._write_opened(incident, record, failure, now, f"failed again: {seen.reason}")

    async def of_subject(
        self,
        subject: str,
        summary: str,
        now: float,
        failed_at: float | None = None,
        cause: Cause = Cause.CHECK_FAILED,
    ) -> int:
        """Opens an incident that is no service's: `engine`, `observer`, `endpoint NAME`, `check SERVICE NAME`."""
        failure = Failure(failed_at if failed_at is not None else now, bound=failed_at is None)
        incident = self._incident(self._number(), subject, cause=cause, summary=summary, failure=failure, now=now)
        await self._write_opened(incident, None, failure, now, summary)
        return incident.id

    def _number(self) -> int:
        return self._unused.pop() if self._unused else self._journal.ledger.next_incident()

    def _incident(
        self, number: int, subject: str, *, cause: Cause, summary: str, failure: Failure, now: float
    ) -> Incident:
        wall = self._state.clock.wall() - (self._state.clock.now() - now)
        return Incident(
            id=number,
            subject=subject,
            cause=cause,
            severity=Severity.WARNING,
            summary=summary,
            failed_at=wall - max(0.0, now - failure.at),
            failed_at_is_bound=failure.bound,
            detected_at=wall,
        )

    async def _write_opened(
        self, incident: Incident, record: ServiceRecord | None, failure: Failure, now: float, sentence: str
    ) -> None:
        seconds = max(0.0, now - failure.at)
        known = "at most " if failure.bound else ""
        entry = self._journal.entry(
            EntryKind.INCIDENT_OPENED,
            incident.subject,
            f"{sentence} (detected {known}{seconds:.3f} s after it failed)",
            incident=incident.id,
            payload={"cause": incident.cause.value, "detection_seconds": round(seconds, 4), "bound": failure.bound},
        )
        records = [record] if record is not None else []
        one = opened(incident, failed_at=failure.at, detected_at=now)
        async with self._alerts.changing(one):
            plan = self._alerts.due(one, self._state.clock.now())
            try:
                await self._journal.write(
                    entry, records=records, incidents=[incident], kept=plan.kept, notices=plan.notices, vital=True
                )
            except LedgerError as error:
                if record is None or incident.id != record.last_incident:
                    self._unused.append(incident.id)
                self.unrecorded(incident.subject, sentence, error)
                raise
            self._open[incident.id] = one
            self._alerts.take(plan)
        measures = self._state.measures
        (measures.detection_bound if failure.bound else measures.detection).observe(seconds)
        self.recorded(incident.subject, f"it is recorded as incident {incident.id}")
        self._state.changed.set()

    def unrecorded(self, subject: str, summary: str, error: LedgerError) -> None:
        """Nothing is done without a record, so a person must: tells it once, while the ledger cannot be written."""
        if subject not in self._unrecorded:
            self._unrecorded[subject] = self._alerts.everybody(subject)
            alert = self._unrecorded_alert(subject, f"{summary}. Nothing is done without a record: {error}.")
            for receiver in self._unrecorded[subject]:
                self._send(Notice(receiver, alert))

    def recorded(self, subject: str, sentence: str) -> None:
        """Ends the alert of `unrecorded`, where there was one."""
        alert = self._unrecorded_alert(subject, f"resolved: {sentence}", resolved=True)
        for receiver in self._unrecorded.pop(subject, ()):
            self._send(Notice(receiver, alert))

    def _unrecorded_alert(self, subject: str, summary: str, *, resolved: bool = False) -> Alert:
        what = advice(summary, NOTHING)
        return Alert(
            key=f"unrecorded-{subject}",
            severity=Severity.CRITICAL,
            subject=subject,
            summary=summary,
            at=self._state.clock.wall(),
            resolved=resolved,
            command="watchdog status",
            todo="" if resolved else what.todo,
            runbook="" if resolved else f"{self._state.settings.alert.runbook}#{anchor(what.heading)}",
        )

    async def close(
        self, number: int, sentence: str, now: float, *, recovered: bool, record: ServiceRecord | None = None
    ) -> None:
        """`recovered` says that it was verified good; otherwise nobody minds any more."""
        records = [record] if record is not None else []
        one = self._open.get(number)
        if one is not None:
            async with self._alerts.changing(one):
                if number in self._open:
                    await self._close(one, sentence, now, recovered=recovered, records=records)
                    return
        if records:
            await self._journal.write(records=records)

    async def _close(
        self, one: OpenIncident, sentence: str, now: float, *, recovered: bool, records: Sequence[ServiceRecord]
    ) -> None:
        wall = self._state.clock.wall()
        incident = replace(one.incident, closed_at=wall, recovered_at=wall if recovered else None)
        entries = [
            self._journal.entry(
                EntryKind.INCIDENT_CLOSED,
                incident.subject,
                sentence,
                incident=one.id,
                payload={"downtime_seconds": round(max(0.0, now - one.failed_at), 3), "recovered": recovered},
            )
        ]
        if recovered:
            sentence_of_claim = f"claims that {incident.subject} is good again; looked at again in 10 minutes"
            entries.append(self._journal.entry(EntryKind.CLAIM, incident.subject, sentence_of_claim, incident=one.id))
        plan = self._alerts.ended(replace(one, incident=incident), sentence, now)
        try:
            await self._journal.write(
                *entries, records=records, incidents=[incident], kept=plan.kept, notices=plan.notices, vital=True
            )
        except LedgerError:
            one.alerts.ending = False
            raise
        del self._open[one.id]
        self._alerts.take(plan)
        if recovered:
            self._state.measures.recovery.observe(now - one.detected_at)
            self.claim(incident.id, incident.subject, now)
        self._state.changed.set()

    def claim(self, number: int | None, subject: str, now: float) -> None:
        """What is said to be good is looked at again after a while; that it was said is in the ledger already."""
        self._state.measures.claims += 1
        self.claims.append((now + CLAIM_LOOKED_AT_AFTER, number, subject))

    def _refute(self, number: int) -> None:
        """What was called recovered failed again within ten minutes."""
        held = [claim for claim in self.claims if claim[1] != number]
        self._state.measures.claims_refuted += len(self.claims) - len(held)
        self.claims = held

    async def look_at_claims(self, now: float) -> None:
        """Claims that are ten minutes old are looked at again: held or refuted, in the ledger either way."""
        due = [claim for claim in self.claims if claim[0] <= now]
        self.claims = [claim for claim in self.claims if claim[0] > now]
        for _, number, subject in due:
            service = next((one for key, one in self._state.services.known.items() if str(key) == subject), None)
            bad = service is not None and service.assessment is not None and service.assessment.health.bad
            self._state.measures.claims_refuted += bad
            sentence = f"looked at again: {subject} " + ("is bad: the claim is refuted" if bad else "is still good")
            await self._journal.write(self._journal.entry(EntryKind.CLAIM, subject, sentence, incident=number))

    async def keep_run(self, number: int, subject: str, run: Observation) -> None:
        """A failing run of a journey with every request and answer; once for each step that fails in an incident."""
        failed = failing_step(run.steps)
        one = self._open.get(number)
        if one is None or failed is None or (run.check, failed.name) in one.kept_runs:
            return
        one.kept_runs.add((run.check, failed.name))
        sentence = f"journey {run.check}: {run.reason}"
        payload = {"journey": run.check, "at": run.at, "steps": steps_json(run.steps)}
        entry = self._journal.entry(EntryKind.OBSERVATION, subject, sentence, incident=number, payload=payload)
        await self._journal.write(entry)

    async def note_flapping(self, number: int, because: str | None, known: Mapping[str, Flaps]) -> None:
        """Whether what an incident is about keeps changing, and why that is said; None once it has settled.

        What is `known` of its states is kept for the next daemon.
        """
        one = self._open.get(number)
        if one is None:
            return
        async with self._alerts.changing(one):
            if number not in self._open or one.incident.flapping is (because is not None):
                return
            incident = replace(one.incident, flapping=because is not None)
            sentence = f"{because}: one incident until it settles" if because is not None else "it flaps no more"
            entry = self._journal.entry(EntryKind.DECISION, incident.subject, sentence, incident=number)
            kept = Kept(FLAPS, incident.subject, write_flaps(known) if because is not None else None)
            await self._journal.write(entry, incidents=[incident], kept=[kept], vital=True)
            one.incident = incident
        self._alerts.reconsider()
        self._state.changed.set()

    async def note(self, number: int, subject: str, sentence: str) -> None:
        """Puts down to an open incident what is wrong with another subject."""
        await self._journal.write(
            self._journal.entry(EntryKind.DECISION, subject, sentence, incident=number), vital=True
        )

    async def hand_over(self, number: int, because: str, record: ServiceRecord, also: Also = NOTHING_ELSE) -> None:
        """A person is needed: the incident turns critical and the alert goes out. `also` is written with it."""
        sentence = f"{record.service}: {because}. A person is needed."
        await self._critical(number, sentence, handed_over=because, records=[record], also=also)

    async def needs_person(self, number: int, because: str) -> None:
        """As `hand_over`, of what is no service."""
        await self._critical(number, because, handed_over=because)

    async def overdue(self, number: int, now: float) -> None:
        """It is down for longer than is allowed: the alert goes out, whatever the ladder does."""
        one = self._open.get(number)
        if one is not None:
            down, incident = span(now - one.failed_at), one.incident
            await self._critical(number, f"{incident.subject} is down for {down}: {incident.summary}.")

    async def _critical(
        self,
        number: int,
        sentence: str,
        *,
        handed_over: str | None = None,
        records: Sequence[ServiceRecord] = (),
        also: Also = NOTHING_ELSE,
    ) -> None:
        one = self._open.get(number)
        if one is not None:
            async with self._alerts.changing(one):
                if number in self._open:
                    await self._escalate(one, sentence, handed_over, records, also)
                    return
        if records:  # closed meanwhile
            await self._journal.write(*also.entries, records=records, kept=also.kept, notices=also.notices)

    async def _escalate(
        self,
        one: OpenIncident,
        sentence: str,
        handed_over: str | None,
        records: Sequence[ServiceRecord],
        also: Also,
    ) -> None:
        one.incident = incident = replace(one.incident, severity=Severity.CRITICAL)
        entry = self._journal.entry(EntryKind.ALERT, incident.subject, sentence, incident=one.id)
        plan = self._alerts.due(one, self._state.clock.now(), handed_over)
        try:
            await self._journal.write(
                *also.entries,
                entry,
                records=records,
                incidents=[incident],
                kept=(*also.kept, *plan.kept),
                notices=(*also.notices, *plan.notices),
                vital=True,
            )
        except LedgerError:
            self._alerts.tell_unwritten(plan)
            raise
        finally:
            self._state.changed.set()
        self._alerts.take(plan)


def _goes_on(incident: Incident) -> bool:
    """Whether somebody else than a service's worker takes it up after a restart."""
    return incident.subject == ENGINE or incident.subject.startswith((CHECK, DEPLOYMENT, ENDPOINT))
