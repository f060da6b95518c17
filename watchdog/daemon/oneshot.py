"""Without a daemon: one look with evidence (`check`), and the daemon for the duration of one order."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from watchdog import __version__
from watchdog.api.doors import Commands
from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.expected import named_in_compose
from watchdog.daemon.observing.heartbeats import KIND as HEARTBEATS
from watchdog.daemon.process.own_container import own_container
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.endpoints import Endpoint, Journey
from watchdog.daemon.state.incarnation import ContainerLook
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.services import Services
from watchdog.daemon.views.snapshot import snapshot
from watchdog.engine.docker import DockerEngine
from watchdog.errors import EngineError, LedgerError, NoLedger
from watchdog.ledger import LedgerReader
from watchdog.model.change import Change
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.record import ServiceRecord
from watchdog.model.settings import Settings
from watchdog.model.snapshot import Snapshot
from watchdog.policy.assess import assess
from watchdog.policy.discovery import ENABLE, is_own_name, left_out
from watchdog.policy.journeys import heard_by
from watchdog.policy.naming import find_service, goes_by
from watchdog.policy.score import overall_status, whole_score
from watchdog.policy.signatures import KNOWN_ERRORS

UNREAD = {ENABLE: "true"}
"""The labels of a container that is gone stand in the daemon's specs: to be missing it must have been watched."""


@dataclass(frozen=True, slots=True)
class LedgerCopy:
    """What the ledger said when it was read; nothing where there is none."""

    records: Mapping[ServiceKey, ServiceRecord] = field(default_factory=dict[ServiceKey, ServiceRecord])
    head: str = ""
    left: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """What probes and callers have left, by kind and key."""

    async def kept(self, kind: str) -> Mapping[str, str]:
        """As `probes.kept.StateStore`."""
        return self.left.get(kind, {})

    async def append(self, change: Change) -> None:
        """Only the daemon writes."""


@dataclass(frozen=True, slots=True)
class _Onlooker:
    """A keeper without workers: nothing follows from what is seen."""

    services: Services

    def add(self, key: ServiceKey, labels: Mapping[str, str]) -> ServiceState:
        return self.services.new(key, labels)

    def reconfigure(self, service: ServiceState, labels: Mapping[str, str]) -> None:
        pass

    def remove(self, service: ServiceState) -> None:
        pass

    def rename(self, service: ServiceState, bearer: ServiceKey) -> None:
        pass


async def look(settings: Settings, names: tuple[str, ...]) -> Snapshot:
    """Looks once at the engine, asks every check once, and compares with ledger, configuration and Compose files.

    Nothing is touched. Raises UnknownService for a name that no service has, LedgerError for an unreadable ledger.
    """
    engine, memory = DockerEngine(settings.engine), _ledger_copy(settings)
    state = DaemonState(settings=settings, clock=Clock(), engine=engine, ledger=memory)
    state.heartbeats.load(memory.left.get(HEARTBEATS, {}))
    try:
        await _look_at_engine(state)
        _recall(state)
        state.services.expected = named_in_compose(state)
        await _ask_everything(state, memory, names)
    finally:
        await engine.close()
    now = state.clock.now()
    for service in state.services.known.values():
        service.course.assess(assess(service.sight(now, state.engine_state.away)), now)
    return _only(snapshot(state, sum(record.incident is not None for record in state.ledger.records.values())), names)


async def ask_once(settings: Settings, check: Check) -> Observation:
    """The answer to one check; the engine is looked at only where that is asked from inside a container."""
    from watchdog.probes import Prober

    engine, memory = DockerEngine(settings.engine), LedgerCopy()
    state = DaemonState(settings=settings, clock=Clock(), engine=engine, ledger=memory)
    prober = Prober(state.clock.wall, state, memory)
    try:
        if check.vantage is not None:
            await _look_at_engine(state)
        return await prober.ask(check)
    finally:
        await prober.close()
        await engine.close()


def _ledger_copy(settings: Settings) -> LedgerCopy:
    try:
        with LedgerReader.open(settings.state.dir) as reader:
            return LedgerCopy(reader.records(), reader.head(), _kept(reader))
    except NoLedger:
        return LedgerCopy()


def _renamed_by_us(settings: Settings, named: Mapping[str, str]) -> set[str]:
    try:
        with LedgerReader.open(settings.state.dir) as reader:
            return reader.renamed_by_us(named)
    except NoLedger:
        return set()


def _kept(reader: LedgerReader) -> Mapping[str, Mapping[str, str]]:
    try:
        return {kind: reader.kept(kind) for kind in (KNOWN_ERRORS, HEARTBEATS)}
    except LedgerError:  # one that an older version wrote has no such table
        return {}


async def _look_at_engine(state: DaemonState) -> None:
    try:
        state.engine_state.identified(await state.engine.identify())
        lines = await state.engine.list_containers()
        looking_like_ours = {line.id: line.name for line in lines if is_own_name(line.name)}
        ours = _renamed_by_us(state.settings, looking_like_ours) if looking_like_ours else set[str]()
        state.own_actions.recall(looking_like_ours[container] for container in ours)
        await ContainerObserver(state, _Onlooker(state.services), own_container()).look()
        state.engine_state.away = None
    except EngineError as error:
        state.engine_state.away = str(error)


def _recall(state: DaemonState) -> None:
    """What should be up by the ledger or the configuration and has no container."""
    for key, record in state.services.missing().items():
        if key not in state.services.unwatched and not left_out(state.settings, key, UNREAD):
            state.services.new(key, {}, record).see(ContainerLook(container=None, at=state.clock.now()))


async def _ask_everything(state: DaemonState, memory: LedgerCopy, names: tuple[str, ...]) -> None:
    """Every check once, side by side; one answer is the verdict."""
    for check in state.settings.alone:
        if not names:
            state.services.endpoints[check.name] = Endpoint(_once(check))
    for check in state.settings.journeys_of_services:
        journey = Journey(_once(check))
        if not names or any(journey.is_of(service.key) for service in _chosen(state, names)):
            state.services.journeys[check.name] = journey
    questions: list[tuple[Check, ServiceState | Endpoint | Journey]] = [
        (alone.check, alone) for alone in (*state.services.endpoints.values(), *state.services.journeys.values())
    ]
    for service in _chosen(state, names):
        checks = tuple(_once(check) for check in service.settings.checks)
        service.reconfigure(replace(service.settings, checks=checks), service.labels)
        questions += [(check, service) for check in checks if not isinstance(check.probe, JourneyProbe)]
    if not questions or state.engine_state.away is not None:
        return
    from watchdog.probes import Prober

    prober = Prober(state.clock.wall, state, memory, state.heartbeats)

    async def ask(check: Check, of: ServiceState | Endpoint | Journey) -> None:
        observation = await prober.ask(check)
        _take_in(state, check, of, observation)

    try:
        await asyncio.gather(*(ask(check, of) for check, of in questions))
    finally:
        await prober.close()


def _take_in(state: DaemonState, check: Check, of: ServiceState | Endpoint | Journey, observation: Observation) -> None:
    now = state.clock.now()
    if isinstance(of, ServiceState):
        of.hear(check, observation, of.incarnation.run.number, now)
        return
    of.hear(observation)
    if isinstance(of, Journey):
        for service in state.services.known.values():
            if of.is_of(service.key):
                heard = heard_by(of.probe, observation, service.key, blamed=False)
                service.hear(check, heard, service.incarnation.run.number, now)


def _once(check: Check) -> Check:
    """One answer is its verdict."""
    return replace(check, failures=1, successes=1)


def _chosen(state: DaemonState, names: tuple[str, ...]) -> list[ServiceState]:
    return [service for service in state.services.known.values() if not names or _named(service.key, names)]


def _named(key: ServiceKey, names: tuple[str, ...]) -> bool:
    return any(goes_by(key, name) for name in names)


def _only(whole: Snapshot, names: tuple[str, ...]) -> Snapshot:
    """The part of a snapshot that was asked for, judged by itself."""
    if not names:
        return whole
    services = tuple(service for service in whole.services if _named(service.service, names))
    absences = tuple(absence for absence in whole.absence_not_judged if _named(absence.service, names))
    endpoints = tuple(
        endpoint for endpoint in whole.endpoints if endpoint.service is not None and _named(endpoint.service, names)
    )
    if whole.engine_up:
        for name in names:
            find_service(name, [item.service for item in (*whole.services, *whole.absence_not_judged)])
    return replace(
        whole,
        services=services,
        absence_not_judged=absences,
        endpoints=endpoints,
        status=overall_status(services, endpoints, absences, engine_up=whole.engine_up),
        score=whole_score(services, endpoints),
    )


@asynccontextmanager
async def orders(settings: Settings) -> AsyncGenerator[Commands]:
    """This process as the daemon until the block ends: same lock, same ledger, and nothing done that is not ordered."""
    from watchdog.daemon.service import assembled
    from watchdog.logs import configure

    configure(sys.stderr, level=logging.ERROR)

    async with assembled(settings, lambda: settings) as (daemon, fatal):
        daemon.state.operators.commands_only = "no daemon runs: nothing is done that is not ordered"
        await daemon.start(version=f"{__version__} (for one order, process {os.getpid()})")
        try:
            await daemon.poll()
            if fatal.done():
                raise LedgerError(fatal.result())
            yield daemon
        finally:
            await daemon.stop()
