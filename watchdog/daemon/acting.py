"""Carries out what was decided: spec, survey, plan, intent, execution; then its verification and outcome."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from watchdog.daemon.journal import Journal
from watchdog.daemon.looker import Looker
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import World
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError, EngineUnavailable, LedgerError, NotFound
from watchdog.model.container import ContainerSpec, ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act, Plan
from watchdog.model.record import Attempt, EntryKind, Outcome, Rung
from watchdog.policy.planning import Impossible, Remake, plan_remake, plan_restart, plan_start
from watchdog.policy.recovery import MINUTE, rollback_target
from watchdog.recovery.manager import Attempted, Errand, ServiceRecoveryManager

ALL_NETWORKS_AT_CREATE = (1, 44)
LOOK_AGAIN_AFTER = 1.0
RETRY_AFTER_TROUBLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a person's order ended for one service."""

    outcome: str
    """recovered, healthy, failed or refused"""
    action: Rung | None
    attempts: int
    seconds: float
    reason: str
    incident: int | None


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
    deadline: float


@dataclass(slots=True)
class Order:
    """A person's order that is not answered yet; `incident` is the one that it worked on."""

    began_at: float
    incident: int | None
    done: asyncio.Future[Result]


@dataclass(slots=True)
class Acting:
    world: World
    looker: Looker
    journal: Journal
    manager: ServiceRecoveryManager
    ask_soon: Callable[[ServiceKey], None]
    _underway: dict[ServiceKey, Underway] = field(default_factory=dict[ServiceKey, Underway])
    _orders: dict[ServiceKey, Order] = field(default_factory=dict[ServiceKey, Order])

    def breaker_until(self, now: float) -> float | None:
        return self.manager.breaker.open_until(now)

    async def plan(self, watched: Watched, decision: Act) -> tuple[Plan, ContainerSpec | None] | Impossible:
        """The plan for a rung; looks things up in the engine and changes nothing."""
        container = watched.container
        match decision.rung:
            case Rung.START if container is not None:
                return plan_start(watched.key, decision.cause, decision.because, container), None
            case Rung.RESTART if container is not None:
                stop_timeout = watched.settings.stop_timeout
                return plan_restart(watched.key, decision.cause, decision.because, container, stop_timeout), None
            case _:
                return await self._plan_remake(watched, decision)

    async def _plan_remake(self, watched: Watched, decision: Act) -> tuple[Plan, ContainerSpec | None] | Impossible:
        spec = await self._spec_for(watched, decision.rung)
        if isinstance(spec, Impossible):
            return spec
        named = spec if watched.key.project else replace(spec, container_name=watched.key.name)  # it may be renamed now
        survey = await self.world.engine.survey(named)
        identity = self.world.state.identity
        version = identity.api_version if identity is not None else "1.41"
        remake = Remake(
            service=watched.key,
            rung=decision.rung,
            cause=decision.cause,
            because=decision.because,
            spec=named,
            survey=survey,
            existing=watched.container,
            connects_later=tuple(int(part) for part in version.split(".")[:2]) < ALL_NETWORKS_AT_CREATE,
            nonce=secrets.token_hex(4),
        )
        plan = plan_remake(remake)
        return plan if isinstance(plan, Impossible) else (plan, spec)

    async def _spec_for(self, watched: Watched, rung: Rung) -> ContainerSpec | Impossible:
        """Recreate: what is there, else the newest proven deployment. Rollback: the newest proven one that differs."""
        baselines = watched.record.baselines
        if rung is Rung.ROLLBACK:
            target = rollback_target(watched.record, watched.config_hash)
            if target is None:
                return Impossible("there is no other proven deployment to go back to")
            return await self.journal.ledger.spec(baselines[target].spec_id)
        if watched.container is not None:
            try:
                return await self.world.engine.capture(watched.container.id)
            except NotFound:
                return Impossible("its container is being removed", passing=True)
        if not baselines:
            return Impossible("no deployment of it was ever proven, so there is nothing to recreate it from")
        return await self.journal.ledger.spec(baselines[0].spec_id)

    async def attempt(self, watched: Watched, decision: Act, now: float) -> Begun:
        """Intent into the ledger, then the engine calls. Raises LedgerError before anything was touched."""
        try:
            planned = await self.plan(watched, decision)
        except EngineUnavailable as error:
            return Begun(impossible=str(error), again_at=now + RETRY_AFTER_TROUBLE)
        except (EngineError, LedgerError) as error:
            return Begun(impossible=f"it cannot be planned: {error}")
        if isinstance(planned, Impossible):
            again_at = now + LOOK_AGAIN_AFTER if planned.passing else None
            return Begun(impossible=planned.because, again_at=again_at)
        plan, spec = planned
        errand = await self._intend(watched, plan, spec, now)
        if plan.rung is Rung.RESTART and watched.container is not None and watched.container.running:
            self.world.restarts.append(now)
            self.world.restarts = [at for at in self.world.restarts if now - at < MINUTE]
        self.world.measures.recoveries[watched.key, plan.rung] += 1
        attempted = await self.manager.execute(errand)
        return await self._after(watched, errand, attempted)

    async def _intend(self, watched: Watched, plan: Plan, spec: ContainerSpec | None, now: float) -> Errand:
        key, incident = watched.key, watched.record.incident
        attempt = Attempt(at=now, rung=plan.rung, outcome=Outcome.PENDING, by_operator=watched.ordered is not None)
        kept = tuple(old for old in watched.record.attempts if now - old.at < watched.settings.recovery.window)
        record = replace(watched.record, attempts=(*kept, attempt))
        woken = watched.woken_by_event_at
        entry = self.journal.entry(
            EntryKind.INTENT,
            key,
            f"will {plan.rung}: {plan.because}",
            incident=incident,
            payload={
                "plan": str(plan),
                "rung": plan.rung.value,
                "cause": plan.cause.value,
                "spec": spec.id if spec is not None else None,
                "container": watched.container.id if watched.container is not None else None,
                "restart_policy": watched.container.restart_policy.value if watched.container is not None else None,
                "restart_retries": watched.container.restart_retries if watched.container is not None else 0,
            },
        )
        missing_or_start = watched.container is None or plan.rung is Rung.START
        specs = [spec] if spec is not None else []
        (row,) = await self.journal.write(entry, records=[record], specs=specs, vital=missing_or_start)
        watched.record = record
        watched.intent_seconds = self.world.clock.now() - woken if woken is not None else None
        watched.woken_by_event_at = None
        self.journal.say(key, f"{plan.rung}: {plan.because}", incident=incident)

        async def replaced(mine: frozenset[str]) -> bool:
            return await self.looker.replaced(key, mine)

        return Errand(
            plan=plan, intent=row.seq, incident=incident, spec=spec, vital=missing_or_start, replaced=replaced
        )

    async def _after(self, watched: Watched, errand: Errand, attempted: Attempted) -> Begun:
        now = self.world.clock.now()
        if attempted.failure is None:
            self._underway[watched.key] = Underway(errand, attempted.container or "", now, now)
            if attempted.container:
                await self._see_made(watched, attempted.container)
            start_period = watched.container.start_period if watched.container is not None else 0.0
            wait = watched.settings.recovery.verify_timeout + start_period
            self._underway[watched.key].deadline = now + wait
            self.ask_soon(watched.key)
            return Begun()
        free = attempted.superseded or attempted.engine_away
        await self._outcome(watched, errand, Outcome.FAILED, attempted.failure, burnt=not free)
        return Begun(failure=attempted.failure)

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
        record = replace(watched.record, attempts=(*attempts[:-1], ended) if burnt else attempts[:-1])
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
        if outcome is Outcome.FAILED:
            self.world.measures.recovery_failures[watched.key, errand.plan.rung] += 1
        await self.journal.write(entry, records=[record], vital=True)
        watched.record = record

    def deadline(self, watched: Watched) -> float | None:
        underway = self._underway.get(watched.key)
        return underway.deadline if underway is not None else None

    def disproof(self, watched: Watched, seen: Assessment, now: float) -> str | None:
        """Why the attempt has failed, as far as can be told by now; None while it may still succeed."""
        underway = self._underway.get(watched.key)
        if underway is None:
            return "its attempt is not known any more"
        if now >= underway.deadline:
            return f"it was not verified within {underway.deadline - underway.began_at:g} s: {seen.reason}"
        if not seen.health.bad:
            return None
        stale = watched.container is None or watched.container.state is ContainerState.CREATED
        if stale and seen.cause is not Cause.FAILED_START and now - underway.began_at < LOOK_AGAIN_AFTER:
            return None
        return seen.reason

    async def verified(self, watched: Watched, seen: Assessment) -> str:
        """Called once it was seen good afresh; returns the sentence that says so."""
        underway = self._underway.pop(watched.key, None)
        watched.seen = seen
        if underway is None:
            return f"verified: {seen.reason}"
        await self._outcome(watched, underway.errand, Outcome.RECOVERED, seen.reason)
        trouble = await self.manager.clean_up(underway.errand)
        sentence = f"recovered by {underway.errand.plan.rung} and verified: {seen.reason}"
        return sentence + (f"; what was set aside could not be removed: {trouble}" if trouble else "")

    async def failed(self, watched: Watched, because: str) -> None:
        underway = self._underway.pop(watched.key, None)
        if underway is None:
            return
        self.journal.say(watched.key, f"{underway.errand.plan.rung} did not bring it back: {because}")
        trouble = await self.manager.put_back(underway.errand, underway.made)
        if trouble:
            because = f"{because}; what was set aside could not be put back: {trouble}"
        await self._outcome(watched, underway.errand, Outcome.FAILED, because)

    async def identify(self, watched: Watched) -> None:
        """What deployment a container is that was never proven: is there another one to go back to?"""
        if watched.container is None or watched.config_hash is not None or not watched.record.baselines:
            return
        try:
            watched.config_hash = config_hash(await self.world.engine.capture(watched.container.id))
        except EngineError as error:
            self.journal.say(watched.key, f"its deployment could not be told: {error}")

    def order(self, watched: Watched, now: float) -> asyncio.Future[Result]:
        """Takes up a person's order; the future ends with it."""
        known = self._orders.get(watched.key)
        if known is not None:
            return known.done
        order = Order(now, watched.record.incident, asyncio.get_running_loop().create_future())
        self._orders[watched.key] = order
        return order.done

    def answer(self, watched: Watched, seen: Assessment, now: float) -> None:
        """Ends a person's order where the service is good; one that is still starting is waited for."""
        open_still = seen.health in {Health.STARTING, Health.UNKNOWN, Health.DEGRADED}
        if open_still and now < self._order_ends(watched):
            return
        attempts = self._attempts_of_order(watched)
        good = seen.health in {Health.HEALTHY, Health.DONE}
        outcome = ("recovered" if attempts else "healthy") if good else "refused"
        self._end_order(watched, outcome, seen.reason, attempts)

    def refuse(self, watched: Watched, because: str) -> None:
        attempts = self._attempts_of_order(watched)
        self._end_order(watched, "failed" if attempts else "refused", because, attempts)

    def _order_ends(self, watched: Watched) -> float:
        order = self._orders.get(watched.key)
        return order.began_at + watched.settings.recovery.verify_timeout if order is not None else 0.0

    def _attempts_of_order(self, watched: Watched) -> tuple[Attempt, ...]:
        ordered = watched.ordered
        since = ordered.since if ordered is not None else 0.0
        return tuple(attempt for attempt in watched.record.attempts if attempt.by_operator and attempt.at >= since)

    def _end_order(self, watched: Watched, outcome: str, reason: str, attempts: tuple[Attempt, ...]) -> None:
        order = self._orders.pop(watched.key, None)
        watched.ordered = None
        if order is None or order.done.done():
            return
        order.done.set_result(
            Result(
                outcome=outcome,
                action=attempts[-1].rung if attempts else None,
                attempts=len(attempts),
                seconds=self.world.clock.now() - order.began_at,
                reason=reason,
                incident=watched.record.incident or order.incident,
            )
        )
