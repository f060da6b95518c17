"""The host's stale neighbour entry of a container that was just started: deleting it saves clients a second.

While a container starts, the proxy of its published port dials an interface that is not up yet; the kernel keeps the
unanswered entry and asks again only a second later. Needs the engine's network namespace and CAP_NET_ADMIN; where one
of them is missing nothing is done. It never fails a start.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from watchdog.engine.fields import section

NET_ADMIN: Final = 12
"""Number of CAP_NET_ADMIN."""
PERMANENT: Final = 0x80
DEADLINE: Final = 1.0


def addresses_of(found: Mapping[str, Any]) -> frozenset[str]:
    """IP addresses of an inspected container on bridges and elsewhere."""
    endpoints = section(found["NetworkSettings"], "Networks").values()
    fields = ("IPAddress", "GlobalIPv6Address")
    return frozenset(endpoint[name] for endpoint in endpoints for name in fields if endpoint.get(name))


class Neighbours:
    """The neighbour table of this process's network namespace."""

    def __init__(self, *, local: bool) -> None:
        self.usable: Final = local and _may_administer()

    async def prepare(self) -> None:
        """Imports the netlink library (0.2 s) off the event loop, and not while a start waits for it."""
        if self.usable:
            await asyncio.to_thread(importlib.import_module, "pyroute2")

    async def forget(self, addresses: frozenset[str]) -> None:
        """Deletes the entries of these addresses."""
        if not (self.usable and addresses):
            return
        netlink: Any = importlib.import_module("pyroute2")  # it has no types
        try:
            async with asyncio.timeout(DEADLINE), netlink.AsyncIPRoute() as route:
                for entry in [entry async for entry in await route.neigh("dump")]:
                    if entry.get("dst") in addresses and not entry["state"] & PERMANENT:
                        await route.neigh("del", dst=entry.get("dst"), ifindex=entry["ifindex"])
        except (netlink.NetlinkError, OSError):  # a TimeoutError too: the entry went by itself, or the kernel says no
            return


def _may_administer() -> bool:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # no Linux
        return False
    effective = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) >> NET_ADMIN & 1)
