"""`watchdog run`: the daemon with its API, its signals and its word to systemd."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from watchdog import __version__
from watchdog.api.deployments import deployment_routes
from watchdog.api.server import ApiServer
from watchdog.config.load import load_settings
from watchdog.daemon.core import Daemon
from watchdog.daemon.process.daemon_locks import DaemonLocks
from watchdog.daemon.process.systemd import Supervisor
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.docker import DockerEngine
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import WatchdogError
from watchdog.ledger import Ledger, prepare
from watchdog.logs import configure
from watchdog.model.settings import Settings
from watchdog.probes import Prober

log = structlog.get_logger()

STATUS_EVERY = 5.0


@asynccontextmanager
async def assembled(
    settings: Settings, reread: Callable[[], Settings]
) -> AsyncGenerator[tuple[Daemon, asyncio.Future[str]]]:
    """The daemon with its engine, ledger and locks, not started; and a future that ends with why it must end.

    Raises LockHeld, LedgerError and other WatchdogErrors.
    """
    prepare(settings.state.dir)
    claims = DaemonLocks(settings.state)
    claims.take_state()
    fatal: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    ledger = await Ledger.open(
        settings.state.dir, key_file=settings.state.key_file, now=time.time(), retention=settings.state.retention
    )
    engine = DockerEngine(settings.engine)
    state = DaemonState(settings=settings, clock=Clock(), engine=engine, ledger=ledger)
    prober = Prober(state.clock.wall, state, ledger, state.heartbeats)

    async def claim(identity: EngineIdentity, containers: Collection[str]) -> None:
        try:
            await claims.take_engine(identity, containers, ledger)
        except WatchdogError as error:
            if not fatal.done():
                fatal.set_result(str(error))
            raise

    try:
        yield (
            Daemon(
                state=state,
                ledger=ledger,
                prober=prober,
                claim=claim,
                reread=reread,
            ),
            fatal,
        )
    finally:
        await prober.close()
        await engine.close()
        await ledger.close()
        claims.release()


async def run(settings: Settings, config_path: Path | None) -> int:
    """Runs until SIGTERM or SIGINT; 0 when it stopped on request, 1 after a fault. Raises WatchdogError at start-up."""
    configure(sys.stderr)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with assembled(settings, lambda: load_settings(config_path, os.environ)) as (daemon, fatal):
        server = ApiServer(settings.api, daemon, daemon, [deployment_routes(daemon.deployments)])
        await server.start()
        systemd = Supervisor.from_environment()
        await daemon.start(version=__version__)
        reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(_reload(daemon, systemd))
            reloads.add(task)
            task.add_done_callback(reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)
        telling = asyncio.create_task(_tell_systemd(daemon, systemd), name="systemd")
        ends = [asyncio.ensure_future(stop.wait()), asyncio.create_task(daemon.failed()), fatal]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            stopped = stop.is_set()
            if not stopped:
                log.error(fatal.result() if fatal.done() else await ends[1])
        finally:
            systemd.stopping()
            telling.cancel()
            for end in ends:
                end.cancel()
            await daemon.stop()
            await server.stop()
    return 0 if stopped else 1


async def _reload(daemon: Daemon, systemd: Supervisor) -> None:
    systemd.reloading()
    try:
        await daemon.reload()
    except WatchdogError as error:
        log.error(f"the old configuration stays in force: {error}")
    systemd.ready()


async def _tell_systemd(daemon: Daemon, systemd: Supervisor) -> None:
    """Ready once the daemon works (it outlives its engine: the engine may still be away); alive as long as it is."""
    systemd.ready()
    every = min((systemd.watchdog_interval or STATUS_EVERY) / 2, STATUS_EVERY)
    while True:
        alive, sentence = daemon.alive()
        if alive:
            systemd.alive()
        systemd.status(daemon.ready()[1] if alive else sentence)
        await asyncio.sleep(every)
