"""The image of what is broken and serves again: it ends at once when told, so that no stop time-out is measured."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.lab.engine import LabEngine

IMAGE = "steady:bench"
CRASH = signal.SIGUSR1
EAT_MEMORY = signal.SIGUSR2
TRAPS = 'trap "exit 3" USR1; trap "exec tail /dev/zero" USR2; trap "exit 0" TERM'
SERVE = "echo ok > /www/index.html; httpd -f -p 80 -h /www & wait"
FIRST_PORT = 8081


def make_image(engine: LabEngine) -> None:
    engine.image(IMAGE, cmd=["sh", "-c", f"{TRAPS}; {SERVE}"])


def run(engine: LabEngine, name: str, port: int, *options: str) -> str:
    """Runs one that serves on that port; returns its full ID."""
    return engine.run(name, "--publish", f"{port}:80", *options, image=IMAGE)


def send(engine: LabEngine, container: str, what: signal.Signals) -> None:
    """A signal to the container's first process, past the engine."""
    os.kill(_pid(engine, container), what)


def take_page(engine: LabEngine, container: str) -> None:
    """From now on it answers 404, until it is started anew."""
    Path(f"/proc/{_pid(engine, container)}/root/www/index.html").unlink()


def _pid(engine: LabEngine, container: str) -> int:
    return int(engine.inspect(container)["State"]["Pid"])
