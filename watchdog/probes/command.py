"""Runs a command on this host."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from typing import Final

from watchdog.model.inside import Ended
from watchdog.model.probe.inside import CommandProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.context import ProberContext
from watchdog.probes.ending import judge, patience
from watchdog.probes.evaluation import Evaluation
from watchdog.programs import environment, kill_group

CHUNK: Final = 65_536


def make(context: ProberContext) -> CommandProber:
    return CommandProber(context.evaluation)


class CommandProber:
    """Whatever the command leaves behind in its process group ends with it, when it ends or its time is over."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def __call__(self, ask: Ask[CommandProbe]) -> str:
        probe = ask.probe
        ask.enter(ProbePhase.PROCESSING)
        ends, begins = os.pipe()
        reader, transport = await _reader(ends)
        try:
            try:
                process = await asyncio.create_subprocess_exec(
                    *probe.command,
                    stdin=DEVNULL,
                    stdout=begins,
                    stderr=begins,
                    start_new_session=True,
                    env={**environment(), **probe.environment},
                )
            except OSError as error:
                reason = f"{ask.check.target} cannot be run: {error.strerror}"
                raise ProbeFailure(FailureKind.NOT_ASKED, reason) from error
            finally:
                os.close(begins)
            try:
                ended = await _attend(process, reader, patience(ask), probe.max_bytes)
            finally:
                kill_group(process)
                await process.wait()
        finally:
            transport.close()
        return await judge(ask, ended, self._evaluation, killed=True)


async def _reader(descriptor: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
    """A pipe of our own: one of the process's would be waited for while any of its children holds it."""
    reader = asyncio.StreamReader(limit=CHUNK)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader, transport


async def _attend(process: Process, reader: asyncio.StreamReader, seconds: float, at_most: int) -> Ended:
    output = bytearray()

    async def read() -> None:
        while len(output) <= at_most and (chunk := await reader.read(CHUNK)):
            output.extend(chunk)

    reading, ending = asyncio.create_task(read()), asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(seconds):
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if len(output) <= at_most:
                await ending
                kill_group(process)  # what it left behind would keep the pipe open
                await reading
    except TimeoutError:
        pass
    finally:
        reading.cancel()
        ending.cancel()
        await asyncio.gather(reading, ending, return_exceptions=True)
    too_much = len(output) > at_most
    exit_code = None if too_much else process.returncode
    return Ended(exit_code=exit_code, output=bytes(output[:at_most]), too_much=too_much)
