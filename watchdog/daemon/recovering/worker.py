"""One worker per service: observe, assess, decide, act, verify. A turn is short; only acting takes time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from watchdog.daemon.incidents.checks import CheckIncidents
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.approvals import Approvals
from watchdog.daemon.recovering.decision_inputs import DecisionInputs
from watchdog.daemon.recovering.proving import Proving
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.recovering.service_incident import ServiceIncident
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.dependencies import DependencyState
from watchdog.daemon.state.service import ServiceState
from watchdog.errors import EngineUnavailable, LedgerError, WatchdogError
from watchdog.model.channel import Channel
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.plan import Act, Decision, HandOver, Rest, Wait
from watchdog.policy.assess import assess
from watchdog.policy.phases import Phase, RecoveryEvent

log = structlog.get_logger()

RETRY_AFTER_TROUBLE = 1.0
RETRY_AFTER_BUG = 10.0
COMPLAIN_EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerTools:
    """What all workers share."""

    state: DaemonState
    containers: ContainerObserver
    incidents: IncidentManager
    journal: Journal
    records: Records
    runner: RecoveryRunner
    checks: CheckIncidents
    approvals: Approvals


class Worker:
    """Takes the turns of one service, one at a time, in one task."""

    def __init__(self, service: ServiceState, tools: WorkerTools) -> None:
        self._state = tools.state
        self.service = service
        self._containers = tools.containers
        self._incidents = tools.incidents
        self._journal = tools.journal
        self._runner = tools.runner
        self._commands = tools.state.operators.commands
        self._approvals = tools.approvals
        self._proving = Proving(tools.state, service, tools.journal, tools.records)
        self._inputs = DecisionInputs(tools.state, service, tools.runner)
        self._incident = ServiceIncident(
            state=tools.state,
            service=service,
            incidents=tools.incidents,
            journal=tools.journal,
            records=tools.records,
            inputs=self._inputs,
            checks=tools.checks,
        )
        self._dependency_state: DependencyState | None = None
        """What it was to those that need it when they were last told."""
        self._looked = False
        """Its container was looked at since the last decision: it may be paused or gone without anybody having told."""
        self._published: Health | None = None
        """The health of which its channel last told."""
        self._complaint = ""
        self._complained_at = 0.0

    async def run(self) -> None:
        """For ever: wakes by a fresh look, an answer, an order, or when time alone may change something."""
        service, clock = self.service, self._state.clock
        wait: float | None = 0.0
        while True:
            try:
                async with asyncio.timeout(wait):
                    await service.wake.wait()
            except TimeoutError:
                pass
            service.wake.clear()
            service.course.busy_since = clock.now()
            try:
                until = await self.turn(clock.now())
                wait = None if until is None else max(0.0, until - clock.now())
            except EngineUnavailable as error:
                self._journal.say(service.key, f"the engine does not answer: {error}")
                wait = RETRY_AFTER_TROUBLE
            except WatchdogError as error:
                self._complain(str(error))
                wait = RETRY_AFTER_TROUBLE
            except Exception as error:  # a bug in one service must not end the protection of others
                log.error("a bug: its turn failed", service=str(service.key), exc_info=error)
                service.course.broken = f"{type(error).__name__}: {error}"
                wait = RETRY_AFTER_BUG
            else:
                service.course.broken = None
            finally:
                service.course.busy_since = None
                self._state.changed.set()
                self._tell_dependents()

    async def turn(self, now: float) -> float | None:
        """One turn; returns when the next is due though nothing happens (steady seconds)."""
        service = self.service
        if self._state.engine_state.away is None and self._runner.has_pending_rollback(service):
            await self._finish_rollback()
        service.note_time(now)
        judged = service.container
        seen = assess(service.sight(now, self._state.engine_state.away))
        if seen.cause is Cause.CHECK_FAILED and service.record.incident is None and not self._looked:
            return await self._look_first()
        await self._take_note(seen, now)
        if self._state.engine_state.away is None:
            await self._incident.settle(seen, now)
            await self._incident.settle_checks(seen, now)
            seen = service.assessment or seen
            if self._ordered or (seen.health.bad and service.record.incident is not None):
                await self._runner.identify(service)
        if service.course.phase is Phase.VERIFYING:
            due = await self._verify(seen, now)
        elif service.container != judged:
            due = now  # it changed while the ledger was written: what was judged is not what is there
        else:
            due = await self._decide(seen, now)
        changes_at = now + seen.changes_in if seen.changes_in is not None else None
        untold_until = self._incident.untold_until()
        told_at = untold_until if untold_until is not None and untold_until > now else None
        proven_at = self._proving.due_at(now)
        if proven_at is not None and proven_at <= now:
            proven_at = now + RETRY_AFTER_TROUBLE  # this turn has tried
        dues = (due, changes_at, proven_at, told_at)
        return min((at for at in dues if at is not None), default=None)

    @property
    def _ordered(self) -> bool:
        """Whether an operator's command waits for its end."""
        return self._commands.of(self.service.key) is not None

    async def _finish_rollback(self) -> None:
        """Raises EngineUnavailable; while only the ledger fails the service is watched on, and not acted on."""
        try:
            await self._runner.finish_rollback(self.service)
        except LedgerError as error:
            self._complain(f"the outcome of its last attempt is not recorded yet: {error}")
        await self._look_at_all()

    async def _take_note(self, seen: Assessment, now: float) -> None:
        """Keeps what was assessed, proves what is good long enough, and follows what people want of it."""
        service, at_first = self.service, self.service.assessment is None
        changed = service.course.assess(seen, now)
        if changed and self._state.engine_state.away is None and not (at_first and seen.health is Health.HEALTHY):
            log.info(f"{seen.health.value}: {seen.reason}", service=str(service.key), cause=seen.cause.value)
        self._publish(seen)
        self._tell_dependents()
        if self._state.engine_state.away is not None:
            return
        service.note_health(now, seen)
        if not seen.health.bad:
            self._incidents.recorded(str(service.key), seen.reason)
        try:
            await self._proving.consider(seen, now)
        except LedgerError as error:
            self._complain(f"not proven, because it could not be recorded: {error}")
        if seen.serves and service.key in self._runner.superseded:
            await self._runner.remove_superseded(service)

    def _publish(self, seen: Assessment) -> None:
        before, self._published = self._published, seen.health
        if before is not seen.health:
            self._state.hub.publish(
                Channel.SERVICE_STATE,
                "health",
                str(self.service.key),
                f"{seen.health.value}: {seen.reason}",
                {
                    "health": seen.health.value,
                    "before": before.value if before is not None else None,
                    "cause": seen.cause.value,
                    "incident": self.service.record.incident,
                },
            )

    def _tell_dependents(self) -> None:
        """When it hinders them no more, what they failed meanwhile was for want of it: they are asked anew."""
        before, self._dependency_state = self._dependency_state, self._state.dependencies.state_of(self.service)
        if self._dependency_state is before:
            return
        for dependent in self._state.dependencies.dependents(self.service.key):
            if self._dependency_state is None:
                dependent.forget_failed_checks()
                dependent.signals.roots_good_at = self._state.clock.now()
                self._runner.ask_soon(dependent.key)
            dependent.wake.set()

    async def _decide(self, seen: Assessment, now: float) -> float | None:
        service = self.service
        await self._approvals.reconsider(service, seen, now)
        decision = self._inputs.decision(seen, now)
        looked, self._looked = self._looked, False
        if not isinstance(decision, Act):  # that one is said with its intent, once it turns out to be possible
            self._say(decision)
        match decision:
            case Rest():
                if self._ordered:
                    self._commands.answer(service, seen, decision.because, now)
                return now + RETRY_AFTER_TROUBLE if self._ordered else None
            case Wait(until=until):
                return until
            case Act() if self._approvals.granted(service) and not looked:
                await self._look_at_all()
                self._looked = True
                return self._state.clock.now()
            case Act() if seen.cause is Cause.CHECK_FAILED and not looked:
                return await self._look_first()
            case Act():
                return await self._act(decision, now)
            case HandOver():
                await self._hand_over(decision)
                return None

    async def _act(self, decision: Act, now: float) -> float | None:
        service = self.service
        if service.course.phase is Phase.IDLE and not self._ordered:
            return None  # its incident could not be opened yet: nothing is done without a record
        if self._runner.has_pending_rollback(service):
            return now + RETRY_AFTER_TROUBLE
        awaited = await self._approvals.awaited(service, decision, now)
        if awaited is not None:
            self._say(awaited)
            return awaited.until
        self.service.course.advance(RecoveryEvent.ACT)
        try:
            attempted = await self._runner.attempt(service, decision, now, lambda: self._stands(decision))
        except LedgerError as error:
            self.service.course.advance(RecoveryEvent.FAILED)
            self._incidents.unrecorded(str(service.key), decision.because, error)
            raise
        self._incidents.recorded(str(service.key), "it is acted on again")
        if attempted.instead is not None:
            self.service.course.advance(RecoveryEvent.FAILED)
            self._say(Wait(attempted.instead.because, None))
            if isinstance(attempted.instead, Wait):
                return attempted.instead.until
            await self._hand_over(attempted.instead)
            return None
        service.course.decided(f"{decision.rung} is done and waits for its verification")
        self.service.course.advance(RecoveryEvent.ACTED if attempted.failure is None else RecoveryEvent.FAILED)
        if attempted.failure is not None:
            self._journal.say(service.key, f"the attempt failed: {attempted.failure}")
            await self._look_at_all()
        return now

    def _stands(self, decision: Act) -> bool:
        """Whether the same would be decided now: while it was planned, what it needs may have failed."""
        now = self._state.clock.now()
        anew = self._inputs.decision(assess(self.service.sight(now, self._state.engine_state.away)), now)
        return isinstance(anew, Act) and anew.rung is decision.rung

    async def _verify(self, seen: Assessment, now: float) -> float | None:
        """Success is a fresh observation: container, health check and every attached check, never an answer 2xx."""
        service = self.service
        by_check = seen.cause is Cause.CHECK_FAILED or not seen.health.bad
        unseen = by_check and not seen.serves and service.may_be_unseen()
        blind = unseen and self._state.observer.suspicion() is not None
        if self._state.engine_state.away is not None or blind:
            return None
        if seen.serves:
            await self._look_at_it()
            fresh = assess(service.sight(self._state.clock.now(), self._state.engine_state.away))
            if not fresh.serves:
                return now
            sentence = await self._runner.verified(service, fresh)
            await self._incident.close(self._state.clock.now(), sentence, recovered=True)
            if service.course.phase is not Phase.IDLE:
                self.service.course.advance(RecoveryEvent.GOOD)
            self._commands.answer(service, fresh, fresh.reason, self._state.clock.now())
            return None
        because = self._runner.disproof(service, seen, now)
        if because is None:
            return self._runner.deadline(service)
        try:
            await self._runner.failed(service, because)
        finally:
            self.service.course.advance(RecoveryEvent.FAILED)
        await self._look_at_all()
        return now

    async def _look_first(self) -> float:
        """A check that fails is believed, and acted upon, by a turn that follows a look of its own."""
        await self._look_at_it()
        self._looked = True
        return self._state.clock.now()

    async def _look_at_it(self) -> None:
        """A fresh look at its container, for the next turn to see. Of another one in its place an event tells."""
        container = self.service.container
        if self._state.engine_state.away is None and container is not None:
            await self._containers.look_at([container.id])

    async def _look_at_all(self) -> None:
        """A whole look where it may have another container now, for the next turn to see."""
        if self._state.engine_state.away is None:
            await self._containers.look([self.service.container.id] if self.service.container is not None else [])

    async def _hand_over(self, decision: HandOver) -> None:
        await self._incident.hand_over(decision.because)
        self._commands.refuse(self.service, decision.because, self._state.clock.now())

    def _say(self, decision: Decision) -> None:
        """A decision to do nothing is said when its sentence is a new one."""
        service = self.service
        if decision.because == service.course.message:
            return
        service.course.decided(decision.because)
        if decision.because and isinstance(decision, Wait) and self._state.engine_state.away is None:
            self._journal.say(service.key, decision.because, decision=type(decision).__name__.lower())

    def _complain(self, sentence: str) -> None:
        """What is tried again every second is said once a minute."""
        now = self._state.clock.now()
        if sentence != self._complaint or now - self._complained_at >= COMPLAIN_EVERY:
            self._complaint, self._complained_at = sentence, now
            log.error(sentence, service=str(self.service.key))
