"""Carries out what was decided: plan, intent, execution; then its verification and outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from watchdog.codecs.plans import steps_as_json
from watchdog.daemon.approvals import ApprovalDesk
from watchdog.daemon.journal import Journal
from watchdog.daemon.looker import Looker
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError, EngineUnavailable, LedgerError
from watchdog.model.approval import Approval
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act, RemoveContainer, StopContainer, Wait, container_of
from watchdog.model.record import Attempt, Desired, EntryKind, Outcome, Pause, Rung, ServiceRecord
from watchdog.policy.budget import counting_window
from watchdog.policy.ladder import MINUTE
from watchdog.policy.phases import Phase
from watchdog.policy.planning import Impossible
from watchdog.recovery.manager import Attempted, Errand, ServiceRecoveryManager
from watchdog.recovery.planner import Planned, Planner, Subject

OLDEST_API = "1.41"
LOOK_AGAIN_AFTER = 1.0
RETRY_AFTER_TROUBLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What an attempt led to so far. `impossible` burns no attempt; `again_at` says when it may look different."""

    failure: str | None = None
    impossible: str | None = None
    again_at: float | None = None


@dataclass(slots=True)
class Underway:
    """An attempt that waits for its verification. Times are steady seconds."""

    errand: Errand
    made: str
    began_at: float
    wait: float
    """How long it may take to be verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What is still due of an attempt that failed: first its undo, then its outcome. Nothing else is done before."""

    errand: Errand
    made: str | None
    because: str
    burnt: bool = True
    undone: bool = False


@dataclass(slots=True)
class Acting:
    world: World
    looker: Looker
    journal: Journal
    planner: Planner
    manager: ServiceRecoveryManager
    approvals: ApprovalDesk
    ask_soon: Callable[[ServiceKey], None]
    engine_gone: Callable[[str], Awaitable[None]]
    """Told when the engine went away while something was done on it."""
    _underway: dict[ServiceKey, Underway] = field(default_factory=dict[ServiceKey, Underway])
    _owed: dict[ServiceKey, Owed] = field(default_factory=dict[ServiceKey, Owed])

    def breaker_until(self, now: float) -> float | None:
        return self.manager.breaker.open_until(now)

    async def plan(self, watched: Watched, decision: Act) -> Planned | Impossible:
        """The plan for a rung; changes nothing."""
        identity = self.world.state.identity
        subject = Subject(
            record=watched.record,
            container=watched.container,
            config_hash=watched.config_hash,
            stop_timeout=watched.settings.stop_timeout,
            bearers=self.world.bearers(watched),
        )
        return await self.planner.plan(subject, decision, identity.api_version if identity is not None else OLDEST_API)

    async def attempt(self, watched: Watched, decision: Act, now: float, stands: Callable[[], bool]) -> Begun:
        """Intent into the ledger, then the engine calls. Raises LedgerError before anything was touched.

        `stands`: whether the decision, once it is planned, would be taken again.
        """
        judged, wanted = watched.container, _wanted(watched.record)
        try:
            planned = await self.plan(watched, decision)
        except EngineError as error:
            return Begun(impossible=str(error), again_at=now + RETRY_AFTER_TROUBLE)
        except LedgerError as error:
            return Begun(impossible=f"its saved spec cannot be read: {error}")
        if isinstance(planned, Impossible):
            again_at = now + LOOK_AGAIN_AFTER if planned.passing else None
            return Begun(impossible=planned.because, again_at=again_at)
        if watched.container != judged:
            return Begun(impossible="its container changed while this was planned", again_at=now)
        plan = planned.plan
        permit = await self.approvals.permit(watched, decision, plan, now)
        if isinstance(permit, Wait):
            return Begun(impossible=permit.because, again_at=permit.until)
        errand = await self._intend(
            watched, planned, permit, now, lambda: _wanted(watched.record) == wanted and stands()
        )
        if errand is None:
            return Begun(impossible="what it was decided on changed while this was planned", again_at=now)
        if watched.container is not None and watched.container.running:
            self.world.restarts.append(now)
            self.world.restarts = [at for at in self.world.restarts if now - at < MINUTE]
        self.world.measures.recoveries[watched.key, plan.rung] += 1
        attempted = await self.manager.execute(errand)
        return await self._after(watched, errand, attempted)

    async def _intend(
        self, watched: Watched, planned: Planned, permit: Approval | None, now: float, stands: Callable[[], bool]
    ) -> Errand | None:
        """Writes the intent; None, and nothing written, where the decision stands no more."""
        plan, key, incident = planned.plan, watched.key, watched.record.incident
        attempt = Attempt(
            at=now,
            rung=plan.rung,
            outcome=Outcome.PENDING,
            by_operator=watched.ordered is not None,
            approval=permit.id if permit is not None else None,
        )
        used, kept = self.approvals.used(permit) if permit is not None else (None, ())
        approved = f", approved by {permit.by} (approval {permit.id})" if permit is not None else ""
        woken = watched.woken_by_event_at
        entry = self.journal.entry(
            EntryKind.INTENT,
            key,
            f"will {plan.rung}: {plan.because}{approved}",
            incident=incident,
            payload={
                "plan": str(plan),
                "rung": plan.rung.value,
                "cause": plan.cause.value,
                "spec": planned.specs[0].id if planned.specs else None,
                "container": watched.container.id if watched.container is not None else None,
                "stop": steps_as_json(step for step in plan.steps if isinstance(step, StopContainer)),
                "undo": steps_as_json(plan.undo),
                "approval": attempt.approval,
            },
        )
        missing_or_start = watched.container is None or plan.rung is Rung.START
        async with watched.recording:
            if not stands():
                return None
            record = replace(watched.record, attempts=(*_counting(watched, now), attempt))
            (row,) = await self.journal.write(
                entry, records=[record], specs=planned.specs, kept=kept, vital=missing_or_start
            )
            watched.record = record
        if used is not None:
            self.approvals.take(used)
        watched.intent_seconds = self.world.clock.now() - woken if woken is not None else None
        watched.woken_by_event_at = None
        watched.says = f"{plan.rung}: {plan.because}{approved}"
        self.journal.say(key, watched.says, incident=incident)

        async def replaced(mine: frozenset[str]) -> bool:
            return await self.looker.replaced(key, mine)

        specs = {spec.id: spec for spec in planned.specs}
        return Errand(plan=plan, intent=row.seq, incident=incident, specs=specs, replaced=replaced)

    async def _after(self, watched: Watched, errand: Errand, attempted: Attempted) -> Begun:
        if attempted.failure is None:
            await self._await_verification(watched, errand, attempted.container or "")
            return Begun()
        if attempted.superseded and errand.plan.cleanup:
            self.world.asides[watched.key] = container_of(errand.plan.cleanup[0])
        self._owed[watched.key] = Owed(
            errand=errand,
            made=attempted.made,
            because=attempted.failure,
            burnt=not (attempted.superseded or attempted.engine_away),
            undone=not attempted.owed,
        )
        if attempted.engine_away:
            await self.engine_gone(attempted.failure)
        if not attempted.owed:
            await self.pay(watched)
        if attempted.hopeless:
            return Begun(impossible=attempted.failure)
        return Begun(failure=attempted.failure)

    async def _await_verification(self, watched: Watched, errand: Errand, made: str) -> None:
        wait = watched.settings.recovery.verify_timeout
        underway = Underway(errand, made, self.world.clock.now(), wait)
        self._underway[watched.key] = underway
        if made:
            await self._see_made(watched, made)
        underway.wait += watched.container.start_period if watched.container is not None else 0.0
        self.ask_soon(watched.key)

    async def take_up(self, watched: Watched, errand: Errand, made: str) -> None:
        """An attempt of an earlier daemon that got as far as its verification waits for it here."""
        await self._await_verification(watched, errand, made)
        watched.phase = Phase.VERIFYING

    def owes(self, watched: Watched) -> bool:
        return watched.key in self._owed

    async def pay(self, watched: Watched) -> None:
        """Undoes what failed and writes its outcome; raises EngineUnavailable or LedgerError, and is called again."""
        owed = self._owed[watched.key]
        if not owed.undone:
            trouble = await self.manager.undo(owed.errand, owed.made)
            because = owed.because + (f"; it could not be undone: {trouble}" if trouble else "")
            owed = self._owed[watched.key] = replace(owed, undone=True, because=because)
        await self._outcome(watched, owed.errand, Outcome.FAILED, owed.because, burnt=owed.burnt)
        del self._owed[watched.key]

    async def _see_made(self, watched: Watched, container: str) -> None:
        try:
            await (self.looker.look_at([container]) if self.looker.knows(container) else self.looker.look())
        except EngineError as error:
            self.journal.say(watched.key, f"could not look at it after acting: {error}")

    async def _outcome(
        self, watched: Watched, errand: Errand, outcome: Outcome, reason: str, *, burnt: bool = True
    ) -> None:
        """Writes how it ended. An attempt that says nothing about the service is not counted against it."""
        now = self.world.clock.now()
        attempts = watched.record.attempts
        ended = replace(attempts[-1], at=now, outcome=outcome, reason=reason)
        attempts = (*attempts[:-1], ended) if burnt else attempts[:-1]
        seen = watched.seen
        entry = self.journal.entry(
            EntryKind.OUTCOME,
            watched.key,
            f"{errand.plan.rung} {outcome.value}: {reason}",
            incident=errand.incident,
            payload={
                "intent": errand.intent,
                "outcome": outcome.value,
                "event_to_intent_seconds": watched.intent_seconds,
                "rung": errand.plan.rung.value,
                "container": watched.container.id if watched.container is not None else None,
                "health": seen.health.value if seen is not None else None,
                "checks": [
                    {"check": check.check, "verdict": check.verdict.value, "reason": check.reason, "at": check.at}
                    for check in (seen.checks if seen is not None else ())
                ],
            },
        )
        async with watched.recording:
            record = replace(watched.record, attempts=attempts)
            await self.journal.write(entry, records=[record], vital=True)
            watched.record = record
        if outcome is Outcome.FAILED:
            self.world.measures.recovery_failures[watched.key, errand.plan.rung] += 1

    def deadline(self, watched: Watched) -> float | None:
        """Steady seconds. Times in which the engine was away or the observer blind do not count."""
        underway = self._underway.get(watched.key)
        if underway is None:
            return None
        return max(underway.began_at, self.world.state.settled_at, self.world.sees_since) + underway.wait

    def disproof(self, watched: Watched, seen: Assessment, now: float) -> str | None:
        """Why the attempt has failed, as far as can be told by now; None while it may still succeed."""
        underway, deadline = self._underway.get(watched.key), self.deadline(watched)
        if underway is None or deadline is None:
            return "its attempt is not known any more"
        if now >= deadline:
            return f"it was not verified within {underway.wait:g} s: {seen.reason}"
        if not seen.health.bad:
            return None
        stale = watched.container is None or watched.container.state is ContainerState.CREATED
        if stale and seen.cause is not Cause.FAILED_START and now - underway.began_at < LOOK_AGAIN_AFTER:
            return None
        return seen.reason

    async def verified(self, watched: Watched, seen: Assessment) -> str:
        """Called once it was seen good afresh; returns the sentence that says so."""
        underway = self._underway.get(watched.key)
        watched.seen = seen
        if underway is None:
            return f"verified: {seen.reason}"
        errand = underway.errand
        ports = watched.container.chosen_ports if watched.container is not None else ()
        anew = f"; the engine chose its host ports anew: {', '.join(ports)}" if ports else ""
        await self._outcome(watched, errand, Outcome.RECOVERED, seen.reason + anew)
        del self._underway[watched.key]
        trouble = await self.manager.clean_up(errand)
        if trouble:
            self.world.asides[watched.key] = container_of(errand.plan.cleanup[0])
        sentence = f"recovered by {errand.plan.rung} and verified: {seen.reason}{anew}"
        return sentence + (f"; what was set aside could not be removed yet: {trouble}" if trouble else "")

    async def failed(self, watched: Watched, because: str) -> None:
        """It was not verified: what was set aside is put back. Raises what `pay` does, which is then still due."""
        underway = self._underway.pop(watched.key, None)
        if underway is None:
            return
        errand = underway.errand
        self.journal.say(watched.key, f"{errand.plan.rung} did not bring it back: {because}")
        self._owed[watched.key] = Owed(
            errand=errand, made=underway.made, because=because, undone=not errand.plan.cleanup
        )
        await self.pay(watched)

    async def remove_aside(self, watched: Watched) -> None:
        """What was set aside and could not be removed any more goes once its successor is good."""
        aside = self.world.asides[watched.key]
        if watched.container is None or watched.container.id == aside:
            del self.world.asides[watched.key]  # somebody put it back
            return
        sentence = f"removes {aside[:12]}, which was set aside: its successor is good"
        try:
            await self.journal.write(self.journal.entry(EntryKind.DECISION, watched.key, sentence), vital=True)
            await self.world.engine.execute(RemoveContainer(aside))
        except (EngineUnavailable, LedgerError) as error:
            self.journal.say(watched.key, f"what was set aside is not removed yet: {error}")
            return
        except EngineError as error:
            self.journal.say(watched.key, f"what was set aside could not be removed: {error}")
        del self.world.asides[watched.key]

    async def identify(self, watched: Watched) -> None:
        """What deployment a container is that was never proven: is there another one to go back to?"""
        if watched.container is None or watched.config_hash is not None or not watched.record.baselines:
            return
        try:
            spec = await self.world.engine.capture(watched.container.id, self.world.bearers(watched))
            watched.config_hash = config_hash(spec)
        except EngineError as error:
            self.journal.say(watched.key, f"its deployment could not be told: {error}")


def _wanted(record: ServiceRecord) -> tuple[Desired, Pause | None]:
    """What people want of it, as far as a recovery must respect that."""
    return record.desired, record.pause


def _counting(watched: Watched, now: float) -> tuple[Attempt, ...]:
    start_period = watched.container.start_period if watched.container is not None else 0.0
    window = counting_window(watched.settings.recovery, start_period)
    return tuple(old for old in watched.record.attempts if now - old.at < window)
