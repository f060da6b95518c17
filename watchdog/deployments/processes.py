"""The command of a deployment and all that it started, found by a mark in their environment and ended."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

from watchdog.errors import WatchdogError

MARK: Final = "WATCHDOG_DEPLOYMENT_MARK"
"""The variable; a process that clears its environment is found no more, and the docs say so."""
GENTLE: Final = 2.0
"""Seconds between the signal to end and the one that kills."""
WITHIN: Final = 20.0
"""Seconds in which all have to be gone."""
_AGAIN: Final = 0.02


class Undying(WatchdogError):
    """Processes of a deployment's command are still there."""


async def end_all(mark: str) -> None:
    """Ends every process that bears the mark. Raises Undying."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while found := await asyncio.to_thread(marked, mark):
        waited = loop.time() - began
        if waited > WITHIN:
            raise Undying(f"processes {', '.join(map(str, sorted(found)))} of its command do not end")
        number = signal.SIGTERM if waited < GENTLE else signal.SIGKILL
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        await asyncio.sleep(_AGAIN)


def marked(mark: str) -> set[int]:
    """Those on this host whose environment has the mark. Blocks."""
    wanted = f"{MARK}={mark}".encode()
    found: set[int] = set()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.add(int(folder.name))
    return found
