"""A service of which actions wait for a person, and what the daemon says of its requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.alert_scene import HOUR, WATCHED, AlertScene
from tests.support.fake_container import Behaviour
from watchdog.daemon.core import Daemon
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.record import EntryKind, Row, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, Settings

DB = ServiceKey("", "db")


def asking(*rungs: Rung, **more: object) -> Settings:
    recovery = RecoverySettings(approval=frozenset(rungs or {Rung.RECREATE}), absence_grace=1.0)
    return replace(WATCHED, recovery=replace(recovery, **more))  # pyright: ignore[reportArgumentType] - keys of it


def scene(directory: Path, settings: Settings | None = None) -> AlertScene:
    here = AlertScene(directory, settings or asking())
    here.engine.run("db", volumes={"data": "/data"})
    return here


def crashing(directory: Path, settings: Settings | None = None) -> AlertScene:
    """Its service is good for a minute after each start."""
    here = AlertScene(directory, settings or asking())
    here.engine.image("busybox:lab", Behaviour(exits_after=60.0))
    here.engine.run("db", volumes={"data": "/data"})
    return here


async def until(daemon: Daemon, condition: Callable[[], object]) -> None:
    async with asyncio.timeout(HOUR / 2):
        while not condition():
            daemon.state.changed.clear()
            await daemon.state.changed.wait()


async def asked(daemon: Daemon, number: int = 1) -> None:
    await until(daemon, lambda: any(one.id == number for one in daemon.state.operators.approvals.values()))


@asynccontextmanager
async def waiting(directory: Path) -> AsyncGenerator[tuple[AlertScene, Daemon]]:
    """The database is gone, and its recreation waits for approval 1."""
    here = scene(directory)
    async with here.daemon("db") as daemon:
        here.engine.docker_rm("db")
        await asked(daemon)
        yield here, daemon


async def recovered(daemon: Daemon) -> None:
    def good() -> bool:
        watched = daemon.state.services.known.get(DB)
        seen = watched.assessment if watched is not None else None
        return record(daemon).incident is None and seen is not None and seen.health is Health.HEALTHY

    await until(daemon, good)


def record(daemon: Daemon) -> ServiceRecord:
    return daemon.state.services.record_of(DB)


async def rows(daemon: Daemon, kind: EntryKind) -> list[Row]:
    _, found = await daemon.timeline(1)
    return [row for row in found if row.entry.kind is kind]


async def sentences(daemon: Daemon, kind: EntryKind) -> list[str]:
    return [row.entry.sentence for row in await rows(daemon, kind)]


async def states(daemon: Daemon) -> list[str]:
    return [one["state"] for one in await daemon.approvals(everything=True)]
