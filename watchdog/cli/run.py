"""`watchdog run`: the daemon."""

from __future__ import annotations

import asyncio
import gc
from types import MappingProxyType
from typing import Final

from watchdog.cli.command import Command, config_path, settings

_HELP: Final = """Run the daemon in the foreground until SIGTERM or SIGINT; SIGHUP reloads the configuration.

It watches every service of the engine (DOCKER_HOST, else /var/run/docker.sock), records what it sees and does in a
ledger under /var/lib/watchdog, brings back what fails or is removed, and serves metrics on 127.0.0.1:8080. Only
services that it has once proven healthy are brought back. A second daemon on the same engine refuses to start.
"""


USUAL: Final = 700
"""Python's own distance between two collections, which suits what runs for months."""


def _run() -> int:
    from watchdog.daemon.service import run

    gc.set_threshold(USUAL)
    return asyncio.run(run(settings(), config_path()))


command: Final = Command(
    "run",
    help=_HELP,
    short_help="Run the daemon.",
    callback=_run,
    params=[],
    exits=MappingProxyType(
        {
            0: "stopped on request",
            1: "fault: the lock is held, the state directory cannot be used, ...",
            64: "wrong arguments or wrong configuration",
        }
    ),
    examples=(
        ("watchdog run", "no configuration: every service discovered"),
        ("watchdog run --config watchdog.toml", "with a file; `watchdog config check` first"),
        ("WATCHDOG_RECOVERY__ENABLED=false watchdog run", "watch and tell, never act"),
    ),
    remap=MappingProxyType({3: 1}),
)
