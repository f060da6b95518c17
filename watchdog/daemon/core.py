"""The daemon put together: who knows whom, what runs, how it starts and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from watchdog.api.doors import RecoverOrder, Target
from watchdog.api.measures import Measures
from watchdog.channels.hub import Hub
from watchdog.channels.validators import Validators
from watchdog.daemon.assembly import build_observing, build_recovering, build_reporting
from watchdog.daemon.deploying.announcements import Announcing
from watchdog.daemon.deploying.host import DaemonDeploymentHost
from watchdog.daemon.incidents.overdue import DowntimeWatch
from watchdog.daemon.observing.check_schedule import CheckProber
from watchdog.daemon.observing.dependency_warnings import DependencyWarnings
from watchdog.daemon.observing.engine import EngineWatch
from watchdog.daemon.observing.events import EventListener
from watchdog.daemon.observing.expected import named_in_compose
from watchdog.daemon.observing.heartbeats import Heartbeats
from watchdog.daemon.operators.commands import OperatorCommands
from watchdog.daemon.operators.silences import Silences
from watchdog.daemon.process.schedule import Schedule
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.views.snapshot import snapshot
from watchdog.daemon.views.state_file import StateFile
from watchdog.deployments import DeploymentSafetyGuard
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import EngineError, LedgerError, LedgerFull
from watchdog.ledger import Ledger
from watchdog.model.record import EntryKind, Incident, Row
from watchdog.model.settings import Settings
from watchdog.model.snapshot import Snapshot
from watchdog.policy.discovery import NotAService

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
        state: DaemonState,
        ledger: Ledger,
        prober: CheckProber,
        claim: Callable[[EngineIdentity, Collection[str]], Awaitable[None]],
        reread: Callable[[], Settings],
    ) -> None:
        self.state = state
        self._ledger = ledger
        self._reread = reread
        self._claim = claim
        self._claimed = ""
        """ID of the engine."""
        self._resolved = False
        self._claiming = asyncio.Lock()
        self._polling = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._schedule = Schedule(state.clock, self._missed)

        reporting = self._reporting = build_reporting(state, ledger, self._works)
        self.journal = reporting.journal
        self._downtime = DowntimeWatch(state, reporting.incidents, reporting.notifier, reporting.journal)
        self._silences = Silences(state, reporting.notifier, reporting.journal)

        observing = self._observing = build_observing(state, prober, reporting)
        self.containers = observing.containers
        self._engine_watch = EngineWatch(state, reporting.incidents, self._claim_engine)
        self._dependency_warnings = DependencyWarnings(state)
        self._listener = EventListener(state, observing.containers, self._engine_watch)
        self._heartbeats = Heartbeats(state, reporting.journal, observing.scheduler.ask_soon)

        recovering = self._recovering = build_recovering(state, ledger, reporting, observing, self._engine_watch.gone)
        self._commands = OperatorCommands(
            state=state,
            containers=observing.containers,
            registry=observing.registry,
            journal=reporting.journal,
            records=reporting.records,
            runner=recovering.runner,
            alerts=reporting.notifier,
        )
        self.validators = Validators(lambda: state.settings.validators, state.hub, state.clock.wall)
        host = DaemonDeploymentHost(
            state=state,
            containers=observing.containers,
            checks=observing.checks,
            registry=observing.registry,
            journal=reporting.journal,
            records=reporting.records,
            incidents=reporting.incidents,
            prober=prober,
            manager=recovering.manager,
        )
        self.deployments = DeploymentSafetyGuard(host, Announcing(state, self.validators), ledger)

    @property
    def measures(self) -> Measures:
        return self.state.measures

    @property
    def hub(self) -> Hub:
        return self.state.hub

    async def start(self, *, version: str) -> None:
        """Takes up what the ledger knows and starts watching; returns before the engine has been seen."""
        sentence = f"watchdog {version} starts to watch"
        try:
            await self._reporting.incidents.restore()
            await self._recovering.approvals.restore()
            self._reporting.check_incidents.restore()
            await self.deployments.restore()
            await self._heartbeats.restore()
            await self.journal.write(self.journal.entry(EntryKind.DAEMON_STARTED, "watchdog", sentence), vital=True)
        except LedgerFull as error:
            log.error(f"its start is not recorded: {error}")
        log.info(sentence, ledger_head=self._ledger.head)
        self._observing.checks.set_endpoints()
        self._schedule.every(self.state.settings.interval, "poll", self.poll)
        self._schedule.every(CLAIMS_EVERY, "claims", self._look_at_claims)
        self._schedule.every(COMPACT_EVERY, "retention", self._compact)
        self._spawn(self._listener.listen(), "listener")
        self._spawn(self._listener.look(), "containers")
        self._spawn(self._observing.scheduler.run(), "scheduler")
        self._spawn(self._heartbeats.run(), "heartbeats")
        self._spawn(self._reporting.alerter.run(), "alerts")
        self._spawn(self._downtime.run(), "alert watch")
        self._spawn(StateFile(self.state, self.state.settings.state.dir).run(), "state file")
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
        self.state.operators.commands_only = "the daemon ends"
        await self.deployments.stop()
        await self._recovering.workers.finish(FINISH_WITHIN)
        await self._recovering.workers.cancel()
        await self._observing.background.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._heartbeats.finish()
        self.state.hub.close()
        with suppress(LedgerError):
            entry = self.journal.entry(EntryKind.DAEMON_STOPPED, "watchdog", "watchdog stops on request")
            await self.journal.write(entry)

    async def poll(self) -> None:
        """The truth, whatever events said: one list, an inspect of what changed, and what should exist and does not."""
        await self._listener.tried.wait()  # a stop between the first look and the first event would pass for a crash
        async with self._polling:
            await self._poll()

    async def _poll(self) -> None:
        state, started = self.state, self.state.clock.now()
        try:
            await state.engine.identify()  # one whose containerd is away lists all containers as up
            await self.containers.look()
            await self._engine_watch.back()
            if state.engine_state.polled_at is None:
                await self._observing.registry.load_expected(self.containers.key_of)
        except EngineError as error:
            await self._engine_watch.gone(str(error))
            await self._engine_watch.overdue()
            return
        state.services.expected = await asyncio.to_thread(named_in_compose, state)
        state.engine_state.polled_at = state.clock.now()
        for service in state.services.known.values():
            service.note_poll(state.engine_state.polled_at)
        self._dependency_warnings.look()
        state.measures.polls += 1
        state.measures.last_poll_at = state.clock.wall()
        state.measures.poll_seconds = state.engine_state.polled_at - started
        state.changed.set()

    async def _claim_engine(self, identity: EngineIdentity) -> None:
        """Before the first judgement: the lock on this engine is taken, and what was left half-done is resolved."""
        async with self._claiming:
            if self._claimed != identity.id:
                await self._claim(identity, self.containers.present())
                self._claimed = identity.id
            if self._resolved:
                return
            try:
                if await self._recovering.crash_recovery.resolve():
                    await self.containers.look()
            except LedgerError as error:
                log.error(f"what was left half-done stays so until it can be recorded: {error}")
                return
            self._resolved = True

    def _missed(self, name: str, slots: int) -> None:
        if name == "poll":
            self.state.measures.polls_missed += slots
            log.warning(f"{slots} polls were missed: the daemon was asleep or too busy")

    async def _look_at_claims(self) -> None:
        await self._reporting.incidents.look_at_claims(self.state.clock.now())
        await self._recovering.approvals.sweep()
        await self._engine_watch.overdue()

    async def _compact(self) -> None:
        try:
            await self._ledger.compact(self.state.clock.wall())
        except LedgerError as error:
            log.error(str(error))

    def snapshot(self) -> Snapshot:
        return snapshot(self.state, len(self.state.incidents))

    def alive(self) -> tuple[bool, str]:
        """Whether the workers make progress; that this is answered at all says that the loop does."""
        now = self.state.clock.now()
        for service in self.state.services.known.values():
            if service.course.busy_since is not None and now - service.course.busy_since > STUCK_AFTER:
                return (
                    False,
                    f"the worker of {service.key} has been in one turn for {now - service.course.busy_since:.0f} s",
                )
            if service.course.broken is not None:
                return False, f"the worker of {service.key} met a bug: {service.course.broken}"
        ended = [task.get_name() for task in self._tasks if task.done()]
        ended += [str(key) for key, task in self._recovering.workers.tasks.items() if task.done()]
        return (not ended, f"ended: {', '.join(ended)}" if ended else "loop and workers make progress")

    def _works(self) -> bool:
        """What the ping says of us."""
        return self.state.engine_state.polled_at is not None and self.alive()[0]

    def ready(self) -> tuple[bool, str]:
        if self.state.engine_state.away is not None:
            return False, f"the engine is away: {self.state.engine_state.away}"
        if self.state.engine_state.polled_at is None:
            return False, "the first poll is not done"
        return True, f"{len(self.state.services.known)} services are watched"

    async def incidents(self, limit: int, open_only: bool) -> tuple[Incident, ...]:
        found = await self._ledger.incidents(limit)
        return tuple(incident for incident in found if not open_only or incident.closed_at is None)

    async def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        return await self._ledger.timeline(incident)

    async def reload(self) -> str:
        """Takes up the configuration anew; a wrong file leaves the old one in force and raises ConfigurationError."""
        settings = self._reread()
        fixed = _fixed_until_restart(self.state.settings, settings)
        kept = self.state.settings
        self.state.services.settings = replace(settings, engine=kept.engine, api=kept.api, state=kept.state)
        for service in list(self.state.services.known.values()):
            name = service.container.name if service.container is not None else service.key.name
            labels = dict(service.labels)
            if isinstance(self.state.service_of(name, labels), NotAService):
                self._observing.registry.remove(service)
                continue
            self._observing.registry.reconfigure(service, labels)
        self._observing.checks.set_endpoints()
        self.containers.forget()
        self._schedule.every(settings.interval, "poll", self.poll)
        await self._reporting.alerter.reconfigure(settings.alert)
        self._reporting.notifier.reconsider()
        with suppress(EngineError):  # the next poll finds that out
            await self.containers.look()
        await self._observing.registry.load_expected(self.containers.key_of)
        sentence = "the configuration is reloaded" + (f"; {fixed} take effect at the next start" if fixed else "")
        await self.journal.write(self.journal.entry(EntryKind.OPERATOR, "watchdog", sentence))
        log.info(sentence)
        self._listener.look_soon()
        return sentence

    def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        return self._commands.recover(order)

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str:
        return await self._commands.pause(service, seconds, reason, by)

    async def resume(self, service: str, by: str) -> str:
        return await self._commands.resume(service, by)

    async def retire(self, service: str, reason: str, by: str) -> str:
        return await self._commands.retire(service, reason, by)

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
        return self._recovering.approvals.list(everything)

    async def approve(self, approval: int, reason: str, by: str) -> str:
        return await self._recovering.approvals.approve(approval, reason, by)

    async def reject(self, approval: int, reason: str, by: str) -> str:
        return await self._recovering.approvals.reject(approval, reason, by)


def _fixed_until_restart(old: Settings, new: Settings) -> str:
    sections = {"[engine]": (old.engine, new.engine), "[api]": (old.api, new.api), "[state]": (old.state, new.state)}
    return " and ".join(name for name, (before, after) in sections.items() if before != after)
