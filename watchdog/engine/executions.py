"""Commands inside containers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from watchdog.engine import processes
from watchdog.engine.multiplexed import Frames
from watchdog.engine.transport import Transport
from watchdog.errors import NotFound
from watchdog.model.inside import Ended

ENDING: Final = 0.05
"""Seconds until it is looked again whether a command that prints nothing more has ended."""
LOOKS: Final = 60
"""How often it is looked whether one that could not be killed has ended by itself, or has begun: the engine lags."""


class Executions:
    """Every method may raise what `engine.protocol` says."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def prepare(self, container: str, command: tuple[str, ...], user: str, environment: Mapping[str, str]) -> str:
        body = {
            "AttachStdout": True,
            "AttachStderr": True,
            "Cmd": list(command),
            "User": user,
            "Env": [f"{name}={value}" for name, value in environment.items()],
        }
        made: dict[str, Any] = await self._transport.change("POST", f"containers/{quote(container)}/exec", body=body)
        return str(made["Id"])

    async def run(self, execution: str, seconds: float, at_most: int) -> Ended:
        deadline = asyncio.get_running_loop().time() + seconds
        output = bytearray()
        over = await self._read(execution, output, deadline, at_most)
        too_much = len(output) > at_most
        while over and not too_much:
            found = await self._inspect(execution)
            if not found["Running"]:
                return Ended(exit_code=int(found["ExitCode"] or 0), output=bytes(output))
            if asyncio.get_running_loop().time() >= deadline:
                break
            await asyncio.sleep(ENDING)  # it has closed its output, or the engine has not noticed its end yet
        return Ended(exit_code=None, output=bytes(output[:at_most]), too_much=too_much)

    async def _read(self, execution: str, output: bytearray, deadline: float, at_most: int) -> bool:
        """Whether the output came to its end."""
        frames, clock = Frames(), asyncio.get_running_loop()
        path, body = f"exec/{quote(execution)}/start", {"Detach": False, "Tty": False}
        async with self._transport.stream(path, {}, method="POST", body=body) as chunks:
            while len(output) <= at_most and (left := deadline - clock.time()) > 0:
                chunk = await chunks.read(left)
                if chunk == b"":
                    return True
                for _, content in frames.feed(chunk or b""):
                    output += content
            await self._is_known(execution)
        return False

    async def _is_known(self, execution: str) -> None:
        """Who hangs up before the engine knows the process leaves one that runs on and that nobody can end (20.10)."""
        for _ in range(LOOKS):
            found = await self._inspect(execution)
            if found["Pid"] or not found["Running"]:
                return
            await asyncio.sleep(ENDING)

    async def runs(self, execution: str) -> bool:
        try:
            return bool((await self._inspect(execution))["Running"])
        except NotFound:
            return False

    async def end(self, execution: str) -> bool:
        found = await self._inspect(execution)
        if not found["Running"]:
            return True
        if not self._transport.local:
            return False
        if await asyncio.to_thread(processes.end, int(found["Pid"]), str(found["ContainerID"])):
            return True
        for _ in range(LOOKS):
            await asyncio.sleep(ENDING)
            if not await self.runs(execution):
                return True
        return False

    async def _inspect(self, execution: str) -> Mapping[str, Any]:
        return await self._transport.get(f"exec/{quote(execution)}/json")
