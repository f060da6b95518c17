"""Without a daemon: one look with evidence (`check`), and the daemon for the duration of one order."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from watchdog import __version__
from watchdog.api.doors import Orders
from watchdog.daemon.clock import Clock
from watchdog.daemon.expectations import named_in_compose
from watchdog.daemon.heartbeats import KIND as HEARTBEATS
from watchdog.daemon.itself import own_container
from watchdog.daemon.looker import Looker, left_out
from watchdog.daemon.publish import snapshot
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import Alone, Journey, World
from watchdog.engine.docker import DockerEngine
from watchdog.errors import EngineError, LedgerError, NoLedger
from watchdog.ledger import LedgerReader
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.model.probe.journey import JourneyProbe
from watchdog.model.record import Desired, Kept, ServiceRecord
from watchdog.model.settings import Settings
from watchdog.model.snapshot import Snapshot
from watchdog.policy.assess import assess
from watchdog.policy.discovery import ENABLE
from watchdog.policy.journeys import heard_by
from watchdog.policy.naming import find_service, goes_by
from watchdog.policy.score import overall_status, whole_score
from watchdog.policy.signatures import KNOWN_ERRORS
from watchdog.policy.streak import follow

UNREAD = {ENABLE: "true"}
"""The labels of a container that is gone stand in the daemon's specs: to be missing it must have been watched."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the ledger said when it was read; nothing where there is none."""

    records: Mapping[ServiceKey, ServiceRecord] = field(default_factory=dict[ServiceKey, ServiceRecord])
    head: str = ""
    left: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """What probes and callers have left, by kind and key."""

    async def kept(self, kind: str) -> Mapping[str, str]:
        """As `probes.kept.StateStore`."""
        return self.left.get(kind, {})

    async def append(self, *, kept: Iterable[Kept]) -> None:
        """Only the daemon writes."""


class _Onlooker:
    """A keeper without workers: nothing follows from what is seen."""

    def welcome(self, watched: Watched) -> None:
        pass

    def resettle(self, watched: Watched) -> None:
        pass

    def dismiss(self, watched: Watched) -> None:
        pass

    def rename(self, watched: Watched, bearer: ServiceKey) -> None:
        pass


async def look(settings: Settings, names: tuple[str, ...]) -> Snapshot:
    """Looks once at the engine, asks every check once, and compares with ledger, configuration and Compose files.

    Nothing is touched. Raises UnknownService for a name that no service has, LedgerError for an unreadable ledger.
    """
    engine, memory = DockerEngine(settings.engine), _remembered(settings)
    world = World(settings=settings, clock=Clock(), engine=engine, memory=memory)
    world.hearts.load(memory.left.get(HEARTBEATS, {}))
    try:
        await _look_at_engine(world)
        _recall(world)
        world.wanted = named_in_compose(world)
        await _ask_everything(world, memory, names)
    finally:
        await engine.close()
    now = world.clock.now()
    for watched in world.services.values():
        watched.seen = assess(watched.sight(now, world.state.away))
    return _only(snapshot(world, sum(record.incident is not None for record in world.memory.records.values())), names)


async def ask_once(settings: Settings, check: Check) -> Observation:
    """The answer to one check; the engine is looked at only where that is asked from inside a container."""
    from watchdog.probes import Prober

    engine, memory = DockerEngine(settings.engine), Remembered()
    world = World(settings=settings, clock=Clock(), engine=engine, memory=memory)
    prober = Prober(world.clock.wall, world, memory)
    try:
        if check.vantage is not None:
            await _look_at_engine(world)
        return await prober.ask(check)
    finally:
        await prober.close()
        await engine.close()


def _remembered(settings: Settings) -> Remembered:
    try:
        with LedgerReader.open(settings.state.dir) as reader:
            return Remembered(reader.records(), reader.head(), _kept(reader))
    except NoLedger:
        return Remembered()


def _kept(reader: LedgerReader) -> Mapping[str, Mapping[str, str]]:
    try:
        return {kind: reader.kept(kind) for kind in (KNOWN_ERRORS, HEARTBEATS)}
    except LedgerError:  # one that an older version wrote has no such table
        return {}


async def _look_at_engine(world: World) -> None:
    try:
        world.state.identity = await world.engine.identify()
        await Looker(world, _Onlooker(), own_container()).look()
        world.state.away = None
    except EngineError as error:
        world.state.away = str(error)


def _recall(world: World) -> None:
    """What should be up by the ledger or the configuration and has no container."""
    wanted = {key: record for key, record in world.memory.records.items() if record.desired is Desired.UP}
    for key, settings in world.settings.services:
        if settings.enabled and not any(_is(key, other) for other in (*world.services, *wanted)):
            wanted[key] = ServiceRecord(service=key, desired=Desired.UP)
    for key, record in wanted.items():
        if key not in world.services and key not in world.unwatched and not left_out(world.settings, key, UNREAD):
            watched = Watched(key=key, settings=world.settings_for(key, {}), record=record)
            watched.see(None, world.clock.now(), None)
            world.services[key] = watched


def _is(named: ServiceKey, key: ServiceKey) -> bool:
    return named.name == key.name and named.number == key.number and named.project in {"", key.project}


async def _ask_everything(world: World, memory: Remembered, names: tuple[str, ...]) -> None:
    """Every check once, side by side; one answer is the verdict."""
    for check in world.settings.alone:
        if not names:
            world.endpoints[check.name] = Alone(_once(check))
    for check in world.settings.journeys_of_services:
        journey = Journey(_once(check))
        if not names or any(journey.is_of(watched.key) for watched in _chosen(world, names)):
            world.journeys[check.name] = journey
    questions: list[tuple[Check, Watched | Alone | Journey]] = [
        (alone.check, alone) for alone in (*world.endpoints.values(), *world.journeys.values())
    ]
    for watched in _chosen(world, names):
        checks = tuple(_once(check) for check in watched.settings.checks)
        watched.settings = replace(watched.settings, checks=checks)
        questions += [(check, watched) for check in checks if not isinstance(check.probe, JourneyProbe)]
    if not questions or world.state.away is not None:
        return
    from watchdog.probes import Prober

    prober = Prober(world.clock.wall, world, memory, world.hearts)

    async def ask(check: Check, of: Watched | Alone | Journey) -> None:
        observation = await prober.ask(check)
        _take_in(world, check, of, observation)

    try:
        await asyncio.gather(*(ask(check, of) for check, of in questions))
    finally:
        await prober.close()


def _take_in(world: World, check: Check, of: Watched | Alone | Journey, observation: Observation) -> None:
    now = world.clock.now()
    if isinstance(of, Watched):
        of.hear(check, observation, of.incarnation, now)
        return
    of.streak = follow(of.streak, observation, check)
    if isinstance(of, Journey):
        for watched in world.services.values():
            if of.is_of(watched.key):
                heard = heard_by(of.probe, observation, watched.key, blamed=False)
                watched.hear(check, heard, watched.incarnation, now)


def _once(check: Check) -> Check:
    """One answer is its verdict."""
    return replace(check, failures=1, successes=1)


def _chosen(world: World, names: tuple[str, ...]) -> list[Watched]:
    return [watched for watched in world.services.values() if not names or _named(watched.key, names)]


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
async def orders(settings: Settings) -> AsyncGenerator[Orders]:
    """This process as the daemon until the block ends: same lock, same ledger, and nothing done that is not ordered."""
    from watchdog.daemon.service import assembled
    from watchdog.logs import configure

    configure(sys.stderr, level=logging.ERROR)

    async with assembled(settings, lambda: settings) as (daemon, fatal):
        daemon.world.orders_only = "no daemon runs: nothing is done that is not ordered"
        await daemon.start(version=f"{__version__} (for one order, process {os.getpid()})")
        try:
            await daemon.poll()
            if fatal.done():
                raise LedgerError(fatal.result())
            yield daemon
        finally:
            await daemon.stop()
