"""One worker per service: observe, assess, decide, act, verify. A turn is short; only acting takes time."""

from __future__ import annotations

import asyncio

import structlog

from watchdog.daemon.incidents.checks import CheckIncidents
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.operators.pending import PendingCommands
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recovering.approvals import Approvals
from watchdog.daemon.recovering.decision_inputs import DecisionInputs
from watchdog.daemon.recovering.proving import Proving
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.recovering.service_incident import ServiceIncident
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import DependencyState, World
from watchdog.errors import EngineUnavailable, LedgerError, WatchdogError
from watchdog.model.channel import Channel
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.plan import Act, Decision, HandOver, Rest, Wait
from watchdog.policy.assess import assess
from watchdog.policy.phases import Happening, Phase

log = structlog.get_logger()

RETRY_AFTER_TROUBLE = 1.0
RETRY_AFTER_BUG = 10.0
COMPLAIN_EVERY = 60.0


class Worker:
    """Takes the turns of one service, one at a time, in one task."""

    def __init__(
        self,
        *,
        world: World,
        watched: ServiceState,
        looker: ContainerObserver,
        desk: IncidentManager,
        journal: Journal,
        acting: RecoveryRunner,
        book: PendingCommands,
        checks: CheckIncidents,
        approvals: Approvals,
    ) -> None:
        self._world = world
        self.watched = watched
        self._looker = looker
        self._desk = desk
        self._journal = journal
        self._acting = acting
        self._book = book
        self._approvals = approvals
        self._proving = Proving(world, watched, journal)
        self._facts = DecisionInputs(world, watched, acting)
        self._incident = ServiceIncident(
            world=world, watched=watched, desk=desk, journal=journal, facts=self._facts, checks=checks
        )
        self._hindrance: DependencyState | None = None
        """What it was to those that need it when they were last told."""
        self._looked = False
        """Its container was looked at since the last decision: it may be paused or gone without anybody having told."""
        self._published: Health | None = None
        """The health of which its channel last told."""
        self._complaint = ""
        self._complained_at = 0.0

    async def run(self) -> None:
        """For ever: wakes by a fresh look, an answer, an order, or when time alone may change something."""
        watched, clock = self.watched, self._world.clock
        wait: float | None = 0.0
        while True:
            try:
                async with asyncio.timeout(wait):
                    await watched.wake.wait()
            except TimeoutError:
                pass
            watched.wake.clear()
            watched.busy_since = clock.now()
            try:
                until = await self.turn(clock.now())
                wait = None if until is None else max(0.0, until - clock.now())
            except EngineUnavailable as error:
                self._journal.say(watched.key, f"the engine does not answer: {error}")
                wait = RETRY_AFTER_TROUBLE
            except WatchdogError as error:
                self._complain(str(error))
                wait = RETRY_AFTER_TROUBLE
            except Exception as error:  # a bug in one service must not end the protection of others
                log.error("a bug: its turn failed", service=str(watched.key), exc_info=error)
                watched.broken = f"{type(error).__name__}: {error}"
                wait = RETRY_AFTER_BUG
            else:
                watched.broken = None
            finally:
                watched.busy_since = None
                watched.turned_at = clock.now()
                self._world.changed.set()
                self._tell_dependents()

    async def turn(self, now: float) -> float | None:
        """One turn; returns when the next is due though nothing happens (steady seconds)."""
        watched = self.watched
        if self._world.state.away is None and self._acting.owes(watched):
            await self._pay()
        judged = watched.container
        seen = assess(watched.sight(now, self._world.state.away))
        if seen.cause is Cause.CHECK_FAILED and watched.record.incident is None and not self._looked:
            return await self._look_first()
        await self._take_note(seen, now)
        if self._world.state.away is None:
            await self._incident.settle(seen, now)
            await self._incident.settle_checks(seen, now)
            seen = watched.seen or seen
            if watched.ordered is not None or (seen.health.bad and watched.record.incident is not None):
                await self._acting.identify(watched)
        if watched.phase is Phase.VERIFYING:
            due = await self._verify(seen, now)
        elif watched.container != judged:
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

    async def _pay(self) -> None:
        """Raises EngineUnavailable; while only the ledger fails the service is watched on, and not acted on."""
        try:
            await self._acting.pay(self.watched)
        except LedgerError as error:
            self._complain(f"the outcome of its last attempt is not recorded yet: {error}")
        await self._look_at_all()

    async def _take_note(self, seen: Assessment, now: float) -> None:
        """Keeps what was assessed, proves what is good long enough, and follows what people want of it."""
        watched, before = self.watched, self.watched.seen
        if before is None or before.health is not seen.health:
            watched.health_since = now
            if self._world.state.away is None and (before is not None or seen.health is not Health.HEALTHY):
                log.info(f"{seen.health.value}: {seen.reason}", service=str(watched.key), cause=seen.cause.value)
        watched.seen = seen
        self._publish(seen)
        self._tell_dependents()
        if self._world.state.away is not None:
            return
        if seen.serves:
            watched.good_since = watched.good_since if watched.good_since is not None else now
            watched.last_good_at = now
            watched.bad_since = None
            watched.blamed = None
        elif seen.health.bad:
            watched.good_since = None
            watched.last_bad_at = now
            if watched.bad_since is None:
                watched.bad_since = now
        else:
            watched.bad_since = None
        if not seen.health.bad:
            self._desk.recorded(str(watched.key), seen.reason)
        try:
            await self._proving.consider(seen, now)
        except LedgerError as error:
            self._complain(f"not proven, because it could not be recorded: {error}")
        if seen.serves and watched.key in self._world.asides:
            await self._acting.remove_aside(watched)

    def _publish(self, seen: Assessment) -> None:
        before, self._published = self._published, seen.health
        if before is not seen.health:
            self._world.hub.publish(
                Channel.SERVICE_STATE,
                "health",
                str(self.watched.key),
                f"{seen.health.value}: {seen.reason}",
                {
                    "health": seen.health.value,
                    "before": before.value if before is not None else None,
                    "cause": seen.cause.value,
                    "incident": self.watched.record.incident,
                },
            )

    def _tell_dependents(self) -> None:
        """When it hinders them no more, what they failed meanwhile was for want of it: they are asked anew."""
        before, self._hindrance = self._hindrance, self._world.hindrance(self.watched)
        if self._hindrance is before:
            return
        for dependent in self._world.dependents(self.watched.key):
            if self._hindrance is None:
                dependent.forget_failed_checks()
                dependent.root_good_at = self._world.clock.now()
                self._acting.ask_soon(dependent.key)
            dependent.wake.set()

    async def _decide(self, seen: Assessment, now: float) -> float | None:
        watched = self.watched
        await self._approvals.reconsider(watched, seen, now)
        decision = self._facts.decision(seen, now)
        looked, self._looked = self._looked, False
        if not isinstance(decision, Act):  # that one is said with its intent, once it turns out to be possible
            self._say(decision)
        match decision:
            case Rest():
                if watched.ordered is not None:
                    self._book.answer(watched, seen, decision.because, now)
                return now + RETRY_AFTER_TROUBLE if watched.ordered is not None else None
            case Wait(until=until):
                return until
            case Act() if self._approvals.granted(watched) and not looked:
                await self._look_at_all()
                self._looked = True
                return self._world.clock.now()
            case Act() if seen.cause is Cause.CHECK_FAILED and not looked:
                return await self._look_first()
            case Act():
                return await self._act(decision, now)
            case HandOver(because=because):
                await self._hand_over(because)
                return None

    async def _act(self, decision: Act, now: float) -> float | None:
        watched = self.watched
        if watched.phase is Phase.IDLE and watched.ordered is None:
            return None  # its incident could not be opened yet: nothing is done without a record
        if self._acting.owes(watched):
            return now + RETRY_AFTER_TROUBLE
        awaited = await self._approvals.awaited(watched, decision, now)
        if awaited is not None:
            self._say(awaited)
            return awaited.until
        self.watched.step(Happening.ACT)
        try:
            attempted = await self._acting.attempt(watched, decision, now, lambda: self._stands(decision))
        except LedgerError as error:
            self.watched.step(Happening.FAILED)
            self._desk.unrecorded(str(watched.key), decision.because, error)
            raise
        self._desk.recorded(str(watched.key), "it is acted on again")
        if attempted.impossible is not None:
            self.watched.step(Happening.FAILED)
            self._say(Wait(attempted.impossible, attempted.again_at))
            if attempted.again_at is None:
                await self._hand_over(attempted.impossible)
            return attempted.again_at
        watched.says = f"{decision.rung} is done and waits for its verification"
        self.watched.step(Happening.ACTED if attempted.failure is None else Happening.FAILED)
        if attempted.failure is not None:
            self._journal.say(watched.key, f"the attempt failed: {attempted.failure}")
            await self._look_at_all()
        return now

    def _stands(self, decision: Act) -> bool:
        """Whether the same would be decided now: while it was planned, what it needs may have failed."""
        now = self._world.clock.now()
        anew = self._facts.decision(assess(self.watched.sight(now, self._world.state.away)), now)
        return isinstance(anew, Act) and anew.rung is decision.rung

    async def _verify(self, seen: Assessment, now: float) -> float | None:
        """Success is a fresh observation: container, health check and every attached check, never an answer 2xx."""
        watched = self.watched
        by_check = seen.cause is Cause.CHECK_FAILED or not seen.health.bad
        blind = by_check and not seen.serves and self._world.suspicion() is not None
        if self._world.state.away is not None or blind:
            return None
        if seen.serves:
            await self._look_at_it()
            fresh = assess(watched.sight(self._world.clock.now(), self._world.state.away))
            if not fresh.serves:
                return now
            sentence = await self._acting.verified(watched, fresh)
            await self._incident.close(self._world.clock.now(), sentence, recovered=True)
            if watched.phase is not Phase.IDLE:
                self.watched.step(Happening.GOOD)
            self._book.answer(watched, fresh, fresh.reason, self._world.clock.now())
            return None
        because = self._acting.disproof(watched, seen, now)
        if because is None:
            return self._acting.deadline(watched)
        try:
            await self._acting.failed(watched, because)
        finally:
            self.watched.step(Happening.FAILED)
        await self._look_at_all()
        return now

    async def _look_first(self) -> float:
        """A check that fails is believed, and acted upon, by a turn that follows a look of its own."""
        await self._look_at_it()
        self._looked = True
        return self._world.clock.now()

    async def _look_at_it(self) -> None:
        """A fresh look at its container, for the next turn to see. Of another one in its place an event tells."""
        container = self.watched.container
        if self._world.state.away is None and container is not None:
            await self._looker.look_at([container.id])

    async def _look_at_all(self) -> None:
        """A whole look where it may have another container now, for the next turn to see."""
        if self._world.state.away is None:
            await self._looker.look([self.watched.container.id] if self.watched.container is not None else [])

    async def _hand_over(self, because: str) -> None:
        await self._incident.hand_over(because)
        self._book.refuse(self.watched, because, self._world.clock.now())

    def _say(self, decision: Decision) -> None:
        """A decision to do nothing is said when its sentence is a new one."""
        watched = self.watched
        if decision.because == watched.says:
            return
        watched.says = decision.because
        if decision.because and isinstance(decision, Wait) and self._world.state.away is None:
            self._journal.say(watched.key, decision.because, decision=type(decision).__name__.lower())

    def _complain(self, sentence: str) -> None:
        """What is tried again every second is said once a minute."""
        now = self._world.clock.now()
        if sentence != self._complaint or now - self._complained_at >= COMPLAIN_EVERY:
            self._complaint, self._complained_at = sentence, now
            log.error(sentence, service=str(self.watched.key))
