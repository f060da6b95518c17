"""The command of a deployment beside a daemon that only listens."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

from watchdog.cli.deploy_command import Wrapped


class Listening:
    """Lets the command begin, and ends the deployment when that has ended."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.posted: list[tuple[str, Mapping[str, Any]]] = []

    async def events(self, _path: str, _body: object, **_: object) -> AsyncGenerator[Mapping[str, Any]]:
        yield {"event": "deployment", "id": 1}
        yield {"event": "go", "environment": {"SAID": "by the daemon"}}
        await self.ended.wait()
        yield {"event": "end", "exit_code": 0}

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        self.posted.append((path, body))
        self.ended.set()


async def carried_out(daemon: Listening, script: str) -> tuple[int, list[str]]:
    told: list[Mapping[str, Any]] = []
    wrapped = Wrapped(cast("Any", daemon), ("sh", "-c", script), told.append, as_json=True)
    async with asyncio.timeout(20.0):
        code = await wrapped.carry_out({})
    return code, [one["line"] for one in told if one["event"] == "output"]


async def test_what_it_prints_is_told_line_by_line_and_how_it_ended() -> None:
    daemon = Listening()
    code, lines = await carried_out(daemon, 'echo "$SAID"; echo again >&2; printf end; exit 3')
    assert (code, lines) == (0, ["by the daemon", "again", "end"])
    assert daemon.posted == [("/api/v1/deployments/1/ended", {"exit_code": 3})]


async def test_what_it_leaves_running_with_its_output_open_is_not_waited_for() -> None:
    daemon = Listening()
    code, lines = await carried_out(daemon, "sleep 1000 & echo $!")
    os.kill(int(lines[0]), signal.SIGKILL)
    assert code == 0
    assert daemon.posted == [("/api/v1/deployments/1/ended", {"exit_code": 0})]
