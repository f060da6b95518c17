"""`make bench-alerts`: no alert is lost, whatever becomes of receiver and daemon, and no check waits for one.

Incidents open and close in a process with the real ledger, the real couriers and the real asker. The receiver, a real
HTTP server, is down half of the time: it refuses connections, hangs, or answers 503, in turns. The process is killed
with SIGKILL at even distances. Beside it runs the same process without incidents: what it is late is the machine's own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

AIM_LATE: Final = 0.1
"""Seconds that alerts may delay a check."""


@dataclass
class Receiver:
    """Serves webhooks on one port; up and down by turns of `turn` seconds."""

    turn: float
    port: int = 0
    heard: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Key → states, in the order in which they were taken."""
    taken: int = 0
    up_for: float = 0.0
    down_for: float = 0.0
    _server: asyncio.Server | None = None
    _serving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _ways: itertools.cycle[str] = field(default_factory=lambda: itertools.cycle(["refuses", "hangs", "answers 503"]))
    _way: str = ""
    """How it is down; empty while it is up."""

    async def run(self) -> None:
        while True:
            self._way = ""
            await self._listen()
            self.up_for += await self._pass()
            self._way = next(self._ways)
            if self._way == "refuses":
                self._close()
            self.down_for += await self._pass()

    async def _pass(self) -> float:
        begun = time.monotonic()
        await asyncio.sleep(self.turn)
        return time.monotonic() - begun

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def end(self) -> None:
        """Once nobody asks any more."""
        self._close()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line.split(":")[1]) for line in head.splitlines() if line.lower().startswith("content-l"))
            body = json.loads(await reader.readexactly(length))
            if self._way == "hangs":
                await reader.read()
            elif self._way:
                writer.write(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n")
            else:
                self.heard.setdefault(body["key"], []).append(body["state"])
                self.taken += 1
                writer.write(b"HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    incidents: int
    kills: int
    seconds: float
    delivered: int
    """Incidents whose opening and end both arrived."""
    without_opening: int
    """Incidents whose end arrived first."""
    repeated: int
    """Messages beyond the first of each: at least once is more than once where a kill fell between two writes."""
    up_share: float
    late: Sequence[float]
    """The worst delay of a check, for each second."""
    late_of_machine: Sequence[float]
    """The same beside it, without alerts."""

    def __str__(self) -> str:
        late, machine = max(self.late, default=0.0), max(self.late_of_machine, default=0.0)
        beyond = sum(one > AIM_LATE for one in self.late)
        beyond_machine = sum(one > AIM_LATE for one in self.late_of_machine)
        return "\n".join(
            [
                "| what | figure | aim |",
                "|---|---|---|",
                f"| incidents opened and closed | {self.incidents} | |",
                f"| delivered, opening and end | {self.delivered} | {self.incidents} |",
                f"| ends that came before their opening | {self.without_opening} | 0 |",
                f"| messages that came twice | {self.repeated} | |",
                f"| kills | {self.kills} | |",
                f"| the receiver was up | {self.up_share:.0%} of the time | |",
                f"| a check was late, at worst | {late * 1000:.0f} ms | ≤ {AIM_LATE * 1000:.0f} ms |",
                f"| the same without alerts, beside it | {machine * 1000:.0f} ms | |",
                f"| seconds in which one was later than that | {beyond} of {len(self.late)} | 0 |",
                f"| the same without alerts | {beyond_machine} of {len(self.late_of_machine)} | |",
                f"| seconds | {self.seconds:.0f} | |",
            ]
        )

    @property
    def complete(self) -> bool:
        return self.delivered == self.incidents and self.without_opening == 0


@dataclass
class Patient:
    """The process that is killed, and what its incarnations said of their checks."""

    directory: Path
    url: str
    incidents: int
    late: list[float] = field(default_factory=list[float])
    _process: Process | None = None
    _listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.alerts_daemon",
            str(self.directory),
            self.url,
            str(self.incidents),
            stdout=PIPE,
            env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        )
        self._listening = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            with suppress(ValueError):  # the last one of a killed process may be half a line, or none of ours
                said = json.loads(line)
                self.late.append(said["late"])

    def must_live(self) -> None:
        """Raises RuntimeError when it ended by itself; why is on its standard error."""
        if self._process is not None and self._process.returncode is not None:
            raise RuntimeError(f"bench.alerts_daemon ended by itself with {self._process.returncode}")

    async def kill(self) -> None:
        assert self._process is not None
        assert self._listening is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        await self._process.wait()
        await self._listening


async def measure(incidents: int, kills: int, turn: float, within: float) -> Result:
    """Raises TimeoutError when not everything has arrived `within` seconds."""
    receiver = Receiver(turn)
    serving = asyncio.create_task(receiver.run())
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        while not receiver.port:  # noqa: ASYNC110 - a moment
            await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{receiver.port}/alerts"
        patient = Patient(Path(directory) / "state", url, incidents)
        control = Patient(Path(directory) / "control", url, 0)
        await control.start()
        await patient.start()
        try:
            async with asyncio.timeout(within):
                await _until_all_came(receiver, patient, incidents, kills)
        finally:
            for process in (patient, control):
                await process.kill()
            serving.cancel()
            await receiver.end()
    firsts = Counter(states[0] for states in receiver.heard.values())
    return Result(
        incidents=incidents,
        kills=kills,
        seconds=time.monotonic() - begun,
        delivered=sum({"firing", "resolved"} <= set(states) for states in receiver.heard.values()),
        without_opening=firsts["resolved"],
        repeated=receiver.taken - sum(len(set(states)) for states in receiver.heard.values()),
        up_share=receiver.up_for / max(receiver.up_for + receiver.down_for, receiver.turn),
        late=patient.late,
        late_of_machine=control.late,
    )


async def _until_all_came(receiver: Receiver, patient: Patient, incidents: int, kills: int) -> None:
    """Kills whenever another share of all messages has been taken."""
    killed = 0
    while True:
        await asyncio.sleep(0.01)
        patient.must_live()
        came = sum(len(set(states)) for states in receiver.heard.values())
        if killed < kills and came >= 2 * incidents * (killed + 1) / (kills + 1):
            killed += 1
            await patient.kill()
            await patient.start()
        if came >= 2 * incidents and killed == kills:
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--incidents", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--turn", type=float, default=10.0, help="seconds for which the receiver is up, then down")
    parser.add_argument("--within", type=float, default=3600.0, help="seconds that it may take")
    given = parser.parse_args()
    result = asyncio.run(measure(given.incidents, given.kills, given.turn, given.within))
    print(result)
    sys.exit(0 if result.complete else 1)


if __name__ == "__main__":
    main()
