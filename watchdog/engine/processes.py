"""Processes of containers on this machine: the engine can start one inside a container, but not end it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PROCESSES: Final = Path("/proc")


def end(process: int, container: str) -> bool:
    """Kills a process and what it started, if they are that container's; returns whether it was there to be killed.

    `process` is what the engine calls it. Where this program does not see the engine's processes the number may be
    anybody's: only what lies in the container's cgroup is touched.
    """
    family = [process, *_descendants(process)]
    killed = [_kill(member, container) for member in family]
    return killed[0]


def _kill(process: int, container: str) -> bool:
    try:
        handle = os.pidfd_open(process)  # first: what is looked at afterwards is the very process that is killed
    except OSError:
        return False
    try:
        if container not in (PROCESSES / str(process) / "cgroup").read_text():
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _descendants(process: int) -> Iterator[int]:
    for tasks in PROCESSES.glob(f"{process}/task/*/children"):
        try:
            children = [int(number) for number in tasks.read_text().split()]
        except OSError:
            continue  # it has just ended
        for child in children:
            yield child
            yield from _descendants(child)
