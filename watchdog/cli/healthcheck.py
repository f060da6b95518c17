"""`watchdog healthcheck`: is the daemon itself alive?"""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Final

from watchdog.cli.command import Command, api_socket
from watchdog.cli.terminal import say

_HELP: Final = """Ask the daemon whether its loop and workers make progress: for the HEALTHCHECK of a container.

It says nothing about the services that are watched: that is `watchdog status`.
"""


def _healthcheck() -> int:
    alive, sentence = asyncio.run(_ask())
    say(sentence)
    return 0 if alive else 1


async def _ask() -> tuple[bool, str]:
    from watchdog.cli.client import DaemonClient

    async with DaemonClient(api_socket()) as client:
        return await client.health()


command: Final = Command(
    "healthcheck",
    help=_HELP,
    short_help="Ask whether the daemon is alive.",
    callback=_healthcheck,
    params=[],
    exits=MappingProxyType({0: "alive", 1: "not alive, or nobody answers; wrong configuration", 64: "wrong arguments"}),
    examples=(("HEALTHCHECK CMD watchdog healthcheck", "in a Dockerfile"),),
    remap=MappingProxyType({3: 1, 64: 1}),
)
