"""What a bench knows from outside of every contender: a client that asks without end, and the engine's own word."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.lab.engine import LabEngine

T = TypeVar("T")

DEADLINE = 30.0
IN_VAIN = f"what the bench waits for has not happened within {DEADLINE:g} s"


def wait(condition: Callable[[], T]) -> T:
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, IN_VAIN
        time.sleep(0.02)
    return found


class Program:
    """A program beside the engine, whose lines are read as they come."""

    def __init__(self, engine: LabEngine, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [*engine.enter, *command],
            env=engine.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")

    def first(self, wanted: Callable[[str], T | None]) -> T:
        """The first line of those to come that is wanted; the others are dropped. AssertionError past the deadline."""
        deadline = time.monotonic() + DEADLINE
        while (left := deadline - time.monotonic()) > 0:
            with suppress(queue.Empty):
                found = wanted(self._lines.get(timeout=left))
                if found is not None:
                    return found
        raise AssertionError(IN_VAIN)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


class Poller(Program):
    """Asks one port at a time; `serving_after` tells when it first answered."""

    def __init__(self, engine: LabEngine) -> None:
        super().__init__(engine, (sys.executable, str(Path(__file__).with_name("poller.py"))))
        self._port = 0

    def watch(self, port: int) -> None:
        """Asks this port from now on; returns once it has answered."""
        self._port = port
        self.tell(str(port))
        self.serving_after(time.monotonic())

    def serving_after(self, moment: float) -> float:
        """When the first request was answered that was sent after `moment`; both monotonic seconds."""

        def served(line: str) -> float | None:
            port, sent, ended, answered = line.split()
            fits = answered == "1" and int(port) == self._port and float(sent) >= moment
            return float(ended) if fits else None

        return self.first(served)


@dataclass(frozen=True, slots=True)
class Happened:
    """What the engine says of a container; `at` is its own timestamp in monotonic seconds of this machine."""

    at: float
    attributes: Mapping[str, str]


class Events(Program):
    """The engine's events of containers."""

    def __init__(self, engine: LabEngine) -> None:
        since = f"{time.time():.6f}"
        super().__init__(
            engine, ("docker", "events", "--since", since, "--filter", "type=container", "--format", "{{json .}}")
        )

    def first_after(self, moment: float, container: str, action: str) -> Happened:
        """The first such event of a container (full ID) after `moment`, in monotonic seconds."""
        since_boot = time.monotonic() - time.time()

        def happened(line: str) -> Happened | None:
            event = json.loads(line)
            at = event["timeNano"] / 1e9 + since_boot
            fits = event["Action"] == action and event["Actor"]["ID"] == container and at >= moment
            return Happened(at, event["Actor"]["Attributes"]) if fits else None

        return self.first(happened)


@contextmanager
def polling(engine: LabEngine, port: int) -> Generator[Poller]:
    """Asks a port that serves already."""
    poller = Poller(engine)
    try:
        poller.watch(port)
        yield poller
    finally:
        poller.stop()


@contextmanager
def hearing(engine: LabEngine) -> Generator[Events]:
    events = Events(engine)
    try:
        yield events
    finally:
        events.stop()
