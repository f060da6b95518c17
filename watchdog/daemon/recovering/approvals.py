"""Requests for a person's approval: asked with the plan that was printed, answered once, good for one attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import structlog

from watchdog.codecs.approvals import APPROVAL
from watchdog.codecs.plans import essence
from watchdog.daemon.alerting.alert_inputs import rules_of
from watchdog.daemon.alerting.suppression import about_of, hold_of
from watchdog.daemon.incidents.manager import Also, IncidentManager
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.errors import UnknownApproval, UsageError
from watchdog.model.alert import FILES, Notice
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act, HandOver, Plan, Wait
from watchdog.model.record import Entry, EntryKind, Kept, ServiceRecord, Severity
from watchdog.model.snapshot import timestamp
from watchdog.policy.approvals import (
    ApprovalEvent,
    about_the_same,
    advance,
    alert_of,
    evidence,
    expired,
    needed,
    rejected,
    unneeded,
)
from watchdog.policy.routing import receivers_of

log = structlog.get_logger()

APPROVALS: Final = "approval"
"""Kind of what the ledger keeps."""
REMEMBERED: Final = 200
"""Requests that have ended and are still listed."""
TELL_AGAIN_AFTER: Final = 5.0
"""Seconds after which it is seen whether somebody may be told who could not be, as when a silence has ended."""


class Approvals:
    """A change of a request is in the ledger before anything follows from it."""

    def __init__(self, state: DaemonState, journal: Journal, records: Records, incidents: IncidentManager) -> None:
        self._state = state
        self._journal = journal
        self._records = records
        self._incidents = incidents
        self._known: dict[int, Approval] = {}
        self._deciding = asyncio.Lock()
        """Held from the look at a request to the end of its change: each is decided on once."""
        state.measures.approvals_waiting = lambda: sum(one.state is ApprovalState.WAITING for one in self._standing)

    @property
    def _standing(self) -> Iterable[Approval]:
        return self._state.operators.approvals.values()

    async def restore(self) -> None:
        """Takes up what an earlier daemon asked and was told."""
        for key, text in (await self._journal.ledger.kept(APPROVALS)).items():
            try:
                self.take(APPROVAL.load(text))
            except (ValueError, TypeError, KeyError):
                log.warning("What was kept of an approval cannot be read and is left out.", key=key)

    def list(self, everything: bool) -> list[dict[str, Any]]:
        """As `docs/api.md` describes them, the oldest first."""
        wall = self._wall
        chosen = sorted(self._known) if everything else sorted(one.id for one in self._standing)
        return [self._known[number].as_json(wall) for number in chosen]

    # What a service's worker asks

    async def reconsider(self, service: ServiceState, seen: Assessment, now: float) -> None:
        """Ends the request of a service that needs nothing done any more."""
        because = unneeded(seen, service.record, service.settings.recovery, now, ordered=self._ordered(service))
        if because is not None:
            await self._drop(service.key, because)

    def granted(self, service: ServiceState) -> bool:
        """Whether a person agreed to something that was not done yet."""
        request = self._state.operators.approvals.get(service.key)
        return request is not None and request.state is ApprovalState.APPROVED

    async def awaited(self, service: ServiceState, act: Act, now: float) -> Wait | None:
        """Whether a person was asked about this and has not answered; the service is handed over when time is up."""
        if service.key not in self._state.operators.approvals:
            return None
        async with self._deciding:
            request = self._state.operators.approvals.get(service.key)
            if request is None or request.state is not ApprovalState.WAITING:
                return None
            if not needed(act, service.settings.recovery, ordered=self._ordered(service)):
                return None
            if not about_the_same(request, act, service.container):
                return None
            if now < request.expires_at:
                return await self._tell(request, now)
            over = expired(request, now)
            await self._hand_over(service, self._moved(request, ApprovalEvent.EXPIRE, over.because), over)
            return Wait(f"handed to a person: {over.because}", now)

    def _ordered(self, service: ServiceState) -> bool:
        return self._state.operators.commands.of(service.key) is not None

    async def permit(self, service: ServiceState, act: Act, plan: Plan, now: float) -> Approval | Wait | None:
        """The approval by which a plan may be carried out; None where it needs none; else it is asked for now."""
        request = self._state.operators.approvals.get(service.key)
        if not needed(act, service.settings.recovery, ordered=self._ordered(service)):
            await self._drop(service.key, f"{act.rung} needs no approval")
            return None
        if request is not None and request.state is ApprovalState.APPROVED:
            if now < request.expires_at and request.essence == essence(plan):
                return request
            because = (
                "what would be done now is not what was approved" if now < request.expires_at else "it is too late"
            )
            await self._drop(service.key, because)
        else:
            await self._drop(service.key, "something else would be done now")
        async with self._deciding:
            return await self._ask(service, plan, now)

    def used(self, request: Approval) -> tuple[Approval, tuple[Kept, ...]]:
        """As it is once the intent is written, and what is written with that; then `take` it."""
        used = self._moved(request, ApprovalEvent.USE, f"approval {request.id} by {request.by} is used")
        return used, self._keep(used)

    # What people say

    async def approve(self, number: int, reason: str, by: str) -> str:
        """Raises UnknownApproval, UsageError for one that waits no more, or LedgerError."""
        async with self._deciding:
            request, service = self._waiting(number)
            sentence = f"approval {number} to {request.rung} {request.service} is given by {by}"
            sentence += f": {reason.strip()}" if reason.strip() else ""
            approved = replace(self._moved(request, ApprovalEvent.APPROVE, sentence), by=by, reason=reason.strip())
            await self._write(approved)
        service.wake.set()
        return f"{sentence} (it is done now if it still is what would be done: `watchdog status`)"

    async def reject(self, number: int, reason: str, by: str) -> str:
        """Its service is handed to a person. Raises as `approve`, and UsageError without a reason."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason, for whoever has to mend the service")
        async with self._deciding:
            request, service = self._waiting(number)
            over = rejected(request, by, reason.strip())
            ended = replace(self._moved(request, ApprovalEvent.REJECT, over.because), by=by, reason=reason.strip())
            await self._hand_over(service, ended, over)
        service.wake.set()
        mended = f"`watchdog recover {request.service}` when it is mended"
        return f"{over.because} (the service is handed to a person: {mended})"

    async def sweep(self) -> None:
        """Ends the requests of services that are watched no more."""
        if self._state.engine_state.polled_at is None:
            return
        for key in [one.service for one in self._standing if one.service not in self._state.services.known]:
            await self._drop(key, "the service is not watched any more")

    def _waiting(self, number: int) -> tuple[Approval, ServiceState]:
        request = self._known.get(number)
        if request is None:
            waiting = ", ".join(str(one.id) for one in self._standing if one.state is ApprovalState.WAITING)
            raise UnknownApproval(f"there is no approval {number}; these wait: {waiting or 'none'}")
        if request.state is not ApprovalState.WAITING:
            raise UsageError(f"approval {number} is {request.state} already: {request.because}")
        service = self._state.services.known.get(request.service)
        if service is None or service.record.incident != request.incident:
            raise UsageError(f"approval {number} is not needed any more: see `watchdog status`")
        if self._state.clock.now() >= request.expires_at:
            raise UsageError(f"approval {number} expired at {timestamp(request.expires_at + self._wall)}")
        return request, service

    # How a request changes

    async def _ask(self, service: ServiceState, plan: Plan, now: float) -> Wait:
        incident, seen = service.record.incident, service.assessment
        assert incident is not None  # noqa: S101 - nothing is planned by itself for what has none
        assert seen is not None  # noqa: S101 - it was just judged
        request = Approval(
            id=max(self._known, default=0) + 1,
            service=service.key,
            rung=plan.rung,
            container=service.container.id if service.container is not None else "",
            incident=incident,
            plan=str(plan),
            essence=essence(plan),
            evidence=evidence(seen),
            asked_at=now,
            expires_at=now + service.settings.recovery.approval_expires,
        )
        until = timestamp(request.expires_at + self._wall)
        sentence = f"approval {request.id} is asked for until {until}: {plan.rung}: {plan.because}"
        waits = await self._tell(request, now, self._entry(request, sentence))
        self._journal.say(service.key, sentence, incident=incident)
        return waits

    async def _tell(self, request: Approval, now: float, *entries: Entry) -> Wait:
        """Tells those that have not heard of it; until it is to be seen whether there are others."""
        about = about_of(self._state, str(request.service))
        hold, rules = hold_of(self._state, about, now), rules_of(self._state.settings.alert)
        wanted = receivers_of(about, Severity.CRITICAL, now - request.asked_at, rules)
        new = [name for name in wanted if name not in request.told and (hold is None or name == FILES)]
        if new or entries:
            request = replace(request, told=(*request.told, *new))
            await self._write(request, *entries, notices=self._notices(request, new, ended=False))
        later = hold is not None or any(route.after > now - request.asked_at for route in rules.routes)
        until = min(request.expires_at, now + TELL_AGAIN_AFTER) if later else request.expires_at
        first = request.plan.partition("\n")[0]
        return Wait(f"waits for approval {request.id} of: {first} (`watchdog approvals`)", until)

    async def _drop(self, service: ServiceKey, because: str) -> None:
        if service not in self._state.operators.approvals:
            return
        async with self._deciding:
            request = self._state.operators.approvals.get(service)
            if request is None:
                return
            if request.state is ApprovalState.APPROVED:
                sentence = f"approval {request.id} to {request.rung} {service} is void: {because}"
                ended = self._moved(request, ApprovalEvent.VOID, sentence)
            else:
                sentence = f"approval {request.id} to {request.rung} {service} is not needed any more: {because}"
                ended = self._moved(request, ApprovalEvent.WITHDRAW, sentence)
            await self._write(ended)
            self._journal.say(service, sentence, incident=request.incident)

    async def _hand_over(self, service: ServiceState, ended: Approval, over: HandOver) -> None:
        """Its end and the hand-over are one transaction: no daemon finds the one without the other."""

        def quarantined(record: ServiceRecord) -> ServiceRecord:
            if record.incident != ended.incident:
                raise UsageError(f"approval {ended.id} is not needed any more: see `watchdog status`")
            return replace(record, quarantined=over.because)

        async def write(record: ServiceRecord) -> None:
            also = Also(
                entries=(self._entry(ended, ended.because),),
                kept=self._keep(ended),
                notices=self._notices(ended, ended.told, ended=True),
            )
            await self._incidents.hand_over(ended.incident, over.because, record, also)

        await self._records.change_with(service, quarantined, write)
        self.take(ended)
        self._journal.say(service.key, f"handed to a person: {over.because}", incident=ended.incident)

    def _moved(self, request: Approval, move: ApprovalEvent, because: str) -> Approval:
        now = self._state.clock.now()
        return replace(request, state=advance(request.state, move), ended_at=now, because=because)

    async def _write(self, request: Approval, *entries: Entry, notices: Iterable[Notice] | None = None) -> None:
        """One that waits no more is told of by its own sentence."""
        if request.state is not ApprovalState.WAITING:
            entries = (self._entry(request, request.because),)
            waited = self._known[request.id].state is ApprovalState.WAITING
            notices = self._notices(request, request.told if waited else (), ended=True)
        await self._journal.write(*entries, kept=self._keep(request), notices=notices or (), vital=True)
        self.take(request)

    def _entry(self, request: Approval, sentence: str) -> Entry:
        payload = request.as_json(self._wall)
        return self._journal.entry(
            EntryKind.APPROVAL, request.service, sentence, incident=request.incident, payload=payload
        )

    def _notices(self, request: Approval, receivers: Iterable[str], *, ended: bool) -> tuple[Notice, ...]:
        clock, pages = self._state.clock, self._state.settings.alert.runbook
        about = about_of(self._state, str(request.service))
        alert = alert_of(request, about, clock.wall(), wall=self._wall, pages=pages, ended=ended)
        return tuple(Notice(receiver, alert) for receiver in receivers)

    def _keep(self, request: Approval) -> tuple[Kept, ...]:
        """Its state; the oldest of those that have ended are forgotten."""
        ended = sorted(number for number, one in self._known.items() if not one.stands)
        return (_kept(request), *(Kept(APPROVALS, str(number), None) for number in ended[:-REMEMBERED]))

    def take(self, request: Approval) -> None:
        """It is written."""
        before = self._known.get(request.id)
        self._known[request.id] = request
        for number in sorted(number for number, one in self._known.items() if not one.stands)[:-REMEMBERED]:
            del self._known[number]
        if request.stands:
            self._state.operators.approvals[request.service] = request
        elif before is not None and before.stands:
            self._state.operators.approvals.pop(request.service, None)
        if before is not None and before.state is not request.state:
            self._state.measures.approvals[request.state] += 1
        self._state.changed.set()

    @property
    def _wall(self) -> float:
        """What steady seconds lack to those of the wall clock."""
        return self._state.clock.wall() - self._state.clock.now()


def _kept(request: Approval) -> Kept:
    return Kept(APPROVALS, str(request.id), APPROVAL.dump(request))
