"""What containers use of their host, and what is left of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from watchdog.engine.fields import section
from watchdog.engine.parse import moment
from watchdog.engine.transport import Transport
from watchdog.errors import EngineUnavailable, OutOfReach
from watchdog.model.inside import Disk, Usage

NANOSECONDS: Final = 1e9


class Usages:
    """Every method may raise what `engine.protocol` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._root = ""

    async def usage(self, container: str) -> Usage:
        """One call; an engine before 20.10 does not know `one-shot` and takes a second or two for it."""
        params = {"stream": "false", "one-shot": "true"}
        return usage_from(await self._transport.get(f"containers/{quote(container)}/stats", params))

    async def disks(self, paths: Iterable[str]) -> tuple[Disk, ...]:
        if not self._transport.local:
            raise OutOfReach("the engine is on another machine: its disks cannot be looked at")
        if not self._root:
            self._root = str((await self._transport.get("info"))["DockerRootDir"])
        try:
            async with asyncio.timeout(self._transport.timeout):
                return await asyncio.to_thread(_disks, (self._root, *paths))
        except TimeoutError as error:
            message = f"a file system of {self._root} or a volume did not answer within {self._transport.timeout:g} s"
            raise EngineUnavailable(message) from error
        except OSError as error:
            message = f"{error.filename} cannot be looked at from here ({error.strerror}): is watchdog in a container?"
            raise OutOfReach(message) from error


def usage_from(found: Mapping[str, Any]) -> Usage:
    """GET /containers/ID/stats as a Usage; OutOfReach for a container that does not run.

    Working set as the Docker CLI computes it (`calculateMemUsageUnixNoCache`): usage without `total_inactive_file`
    of cgroup v1, or without `inactive_file` of v2.
    """
    memory, cpu = section(found, "memory_stats"), section(found, "cpu_stats")
    at = moment(str(found["read"]))
    if at is None or "usage" not in memory:
        raise OutOfReach("the engine tells no usage of it: it does not run, or its cgroup counts no memory")
    details = section(memory, "stats")
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    used = int(memory["usage"])
    return Usage(
        at=at,
        memory=used - cache if cache < used else used,
        memory_limit=int(memory["limit"]),
        cpu_seconds=section(cpu, "cpu_usage")["total_usage"] / NANOSECONDS,
        cpus=int(cpu.get("online_cpus") or len(section(cpu, "cpu_usage").get("percpu_usage") or (0,))),
    )


def _disks(paths: Iterable[str]) -> tuple[Disk, ...]:
    """One for each file system, named by the first path that lies on it."""
    found: dict[int, Disk] = {}
    for path in paths:
        device = os.stat(path).st_dev  # noqa: PTH116 - the error must name the path as it was given
        room = os.statvfs(path)
        total = Disk(path=path, size=room.f_blocks * room.f_frsize, free=room.f_bavail * room.f_frsize)
        found.setdefault(device, total)
    return tuple(found.values())
