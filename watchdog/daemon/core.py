"""The daemon put together: who knows whom, what runs, how it starts and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from watchdog.alerts.alerter import Alerter
from watchdog.api.doors import RecoverOrder, Target
from watchdog.api.measures import Measures
from watchdog.channels.hub import Hub
from watchdog.channels.validators import Validators
from watchdog.daemon.alerting.notifier import Notifier
from watchdog.daemon.deploying.announcements import Announcing
from watchdog.daemon.deploying.host import DaemonDeploymentHost
from watchdog.daemon.incidents.checks import CheckIncidents
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.incidents.overdue import DowntimeWatch
from watchdog.daemon.observing.check_schedule import CheckScheduler, Prober
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.dependency_warnings import DependencyWarnings
from watchdog.daemon.observing.engine import EngineWatch
from watchdog.daemon.observing.events import EventListener
from watchdog.daemon.observing.expected import named_in_compose
from watchdog.daemon.observing.heartbeats import Heartbeats
from watchdog.daemon.observing.registry import ServiceRegistry
from watchdog.daemon.operators.commands import OperatorCommands
from watchdog.daemon.operators.pending import PendingCommands
from watchdog.daemon.operators.silences import Silences
from watchdog.daemon.process.own_container import own_container
from watchdog.daemon.process.schedule import Schedule
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recovering.approvals import Approvals
from watchdog.daemon.recovering.crash_recovery import CrashRecovery
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.recovering.worker import Worker
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import World
from watchdog.daemon.views.snapshot import snapshot
from watchdog.daemon.views.state_file import StateFile
from watchdog.deployments import DeploymentSafetyGuard
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import EngineError, LedgerError, LedgerFull
from watchdog.ledger import Ledger
from watchdog.model.record import EntryKind, Incident, Row
from watchdog.model.settings import Settings
from watchdog.model.snapshot import Snapshot
from watchdog.policy.discovery import NotAService, service_of
from watchdog.recovery.manager import ServiceRecoveryManager
from watchdog.recovery.planner import Planner

log = structlog.get_logger()

STUCK_AFTER = 300.0
"""A worker that is in one turn for longer than this makes no progress."""
FINISH_WITHIN = 7.0
"""Seconds that engine calls under way may take to finish when the daemon is asked to stop."""
CLAIMS_EVERY = 30.0
COMPACT_EVERY = 6 * 3600.0


class Daemon:
    """Implements the API's doors `Facts` and `Orders`. One per engine; make it, `start` it, `stop` it."""

    def __init__(
        self,
        *,
        world: World,
        ledger: Ledger,
        prober: Prober,
        claim: Callable[[EngineIdentity, Collection[str]], Awaitable[None]],
        reread: Callable[[], Settings],
    ) -> None:
        self.world = world
        settings, engine, clock = world.settings, world.engine, world.clock
        self.alerter = Alerter(
            settings.alert,
            settings.state.dir / "alerts",
            self.world.measures.alerts,
            ledger,
            works=self._works,
            wall=clock.wall,
        )
        self.journal = Journal(ledger, clock, self.world.measures, self.alerter, self.world.hub)
        self.validators = Validators(lambda: self.world.settings.validators, self.world.hub, clock.wall)
        self._ledger = ledger
        self._reread = reread
        self._claim = claim
        self._claimed = ""
        """ID of the engine."""
        self._resolved = False
        self._claiming = asyncio.Lock()
        self._polling = asyncio.Lock()
        self._alerts = Notifier(self.world, self.journal, self.alerter.send)
        self._desk = IncidentManager(self.world, self.journal, self._alerts, self.alerter.send)
        self._alert_watch = DowntimeWatch(self.world, self._desk, self._alerts, self.journal)
        self._approvals = Approvals(self.world, self.journal, self._desk)
        self._silences = Silences(self.world, self._alerts, self.journal)
        self._asker = CheckScheduler(prober, clock, self.world.measures)
        self._checks = CheckIncidents(self._desk)
        self._household = ServiceRegistry(self.world, self._asker, self._desk, self.journal, self._checks)
        self.looker = ContainerObserver(self.world, self._household, own_container())
        manager = ServiceRecoveryManager(
            engine=engine,
            ledger=ledger,
            ours=self.world.ours,
            now=clock.now,
            wall=clock.wall,
            concurrency=settings.recovery.concurrency,
        )
        planner = Planner(engine, ledger)
        self._engine_watch = EngineWatch(self.world, self._desk, self._claim_engine)
        self._acting = RecoveryRunner(
            world=self.world,
            looker=self.looker,
            journal=self.journal,
            planner=planner,
            manager=manager,
            approvals=self._approvals,
            ask_soon=self._household.ask_soon,
            engine_gone=self._engine_watch.gone,
        )
        self._leftovers = CrashRecovery(self.world, self.journal, manager, self._acting.take_up)
        self._book = PendingCommands()
        self._household.employ = self._work
        self._order_watch = DependencyWarnings(self.world)
        self._listener = EventListener(self.world, self.looker, self._engine_watch)
        self._orders = OperatorCommands(
            world=self.world,
            looker=self.looker,
            household=self._household,
            journal=self.journal,
            acting=self._acting,
            book=self._book,
            alerts=self._alerts,
        )
        deploying = DaemonDeploymentHost(
            world=self.world,
            looker=self.looker,
            household=self._household,
            journal=self.journal,
            desk=self._desk,
            prober=prober,
            manager=manager,
        )
        self.deployments = DeploymentSafetyGuard(deploying, Announcing(world, self.validators), ledger)
        self._heartbeats = Heartbeats(self.world, self.journal, self._asker.ask_soon)
        self._schedule = Schedule(clock, self._missed)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def measures(self) -> Measures:
        return self.world.measures

    @property
    def hub(self) -> Hub:
        return self.world.hub

    async def start(self, *, version: str) -> None:
        """Takes up what the ledger knows and starts watching; returns before the engine has been seen."""
        sentence = f"watchdog {version} starts to watch"
        try:
            await self._desk.restore()
            await self._approvals.restore()
            self._checks.restore()
            await self.deployments.restore()
            await self._heartbeats.restore()
            await self.journal.write(self.journal.entry(EntryKind.DAEMON_STARTED, "watchdog", sentence), vital=True)
        except LedgerFull as error:
            log.error(f"its start is not recorded: {error}")
        log.info(sentence, ledger_head=self._ledger.head)
        self._household.set_endpoints()
        self._schedule.every(self.world.settings.interval, "poll", self.poll)
        self._schedule.every(CLAIMS_EVERY, "claims", self._look_at_claims)
        self._schedule.every(COMPACT_EVERY, "retention", self._compact)
        self._spawn(self._listener.listen(), "listener")
        self._spawn(self._listener.look(), "looker")
        self._spawn(self._asker.run(), "asker")
        self._spawn(self._heartbeats.run(), "heartbeats")
        self._spawn(self.alerter.run(), "alerts")
        self._spawn(self._alert_watch.run(), "alert watch")
        self._spawn(StateFile(self.world, self.world.settings.state.dir).run(), "state file")
        self._schedule.start()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def failed(self) -> str:
        """Waits until a task of the daemon's own ends, which none ever should; returns what went wrong."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        error = None if task.cancelled() else task.exception()
        return f"{task.get_name()} ended: {error!r}"

    async def stop(self) -> None:
        """Hands over: what is under way is in the ledger, the next daemon observes it afresh."""
        self._schedule.stop()
        self.world.orders_only = "the daemon ends"
        await self.deployments.stop()
        await self._household.finish(FINISH_WITHIN)
        await self._household.dismiss_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._heartbeats.finish()
        self.world.hub.close()
        with suppress(LedgerError):
            entry = self.journal.entry(EntryKind.DAEMON_STOPPED, "watchdog", "watchdog stops on request")
            await self.journal.write(entry)

    async def _work(self, watched: ServiceState) -> None:
        worker = Worker(
            world=self.world,
            watched=watched,
            looker=self.looker,
            desk=self._desk,
            journal=self.journal,
            acting=self._acting,
            book=self._book,
            checks=self._checks,
            approvals=self._approvals,
        )
        await worker.run()

    async def poll(self) -> None:
        """The truth, whatever events said: one list, an inspect of what changed, and what should exist and does not."""
        await self._listener.tried.wait()  # a stop between the first look and the first event would pass for a crash
        async with self._polling:
            await self._poll()

    async def _poll(self) -> None:
        world, started = self.world, self.world.clock.now()
        try:
            await world.engine.identify()  # one whose containerd is away lists all containers as up
            await self.looker.look()
            await self._engine_watch.back()
            if world.polled_at is None:
                await self._household.recall()
        except EngineError as error:
            await self._engine_watch.gone(str(error))
            await self._engine_watch.overdue()
            return
        world.wanted = await asyncio.to_thread(named_in_compose, world)
        world.polled_at = world.clock.now()
        for watched in world.services.values():
            watched.note_poll(world.polled_at)
        self._order_watch.look()
        world.measures.polls += 1
        world.measures.last_poll_at = world.clock.wall()
        world.measures.poll_seconds = world.polled_at - started
        world.changed.set()

    async def _claim_engine(self, identity: EngineIdentity) -> None:
        """Before the first judgement: the lock on this engine is taken, and what was left half-done is resolved."""
        async with self._claiming:
            if self._claimed != identity.id:
                await self._claim(identity, self.looker.present())
                self._claimed = identity.id
            if self._resolved:
                return
            try:
                if await self._leftovers.resolve():
                    await self.looker.look()
            except LedgerError as error:
                log.error(f"what was left half-done stays so until it can be recorded: {error}")
                return
            self._resolved = True

    def _missed(self, name: str, slots: int) -> None:
        if name == "poll":
            self.world.measures.polls_missed += slots
            log.warning(f"{slots} polls were missed: the daemon was asleep or too busy")

    async def _look_at_claims(self) -> None:
        await self._desk.look_at_claims(self.world.clock.now())
        await self._approvals.sweep()
        await self._engine_watch.overdue()

    async def _compact(self) -> None:
        try:
            await self._ledger.compact(self.world.clock.wall())
        except LedgerError as error:
            log.error(str(error))

    def snapshot(self) -> Snapshot:
        return snapshot(self.world, len(self._desk.open))

    def alive(self) -> tuple[bool, str]:
        """Whether the workers make progress; that this is answered at all says that the loop does."""
        now = self.world.clock.now()
        for watched in self.world.services.values():
            if watched.busy_since is not None and now - watched.busy_since > STUCK_AFTER:
                return False, f"the worker of {watched.key} has been in one turn for {now - watched.busy_since:.0f} s"
            if watched.broken is not None:
                return False, f"the worker of {watched.key} met a bug: {watched.broken}"
        ended = [task.get_name() for task in self._tasks if task.done()]
        ended += [str(key) for key, task in self._household.workers.items() if task.done()]
        return (not ended, f"ended: {', '.join(ended)}" if ended else "loop and workers make progress")

    def _works(self) -> bool:
        """What the ping says of us."""
        return self.world.polled_at is not None and self.alive()[0]

    def ready(self) -> tuple[bool, str]:
        if self.world.state.away is not None:
            return False, f"the engine is away: {self.world.state.away}"
        if self.world.polled_at is None:
            return False, "the first poll is not done"
        return True, f"{len(self.world.services)} services are watched"

    async def incidents(self, limit: int, open_only: bool) -> tuple[Incident, ...]:
        found = await self._ledger.incidents(limit)
        return tuple(incident for incident in found if not open_only or incident.closed_at is None)

    async def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        return await self._ledger.timeline(incident)

    async def reload(self) -> str:
        """Takes up the configuration anew; a wrong file leaves the old one in force and raises ConfigurationError."""
        settings = self._reread()
        fixed = _fixed_until_restart(self.world.settings, settings)
        self.world.settings = replace(
            settings, engine=self.world.settings.engine, api=self.world.settings.api, state=self.world.settings.state
        )
        for watched in list(self.world.services.values()):
            name = watched.container.name if watched.container is not None else watched.key.name
            labels = dict(watched.labels)
            if isinstance(service_of(self.world.settings, name, labels), NotAService):
                self._household.dismiss(watched)
                continue
            watched.settings = self.world.settings_for(watched.key, labels)
            self._household.resettle(watched)
        self._household.set_endpoints()
        self.looker.forget()
        self._schedule.every(settings.interval, "poll", self.poll)
        await self.alerter.reconfigure(settings.alert)
        self._alerts.reconsider()
        with suppress(EngineError):  # the next poll finds that out
            await self.looker.look()
        await self._household.recall()
        sentence = "the configuration is reloaded" + (f"; {fixed} take effect at the next start" if fixed else "")
        await self.journal.write(self.journal.entry(EntryKind.OPERATOR, "watchdog", sentence))
        log.info(sentence)
        self._listener.look_soon()
        return sentence

    def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        return self._orders.recover(order)

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str:
        return await self._orders.pause(service, seconds, reason, by)

    async def resume(self, service: str, by: str) -> str:
        return await self._orders.resume(service, by)

    async def retire(self, service: str, reason: str, by: str) -> str:
        return await self._orders.retire(service, reason, by)

    def heartbeat_token(self, name: str) -> str | None:
        return self._heartbeats.token(name)

    async def heartbeat(self, name: str, exit_code: int, message: str) -> str:
        return await self._heartbeats.call(name, exit_code, message)

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str:
        return await self._silences.silence(target, seconds, reason, by)

    async def unsilence(self, target: Target, by: str) -> str:
        return await self._silences.unsilence(target, by)

    async def confirm(self, announcement: int, validator: str, confirmed: bool, because: str, by: str) -> str:
        return self.validators.answer(announcement, validator, confirmed, because, by)

    async def silences(self) -> list[dict[str, Any]]:
        return self._silences.list()

    async def approvals(self, everything: bool) -> list[dict[str, Any]]:
        return self._approvals.list(everything)

    async def approve(self, approval: int, reason: str, by: str) -> str:
        return await self._approvals.approve(approval, reason, by)

    async def reject(self, approval: int, reason: str, by: str) -> str:
        return await self._approvals.reject(approval, reason, by)


def _fixed_until_restart(old: Settings, new: Settings) -> str:
    sections = {"[engine]": (old.engine, new.engine), "[api]": (old.api, new.api), "[state]": (old.state, new.state)}
    return " and ".join(name for name, (before, after) in sections.items() if before != after)
