"""What people order: recover, pause, resume, retire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from watchdog.api.doors import RecoverOrder
from watchdog.daemon.alerting.notifier import Notifier
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.registry import ServiceRegistry
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.state.commands import Result
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.errors import EngineUnavailable, UnknownService, UsageError
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Act
from watchdog.model.record import Desired, EntryKind, Pause, ServiceRecord
from watchdog.model.snapshot import timestamp
from watchdog.policy.graph import all_roots, tiers
from watchdog.policy.naming import find_service
from watchdog.policy.planning import Impossible
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Situation, Surroundings

LONGEST_PAUSE = 366 * 86400.0


class OperatorCommands:
    """Takes orders on behalf of the daemon; every one of them is in the ledger with who gave it."""

    def __init__(
        self,
        *,
        state: DaemonState,
        containers: ContainerObserver,
        registry: ServiceRegistry,
        journal: Journal,
        records: Records,
        runner: RecoveryRunner,
        alerts: Notifier,
    ) -> None:
        self._state = state
        self._containers = containers
        self._registry = registry
        self._journal = journal
        self._records = records
        self._runner = runner
        self._commands = state.operators.commands
        self._alerts = alerts
        self._tasks: set[asyncio.Task[None]] = set()

    async def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        """Recovers what the order names, roots first, and tells of it as it happens.

        Who stops listening stops the telling, never the recovery.
        """
        if self._state.engine_state.away is not None:
            raise EngineUnavailable(f"no action: {self._state.engine_state.away}")
        await self._containers.look()
        self._refuse_unknown_baselines(order)
        graph, chosen = self._state.dependencies.graph(), self._choose(order)
        needs = {key: all_roots(graph, key) & chosen for key in chosen}
        told: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue()
        task = asyncio.create_task(self._carry_out(order, needs, told), name="an order")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        while (event := await told.get()) is not None:
            yield event
        await task

    async def _carry_out(
        self,
        order: RecoverOrder,
        needs: Mapping[ServiceKey, frozenset[ServiceKey]],
        told: asyncio.Queue[Mapping[str, Any] | None],
    ) -> None:
        try:
            in_order = [key for tier in tiers(needs) for key in tier]
            told.put_nowait({"event": "order", "services": [str(key) for key in in_order]})
            if not order.dry_run:
                await self._recover_in_order(needs, order, told)
                return
            for key in in_order:
                if key not in self._state.services.known:
                    continue
                text = await self._preview(self._state.services.known[key], order)
                told.put_nowait({"event": "plan", "service": str(key), "text": text})
        finally:
            told.put_nowait(None)

    async def _recover_in_order(
        self,
        needs: Mapping[ServiceKey, frozenset[ServiceKey]],
        order: RecoverOrder,
        told: asyncio.Queue[Mapping[str, Any] | None],
    ) -> None:
        """Each once all that it needs has had its turn; one that cannot be ordered holds no other one up."""
        ended = {key: asyncio.Event() for key in needs}

        def hear(service: ServiceKey, sentence: str, at: float) -> None:
            if service in needs:
                event = {"event": "progress", "service": str(service), "sentence": sentence, "at": timestamp(at)}
                told.put_nowait(event)

        async def recover(key: ServiceKey) -> None:
            for root in needs[key]:
                await ended[root].wait()
            try:
                if key in self._state.services.known:
                    done = await self._give(self._state.services.known[key], order)
                    told.put_nowait(_result_event(key, await done))
            finally:
                ended[key].set()

        with self._journal.following(hear):
            failures = await asyncio.gather(*map(recover, needs), return_exceptions=True)
        for failure in failures:
            if failure is not None:
                raise failure

    async def _give(self, service: ServiceState, order: RecoverOrder) -> asyncio.Future[Result]:
        now = self._state.clock.now()
        sentence = f"{order.by} orders to recover {service.key}" + (f" by {order.action}" if order.action else "")
        await self._write(service, sentence, quarantined=None)
        done = self._commands.add(service, Ordered(now, order.action, order.baseline))
        service.wake.set()
        return done

    async def _preview(self, service: ServiceState, order: RecoverOrder) -> str:
        now = self._state.clock.now()
        if service.assessment is None:
            return f"{service.key}: not looked at yet"
        await self._runner.identify(service)
        situation = Situation(
            assessment=service.assessment,
            record=replace(service.record, quarantined=None),
            settings=service.settings.recovery,
            container=service.container,
            config_hash=service.incarnation.config_hash,
            ordered=Ordered(now, order.action, order.baseline),
        )
        decision = decide(situation, Surroundings(), now)
        if not isinstance(decision, Act):
            nothing = service.assessment.serves
            return (
                f"{service.key}: nothing to do: {decision.because}" if nothing else f"{service.key}: {decision.because}"
            )
        planned = await self._runner.plan(service, decision)
        if isinstance(planned, Impossible):
            return f"{service.key}: no plan: {planned.because}"
        asks = decision.rung in service.settings.recovery.approval
        return str(planned.plan) + ("\n  done by itself it would wait for a person's approval" if asks else "")

    def _choose(self, order: RecoverOrder) -> set[ServiceKey]:
        services = self._state.services.known
        if order.everything:
            return {key for key, service in services.items() if self._is_concern(service)}
        if order.project is not None:
            found = {key for key in services if key.project == order.project}
            if not found:
                projects = tuple(sorted({key.project for key in services if key.project}))
                listed = ", ".join(projects) or "none"
                raise UnknownService(f"no project is called {order.project!r}; there are: {listed}", projects)
            return {key for key in found if self._is_concern(services[key])}
        return {self._find(name).key for name in order.services}

    def _refuse_unknown_baselines(self, order: RecoverOrder) -> None:
        for name in order.services if order.baseline is not None else ():
            service = self._find(name)
            known = [
                f"{number}: {kept.image} ({kept.image_id.removeprefix('sha256:')[:12]})"
                for number, kept in enumerate(service.record.baselines, 1)
            ]
            if order.baseline is not None and order.baseline > len(known):
                there = "; ".join(known) or "none"
                raise UsageError(f"{service.key} has no proven deployment {order.baseline}; there are {there}")

    @staticmethod
    def _is_concern(service: ServiceState) -> bool:
        """An order for many services leaves alone what nobody expects to run."""
        return service.record.desired is Desired.UP

    def _find(self, name: str) -> ServiceState:
        return self._state.services.known[find_service(name, self._state.services.known)]

    async def pause(self, name: str, seconds: float, reason: str, by: str) -> str:
        """Detection goes on, action waits."""
        if not 0 < seconds <= LONGEST_PAUSE:
            raise UsageError("a pause needs an end: write how long, as 2h, up to 366 days")
        if not reason.strip():
            raise UsageError("a pause needs a reason")
        service = self._find(name)
        until = self._state.clock.now() + seconds
        ends = timestamp(self._state.clock.wall() + seconds)
        sentence = f"{service.key} is paused until {ends} by {by}: {reason}"
        await self._change(service, sentence, pause=Pause(until=until, reason=reason, by=by))
        return sentence

    async def resume(self, name: str, by: str) -> str:
        service = self._find(name)
        if service.record.pause is None:
            return f"{service.key} is not paused"
        sentence = f"{service.key} is resumed by {by}"
        await self._change(service, sentence, pause=None)
        return sentence

    async def retire(self, name: str, reason: str, by: str) -> str:
        """Its absence is nobody's concern from now on, until somebody makes a new container for it."""
        service = self._find(name)
        sentence = f"{service.key} is retired by {by}" + (f": {reason}" if reason else "")
        await self._change(service, sentence, desired=Desired.RETIRED)
        if service.container is None:
            self._registry.remove(service)
        return sentence

    async def _change(self, service: ServiceState, sentence: str, **changes: Any) -> None:
        await self._write(service, sentence, **changes)
        service.wake.set()
        self._alerts.reconsider()
        self._state.changed.set()

    async def _write(self, service: ServiceState, sentence: str, **changes: Any) -> None:

        async def write(record: ServiceRecord) -> None:
            entry = self._journal.entry(EntryKind.OPERATOR, service.key, sentence, incident=record.incident)
            await self._journal.write(entry, records=[record])

        await self._records.change_with(service, lambda record: replace(record, **changes), write)
        self._journal.say(service.key, sentence)


def _result_event(key: ServiceKey, result: Result) -> dict[str, Any]:
    return {
        "event": "result",
        "project": key.project,
        "name": key.label,
        "outcome": result.outcome,
        "action": result.action.value if result.action is not None else None,
        "attempts": result.attempts,
        "seconds": round(result.seconds, 3),
        "reason": result.reason,
        "incident": result.incident,
    }
