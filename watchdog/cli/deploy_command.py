"""Runs the command of a deployment beside the daemon that watches it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import STDOUT, Process
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from typing import Any, Final

from watchdog.cli.client import BrokeOff, DaemonClient
from watchdog.cli.deploy_events import EventPrinter
from watchdog.errors import WatchdogError
from watchdog.programs import kill_group

SILENCE: Final = 30.0
"""Seconds: a daemon that lives says something more often than that."""
_GENTLE: Final = 1.0
"""Seconds that the command has to end by itself before it is killed."""
_CHUNK: Final = 1 << 16
_NEEDS_PERSON: Final = 2
_REFUSED: Final = 3
_GONE: Final = (
    "in the middle of the deployment: its command is ended, and the next daemon rolls back what it changed; "
    "`watchdog deployments` tells what became of it."
)


class Wrapped:
    """One command, from the daemon's word to go until the deployment's end."""

    def __init__(self, client: DaemonClient, command: Sequence[str], tell: EventPrinter, *, as_json: bool) -> None:
        self._client = client
        self._command = command
        self._tell = tell
        self._as_json = as_json
        self._number = 0
        self._running: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._interrupted = False
        self._over = False

    async def carry_out(self, body: Mapping[str, Any]) -> int:
        """The exit code. What goes wrong before the command was started is raised with exit code 3 at the least."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._interrupt, number)
        try:
            return await self._follow(body)
        except WatchdogError as error:
            if self._running is not None:
                error.exit_code = _NEEDS_PERSON
            elif error.exit_code == 1:
                error.exit_code = _REFUSED
            raise
        finally:
            await self._end_command()

    async def _follow(self, body: Mapping[str, Any]) -> int:
        async for event in self._client.events("/api/v1/deployments", body, silence=SILENCE, gone=_GONE):
            self._tell(event)
            match event["event"]:
                case "deployment":
                    self._number = event["id"]
                case "go":
                    self._running = asyncio.create_task(self._run(event["environment"]))
                case "rollback":
                    await self._end_command()
                case "end":
                    return event["exit_code"]
                case _:
                    pass
        raise BrokeOff(f"The daemon broke off {_GONE}")

    async def _run(self, environment: Mapping[str, str]) -> None:
        """In a session of its own: what is typed at the terminal ends the deployment, not the command alone."""
        if self._over:
            return
        ours, theirs = os.pipe()  # one of asyncio's own would be waited for until all that it left running has ended
        passing = asyncio.create_task(self._pass_on(ours))
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command,
                env={**os.environ, **environment},
                stdout=theirs if self._as_json else None,
                stderr=STDOUT if self._as_json else None,
                start_new_session=True,
            )
        except OSError as error:
            await self._abort(f"its command cannot be run: {error.strerror}")
            return
        finally:
            os.close(theirs)
        if self._over:  # the rollback has begun while it was started
            kill_group(process)
        code = await process.wait()
        await asyncio.wait({passing}, timeout=_GENTLE)
        passing.cancel()
        with suppress(WatchdogError):  # it is over already: its events say how
            await self._client.post(f"/api/v1/deployments/{self._number}/ended", {"exit_code": code})

    async def _pass_on(self, descriptor: int) -> None:
        loop, output, rest = asyncio.get_running_loop(), asyncio.StreamReader(), b""
        pipe = os.fdopen(descriptor, "rb", 0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(output), pipe)
        with closing(transport):
            while chunk := await output.read(_CHUNK):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _CHUNK:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._tell({"event": "output", "line": line.decode(errors="replace")})
        if rest:
            self._tell({"event": "output", "line": rest.decode(errors="replace")})

    def _interrupt(self, number: int) -> None:
        if self._interrupted:
            return
        self._interrupted = True
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        sys.stderr.write(f"{name}: the deployment is rolled back, which is not broken off any more\n")
        task = asyncio.get_running_loop().create_task(self._abort(name))
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _abort(self, because: str) -> None:
        with suppress(WatchdogError):
            await self._client.post(f"/api/v1/deployments/{self._number}/abort", {"because": because})

    async def _end_command(self) -> None:
        """Its whole group, gently first; the daemon ends what has left the group."""
        self._over = True
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(_GENTLE):
                    await process.wait()
            except TimeoutError:
                pass
            kill_group(process)
        if self._running is not None and self._running is not asyncio.current_task():
            await asyncio.wait({self._running}, timeout=_GENTLE)
