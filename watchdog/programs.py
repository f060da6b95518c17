"""Programs of this host that watchdog runs: what they are told, and how they end."""

from __future__ import annotations

import os
import signal
from asyncio.subprocess import Process
from contextlib import suppress

OWN = ("WATCHDOG_", "NOTIFY_")


def environment() -> dict[str, str]:
    """The daemon's environment without its own settings, which may hold secrets, and without its door to systemd."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OWN)}


def kill_group(process: Process) -> None:
    """Kills all of a program's group that is still there; it was started with `start_new_session`."""
    with suppress(ProcessLookupError, PermissionError):  # the latter: its last member has just become somebody else
        os.killpg(process.pid, signal.SIGKILL)
