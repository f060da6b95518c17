"""Requests for a person's approval: asked with the plan that was printed, answered once, good for one attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import structlog

from watchdog.codecs.approvals import APPROVAL
from watchdog.codecs.plans import essence
from watchdog.daemon.accounts import rules_of
from watchdog.daemon.holding import about_of, hold_of
from watchdog.daemon.incidents import Also, IncidentDesk
from watchdog.daemon.journal import Journal
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.errors import UnknownApproval, UsageError
from watchdog.model.alert import FILES, Notice
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act, Plan, Wait
from watchdog.model.record import Entry, EntryKind, Kept, Severity
from watchdog.model.snapshot import timestamp
from watchdog.policy.approvals import Move, about_the_same, advance, alert_of, evidence, needed, unneeded
from watchdog.policy.phases import Happening, Phase
from watchdog.policy.routing import receivers_of
from watchdog.policy.telling import span

log = structlog.get_logger()

APPROVALS: Final = "approval"
"""Kind of what the ledger keeps."""
REMEMBERED: Final = 200
"""Requests that have ended and are still listed."""
TELL_AGAIN_AFTER: Final = 5.0
"""Seconds after which it is seen whether somebody may be told who could not be, as when a silence has ended."""


class ApprovalDesk:
    """A change of a request is in the ledger before anything follows from it."""

    def __init__(self, world: World, journal: Journal, incidents: IncidentDesk) -> None:
        self._world = world
        self._journal = journal
        self._incidents = incidents
        self._known: dict[int, Approval] = {}
        self._deciding = asyncio.Lock()
        """Held from the look at a request to the end of its change: each is decided on once."""
        world.measures.approvals_waiting = lambda: sum(one.state is ApprovalState.WAITING for one in self._standing)

    @property
    def _standing(self) -> Iterable[Approval]:
        return self._world.approvals.values()

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

    async def reconsider(self, watched: Watched, seen: Assessment, now: float) -> None:
        """Ends the request of a service that needs nothing done any more."""
        because = unneeded(seen, watched.record, watched.settings.recovery, now, ordered=watched.ordered is not None)
        if because is not None:
            await self._drop(watched.key, because)

    def granted(self, watched: Watched) -> bool:
        """Whether a person agreed to something that was not done yet."""
        request = self._world.approvals.get(watched.key)
        return request is not None and request.state is ApprovalState.APPROVED

    async def awaited(self, watched: Watched, act: Act, now: float) -> Wait | None:
        """Whether a person was asked about this and has not answered; the service is handed over when time is up."""
        if watched.key not in self._world.approvals:
            return None
        async with self._deciding:
            request = self._world.approvals.get(watched.key)
            if request is None or request.state is not ApprovalState.WAITING:
                return None
            if not needed(act, watched.settings.recovery, ordered=watched.ordered is not None):
                return None
            if not about_the_same(request, act, watched.container):
                return None
            if now < request.expires_at:
                return await self._tell(request, now)
            after = span(now - request.asked_at)
            because = f"approval {request.id} to {request.rung} {request.service} expired unanswered after {after}"
            await self._hand_over(watched, self._moved(request, Move.EXPIRE, because))
            return Wait(f"handed to a person: {because}")

    async def permit(self, watched: Watched, act: Act, plan: Plan, now: float) -> Approval | Wait | None:
        """The approval by which a plan may be carried out; None where it needs none; else it is asked for now."""
        request = self._world.approvals.get(watched.key)
        if not needed(act, watched.settings.recovery, ordered=watched.ordered is not None):
            await self._drop(watched.key, f"{act.rung} needs no approval")
            return None
        if request is not None and request.state is ApprovalState.APPROVED:
            if now < request.expires_at and request.essence == essence(plan):
                return request
            because = (
                "what would be done now is not what was approved" if now < request.expires_at else "it is too late"
            )
            await self._drop(watched.key, because)
        else:
            await self._drop(watched.key, "something else would be done now")
        async with self._deciding:
            return await self._ask(watched, plan, now)

    def used(self, request: Approval) -> tuple[Approval, tuple[Kept, ...]]:
        """As it is once the intent is written, and what is written with that; then `take` it."""
        used = self._moved(request, Move.USE, f"approval {request.id} by {request.by} is used")
        return used, self._keep(used)

    # What people say

    async def approve(self, number: int, reason: str, by: str) -> str:
        """Raises UnknownApproval, UsageError for one that waits no more, or LedgerError."""
        async with self._deciding:
            request, watched = self._waiting(number)
            sentence = f"approval {number} to {request.rung} {request.service} is given by {by}"
            sentence += f": {reason.strip()}" if reason.strip() else ""
            approved = replace(self._moved(request, Move.APPROVE, sentence), by=by, reason=reason.strip())
            await self._write(approved)
        watched.wake.set()
        return f"{sentence} (it is done now if it still is what would be done: `watchdog status`)"

    async def reject(self, number: int, reason: str, by: str) -> str:
        """Its service is handed to a person. Raises as `approve`, and UsageError without a reason."""
        if not reason.strip():
            raise UsageError("a rejection needs a reason, for whoever has to mend the service")
        async with self._deciding:
            request, watched = self._waiting(number)
            sentence = f"approval {number} to {request.rung} {request.service} is rejected by {by}: {reason.strip()}"
            rejected = replace(self._moved(request, Move.REJECT, sentence), by=by, reason=reason.strip())
            await self._hand_over(watched, rejected)
        watched.wake.set()
        return f"{sentence} (the service is handed to a person: `watchdog recover {request.service}` when it is mended)"

    async def sweep(self) -> None:
        """Ends the requests of services that are watched no more."""
        if self._world.polled_at is None:
            return
        for key in [one.service for one in self._standing if one.service not in self._world.services]:
            await self._drop(key, "the service is not watched any more")

    def _waiting(self, number: int) -> tuple[Approval, Watched]:
        request = self._known.get(number)
        if request is None:
            waiting = ", ".join(str(one.id) for one in self._standing if one.state is ApprovalState.WAITING)
            raise UnknownApproval(f"there is no approval {number}; these wait: {waiting or 'none'}")
        if request.state is not ApprovalState.WAITING:
            raise UsageError(f"approval {number} is {request.state} already: {request.because}")
        watched = self._world.services.get(request.service)
        if watched is None or watched.record.incident != request.incident:
            raise UsageError(f"approval {number} is not needed any more: see `watchdog status`")
        if self._world.clock.now() >= request.expires_at:
            raise UsageError(f"approval {number} expired at {timestamp(request.expires_at + self._wall)}")
        return request, watched

    # How a request changes

    async def _ask(self, watched: Watched, plan: Plan, now: float) -> Wait:
        incident, seen = watched.record.incident, watched.seen
        assert incident is not None  # noqa: S101 - nothing is planned by itself for what has none
        assert seen is not None  # noqa: S101 - it was just judged
        request = Approval(
            id=max(self._known, default=0) + 1,
            service=watched.key,
            rung=plan.rung,
            container=watched.container.id if watched.container is not None else "",
            incident=incident,
            plan=str(plan),
            essence=essence(plan),
            evidence=evidence(seen),
            asked_at=now,
            expires_at=now + watched.settings.recovery.approval_expires,
        )
        until = timestamp(request.expires_at + self._wall)
        sentence = f"approval {request.id} is asked for until {until}: {plan.rung}: {plan.because}"
        waits = await self._tell(request, now, self._entry(request, sentence))
        self._journal.say(watched.key, sentence, incident=incident)
        return waits

    async def _tell(self, request: Approval, now: float, *entries: Entry) -> Wait:
        """Tells those that have not heard of it; until it is to be seen whether there are others."""
        about = about_of(self._world, str(request.service))
        hold, rules = hold_of(self._world, about, now), rules_of(self._world.settings.alert)
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
        if service not in self._world.approvals:
            return
        async with self._deciding:
            request = self._world.approvals.get(service)
            if request is None:
                return
            if request.state is ApprovalState.APPROVED:
                sentence = f"approval {request.id} to {request.rung} {service} is void: {because}"
                ended = self._moved(request, Move.VOID, sentence)
            else:
                sentence = f"approval {request.id} to {request.rung} {service} is not needed any more: {because}"
                ended = self._moved(request, Move.WITHDRAW, sentence)
            await self._write(ended)
            self._journal.say(service, sentence, incident=request.incident)

    async def _hand_over(self, watched: Watched, ended: Approval) -> None:
        """Its end and the hand-over are one transaction: no daemon finds the one without the other."""
        async with watched.recording:
            if watched.record.incident != ended.incident:
                raise UsageError(f"approval {ended.id} is not needed any more: see `watchdog status`")
            record = replace(watched.record, quarantined=ended.because)
            also = Also(
                entries=(self._entry(ended, ended.because),),
                kept=self._keep(ended),
                notices=self._notices(ended, ended.told, ended=True),
            )
            await self._incidents.hand_over(ended.incident, ended.because, record, also)
            watched.record = record
        self.take(ended)
        self._journal.say(watched.key, f"handed to a person: {ended.because}", incident=ended.incident)
        if watched.phase is Phase.WAITING:
            watched.step(Happening.GIVE_UP)

    def _moved(self, request: Approval, move: Move, because: str) -> Approval:
        now = self._world.clock.now()
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
        clock, pages = self._world.clock, self._world.settings.alert.runbook
        about = about_of(self._world, str(request.service))
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
            self._world.approvals[request.service] = request
        elif before is not None and before.stands:
            self._world.approvals.pop(request.service, None)
        if before is not None and before.state is not request.state:
            self._world.measures.approvals[request.state] += 1
        self._world.changed.set()

    @property
    def _wall(self) -> float:
        """What steady seconds lack to those of the wall clock."""
        return self._world.clock.wall() - self._world.clock.now()


def _kept(request: Approval) -> Kept:
    return Kept(APPROVALS, str(request.id), APPROVAL.dump(request))
