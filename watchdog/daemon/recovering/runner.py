"""Carries out what was decided: plan, intent, execution; then its verification and outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from watchdog.codecs.plans import steps_as_json
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.approvals import Approvals
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError, EngineUnavailable, LedgerError
from watchdog.model.approval import Approval
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act, HandOver, RemoveContainer, StopContainer, Wait, container_of
from watchdog.model.record import Attempt, Desired, EntryKind, Outcome, Pause, Row, Rung, ServiceRecord
from watchdog.policy.budget import counting_window
from watchdog.policy.ladder import MINUTE
from watchdog.policy.phases import RecoveryEvent
from watchdog.policy.planning import LOOK_AGAIN_AFTER, Impossible, instead
from watchdog.recovery.manager import Execution, ExecutionResult, ServiceRecoveryManager
from watchdog.recovery.ours import own_names
from watchdog.recovery.planner import Planned, Planner, Subject

OLDEST_API = "1.41"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """What an attempt led to so far. Where something is decided `instead`, it burnt no attempt or cannot help."""

    failure: str | None = None
    instead: Wait | HandOver | None = None


@dataclass(slots=True)
class PendingVerification:
    """An attempt that waits for its verification. Times are steady seconds."""

    execution: Execution
    made: str
    began_at: float
    wait: float
    """How long it may take to be verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRollback:
    """What is still due of an attempt that failed: first its undo, then its outcome. Nothing else is done before."""

    execution: Execution
    made: str | None
    because: str
    burnt: bool = True
    undone: bool = False


@dataclass(slots=True)
class RecoveryRunner:
    state: DaemonState
    containers: ContainerObserver
    journal: Journal
    records: Records
    planner: Planner
    manager: ServiceRecoveryManager
    approvals: Approvals
    ask_soon: Callable[[ServiceKey], None]
    engine_gone: Callable[[str], Awaitable[None]]
    """Told when the engine went away while something was done on it."""
    restarts: tuple[float, ...] = ()
    """Of containers that ran, in the last minute."""
    superseded: dict[ServiceKey, str] = field(default_factory=dict[ServiceKey, str])
    """Full ID of a container that is set aside, its name borne by another: removed once that one is good."""
    _pending_verifications: dict[ServiceKey, PendingVerification] = field(
        default_factory=dict[ServiceKey, PendingVerification]
    )
    _pending_rollbacks: dict[ServiceKey, PendingRollback] = field(default_factory=dict[ServiceKey, PendingRollback])

    def breaker_until(self, now: float) -> float | None:
        return self.manager.breaker.open_until(now)

    async def plan(self, service: ServiceState, decision: Act) -> Planned | Impossible:
        """The plan for a rung; changes nothing."""
        identity = self.state.engine_state.identity
        subject = Subject(
            record=service.record,
            container=service.container,
            config_hash=service.incarnation.config_hash,
            stop_timeout=service.settings.stop_timeout,
            bearers=self.state.dependencies.namespace_bearers(service),
        )
        return await self.planner.plan(subject, decision, identity.api_version if identity is not None else OLDEST_API)

    async def attempt(
        self, service: ServiceState, decision: Act, now: float, stands: Callable[[], bool]
    ) -> AttemptResult:
        """Intent into the ledger, then the engine calls. Raises LedgerError before anything was touched.

        `stands`: whether the decision, once it is planned, would be taken again.
        """
        judged, wanted = service.container, _wanted(service.record)
        try:
            planned = await self.plan(service, decision)
        except EngineError as error:
            planned = Impossible(str(error), passing=True)
        except LedgerError as error:
            planned = Impossible(f"its saved spec cannot be read: {error}")
        if isinstance(planned, Impossible):
            return AttemptResult(instead=instead(planned, now))
        if service.container != judged:
            return AttemptResult(instead=Wait("its container changed while this was planned", now))
        plan = planned.plan
        permit = await self.approvals.permit(service, decision, plan, now)
        if isinstance(permit, Wait):
            return AttemptResult(instead=permit)
        execution = await self._intend(
            service, planned, permit, now, lambda: _wanted(service.record) == wanted and stands()
        )
        if execution is None:
            return AttemptResult(instead=Wait("what it was decided on changed while this was planned", now))
        if service.container is not None and service.container.running:
            self.restarts = (*(at for at in self.restarts if now - at < MINUTE), now)
        self.state.measures.recoveries[service.key, plan.rung] += 1
        attempted = await self.manager.execute(execution)
        return await self._after(service, execution, attempted)

    async def _intend(
        self, service: ServiceState, planned: Planned, permit: Approval | None, now: float, stands: Callable[[], bool]
    ) -> Execution | None:
        """Writes the intent; None, and nothing written, where the decision stands no more."""
        plan, key, incident = planned.plan, service.key, service.record.incident
        attempt = Attempt(
            at=now,
            rung=plan.rung,
            outcome=Outcome.PENDING,
            by_operator=self.state.operators.commands.of(key) is not None,
            approval=permit.id if permit is not None else None,
        )
        used, kept = self.approvals.used(permit) if permit is not None else (None, ())
        approved = f", approved by {permit.by} (approval {permit.id})" if permit is not None else ""
        woken = service.signals.failure_heard_at
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
                "container": service.container.id if service.container is not None else None,
                "names": own_names(plan),
                "stop": steps_as_json(step for step in plan.steps if isinstance(step, StopContainer)),
                "undo": steps_as_json(plan.undo),
                "approval": attempt.approval,
            },
        )
        missing_or_start = service.container is None or plan.rung is Rung.START

        def begun(record: ServiceRecord) -> ServiceRecord | None:
            return replace(record, attempts=(*_counting(service, now), attempt)) if stands() else None

        async def write(record: ServiceRecord) -> Row:
            specs, vital = planned.specs, missing_or_start
            (row,) = await self.journal.write(entry, records=[record], specs=specs, kept=kept, vital=vital)
            return row

        row = await self.records.change_with(service, begun, write)
        if row is None:
            return None
        if used is not None:
            self.approvals.take(used)
        course = service.course
        course.intent_seconds = self.state.clock.now() - woken if woken is not None else None
        service.signals.failure_heard_at = None
        course.decided(f"{plan.rung}: {plan.because}{approved}")
        self.journal.say(key, course.message, incident=incident)

        async def replaced(mine: frozenset[str]) -> bool:
            return await self.containers.replaced(key, mine)

        specs = {spec.id: spec for spec in planned.specs}
        return Execution(plan=plan, intent=row.seq, incident=incident, specs=specs, replaced=replaced)

    async def _after(self, service: ServiceState, execution: Execution, attempted: ExecutionResult) -> AttemptResult:
        if attempted.failure is None:
            await self._await_verification(service, execution, attempted.container or "")
            return AttemptResult()
        if attempted.superseded and execution.plan.cleanup:
            self.superseded[service.key] = container_of(execution.plan.cleanup[0])
        self._pending_rollbacks[service.key] = PendingRollback(
            execution=execution,
            made=attempted.made,
            because=attempted.failure,
            burnt=not (attempted.superseded or attempted.engine_away),
            undone=not attempted.owed,
        )
        if attempted.engine_away:
            await self.engine_gone(attempted.failure)
        if not attempted.owed:
            await self.finish_rollback(service)
        if attempted.hopeless:
            return AttemptResult(instead=HandOver(attempted.failure))
        return AttemptResult(failure=attempted.failure)

    async def _await_verification(self, service: ServiceState, execution: Execution, made: str) -> None:
        wait = service.settings.recovery.verify_timeout
        underway = PendingVerification(execution, made, self.state.clock.now(), wait)
        self._pending_verifications[service.key] = underway
        if made:
            await self._see_made(service, made)
        underway.wait += service.container.start_period if service.container is not None else 0.0
        self.ask_soon(service.key)

    async def take_up(self, service: ServiceState, execution: Execution, made: str) -> None:
        """An attempt of an earlier daemon that got as far as its verification waits for it here."""
        await self._await_verification(service, execution, made)
        service.course.advance(RecoveryEvent.TAKEN_UP)

    def has_pending_rollback(self, service: ServiceState) -> bool:
        return service.key in self._pending_rollbacks

    async def finish_rollback(self, service: ServiceState) -> None:
        """Undoes what failed and writes its outcome; raises EngineUnavailable or LedgerError, and is called again."""
        owed = self._pending_rollbacks[service.key]
        if not owed.undone:
            trouble = await self.manager.undo(owed.execution, owed.made)
            because = owed.because + (f"; it could not be undone: {trouble}" if trouble else "")
            owed = self._pending_rollbacks[service.key] = replace(owed, undone=True, because=because)
        await self._outcome(service, owed.execution, Outcome.FAILED, owed.because, burnt=owed.burnt)
        del self._pending_rollbacks[service.key]

    async def _see_made(self, service: ServiceState, container: str) -> None:
        try:
            await (self.containers.look_at([container]) if self.containers.knows(container) else self.containers.look())
        except EngineError as error:
            self.journal.say(service.key, f"could not look at it after acting: {error}")

    async def _outcome(
        self, service: ServiceState, execution: Execution, outcome: Outcome, reason: str, *, burnt: bool = True
    ) -> None:
        """Writes how it ended. An attempt that says nothing about the service is not counted against it."""
        now = self.state.clock.now()

        def ended(record: ServiceRecord) -> ServiceRecord:
            *before, last = record.attempts
            done = [replace(last, at=now, outcome=outcome, reason=reason)] if burnt else []
            return replace(record, attempts=(*before, *done))

        seen = service.assessment
        entry = self.journal.entry(
            EntryKind.OUTCOME,
            service.key,
            f"{execution.plan.rung} {outcome.value}: {reason}",
            incident=execution.incident,
            payload={
                "intent": execution.intent,
                "outcome": outcome.value,
                "event_to_intent_seconds": service.course.intent_seconds,
                "rung": execution.plan.rung.value,
                "container": service.container.id if service.container is not None else None,
                "health": seen.health.value if seen is not None else None,
                "checks": [
                    {"check": check.check, "verdict": check.verdict.value, "reason": check.reason, "at": check.at}
                    for check in (seen.checks if seen is not None else ())
                ],
            },
        )
        await self.records.change(service, ended, entry, vital=True)
        if outcome is Outcome.FAILED:
            self.state.measures.recovery_failures[service.key, execution.plan.rung] += 1

    def deadline(self, service: ServiceState) -> float | None:
        """Steady seconds. Times in which the engine was away or the observer blind do not count."""
        underway = self._pending_verifications.get(service.key)
        if underway is None:
            return None
        return (
            max(underway.began_at, self.state.engine_state.settled_at, self.state.observer.sees_since) + underway.wait
        )

    def disproof(self, service: ServiceState, seen: Assessment, now: float) -> str | None:
        """Why the attempt has failed, as far as can be told by now; None while it may still succeed."""
        underway, deadline = self._pending_verifications.get(service.key), self.deadline(service)
        if underway is None or deadline is None:
            return "its attempt is not known any more"
        if now >= deadline:
            return f"it was not verified within {underway.wait:g} s: {seen.reason}"
        if not seen.health.bad:
            return None
        stale = service.container is None or service.container.state is ContainerState.CREATED
        if stale and seen.cause is not Cause.FAILED_START and now - underway.began_at < LOOK_AGAIN_AFTER:
            return None
        return seen.reason

    async def verified(self, service: ServiceState, seen: Assessment) -> str:
        """Called once it was seen good afresh; returns the sentence that says so."""
        underway = self._pending_verifications.get(service.key)
        service.course.assessment = seen
        if underway is None:
            return f"verified: {seen.reason}"
        execution = underway.execution
        ports = service.container.chosen_ports if service.container is not None else ()
        anew = f"; the engine chose its host ports anew: {', '.join(ports)}" if ports else ""
        await self._outcome(service, execution, Outcome.RECOVERED, seen.reason + anew)
        del self._pending_verifications[service.key]
        trouble = await self.manager.clean_up(execution)
        if trouble:
            self.superseded[service.key] = container_of(execution.plan.cleanup[0])
        sentence = f"recovered by {execution.plan.rung} and verified: {seen.reason}{anew}"
        return sentence + (f"; what was set aside could not be removed yet: {trouble}" if trouble else "")

    async def failed(self, service: ServiceState, because: str) -> None:
        """It was not verified: what was set aside is put back. Raises as `finish_rollback`, which is then still due."""
        underway = self._pending_verifications.pop(service.key, None)
        if underway is None:
            return
        execution = underway.execution
        self.journal.say(service.key, f"{execution.plan.rung} did not bring it back: {because}")
        self._pending_rollbacks[service.key] = PendingRollback(
            execution=execution, made=underway.made, because=because, undone=not execution.plan.cleanup
        )
        await self.finish_rollback(service)

    async def remove_superseded(self, service: ServiceState) -> None:
        """What was set aside and could not be removed any more goes once its successor is good."""
        aside = self.superseded[service.key]
        if service.container is None or service.container.id == aside:
            del self.superseded[service.key]  # somebody put it back
            return
        sentence = f"removes {aside[:12]}, which was set aside: its successor is good"
        try:
            await self.journal.write(self.journal.entry(EntryKind.DECISION, service.key, sentence), vital=True)
            await self.state.engine.execute(RemoveContainer(aside))
        except (EngineUnavailable, LedgerError) as error:
            self.journal.say(service.key, f"what was set aside is not removed yet: {error}")
            return
        except EngineError as error:
            self.journal.say(service.key, f"what was set aside could not be removed: {error}")
        del self.superseded[service.key]

    async def identify(self, service: ServiceState) -> None:
        """What deployment a container is that was never proven: is there another one to go back to?"""
        if service.container is None or service.incarnation.config_hash is not None or not service.record.baselines:
            return
        try:
            spec = await self.state.engine.capture(
                service.container.id, self.state.dependencies.namespace_bearers(service)
            )
            service.identify(config_hash(spec))
        except EngineError as error:
            self.journal.say(service.key, f"its deployment could not be told: {error}")


def _wanted(record: ServiceRecord) -> tuple[Desired, Pause | None]:
    """What people want of it, as far as a recovery must respect that."""
    return record.desired, record.pause


def _counting(service: ServiceState, now: float) -> tuple[Attempt, ...]:
    start_period = service.container.start_period if service.container is not None else 0.0
    window = counting_window(service.settings.recovery, start_period)
    return tuple(old for old in service.record.attempts if now - old.at < window)
