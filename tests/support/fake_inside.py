"""What runs inside the containers of the fake engine: their programs, logs and use of the host."""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field

from tests.support.fake_container import UP, Box
from watchdog.errors import Conflict, NotFound, OutOfReach
from watchdog.model.container import ContainerState
from watchdog.model.inside import Disk, Ended, LogLine, Usage

NO_PROGRAM = Ended(exit_code=126, output=b"OCI runtime exec failed: executable file not found in $PATH: unknown\r\n")
HANGS = Ended(exit_code=None, output=b"")
"""A program that does not end by itself."""


@dataclass(slots=True)
class FakeInside:
    now: Callable[[], float]
    programs: dict[tuple[str, ...], Ended] = field(default_factory=dict[tuple[str, ...], Ended])
    """Command → how it ends, in every container."""
    usages: dict[str, Usage] = field(default_factory=dict[str, Usage])
    """Full ID → what it uses; who is not here uses nothing that is told."""
    disks: tuple[Disk, ...] | None = None
    """None: the engine is on another machine."""
    ran: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    _executions: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    _running: set[str] = field(default_factory=set[str])
    _lines: dict[str, list[LogLine]] = field(default_factory=lambda: defaultdict[str, list[LogLine]](list))
    _readers: dict[str, list[asyncio.Queue[LogLine | None]]] = field(
        default_factory=lambda: defaultdict[str, list[asyncio.Queue[LogLine | None]]](list)
    )
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def say(self, container: str, text: str) -> None:
        """The container writes a line."""
        line = LogLine(self.now(), text)
        self._lines[container].append(line)
        self._tell(container, line)

    def readers(self, container: str) -> list[asyncio.Queue[LogLine | None]]:
        """Those who follow its log now."""
        return self._readers[container]

    def end(self, container: str) -> None:
        """The container ends: with it end what runs inside, and who follows its log."""
        self._running.clear()
        self._tell(container, None)

    def _tell(self, container: str, line: LogLine | None) -> None:
        for reader in self._readers[container]:
            reader.put_nowait(line)

    def prepare(self, command: tuple[str, ...]) -> str:
        execution = f"execution-{next(self._numbers)}"
        self._executions[execution] = command
        return execution

    def run(self, execution: str, at_most: int) -> Ended:
        command = self._executions[execution]
        self.ran.append(command)
        ended = self.programs.get(command, NO_PROGRAM)
        if len(ended.output) > at_most:
            ended = Ended(exit_code=None, output=ended.output[:at_most], too_much=True)
        if ended.exit_code is None:
            self._running.add(execution)
        return ended

    def runs(self, execution: str) -> bool:
        return execution in self._running

    def stop(self, execution: str) -> bool:
        if execution not in self._executions:
            raise NotFound(f"No such exec instance: {execution}")
        self._running.discard(execution)
        return True

    async def log(
        self, container: str, *, since: float, at_most: int, follow: bool
    ) -> AsyncGenerator[tuple[LogLine, ...]]:
        told = [line for line in self._lines[container] if line.at >= since]
        heard: asyncio.Queue[LogLine | None] = asyncio.Queue()
        self._readers[container].append(heard)
        try:
            yield tuple(told[max(0, len(told) - at_most) :])
            while follow and (line := await heard.get()) is not None:
                yield (line,)
        finally:
            self._readers[container].remove(heard)

    def usage(self, container: str) -> Usage:
        if container not in self.usages:
            raise OutOfReach("the engine tells no usage of it")
        return self.usages[container]

    def room(self) -> tuple[Disk, ...]:
        if self.disks is None:
            raise OutOfReach("the engine is on another machine: its disks cannot be looked at")
        return self.disks


class InsideDoors(ABC):
    """The part of `engine.protocol` that looks inside of containers."""

    __slots__ = ()
    inside: FakeInside

    @abstractmethod
    def _answer(self) -> None:
        """Raises while the engine is away."""

    @abstractmethod
    def _box(self, container: str) -> Box:
        """As `_answer`; raises NotFound too."""

    async def prepare_inside(
        self,
        container: str,
        command: tuple[str, ...],
        *,
        user: str,  # noqa: ARG002 - nobody there asks who runs it
        environment: Mapping[str, str],  # noqa: ARG002 - nor with what
    ) -> str:
        if self._box(container).state is not ContainerState.RUNNING:
            raise Conflict(f"Container {container} is not running")
        return self.inside.prepare(command)

    async def run_inside(self, execution: str, *, seconds: float, at_most: int) -> Ended:
        self._answer()
        ended = self.inside.run(execution, at_most)
        if ended.exit_code is None and not ended.too_much:
            await asyncio.sleep(seconds)
        return ended

    async def runs_inside(self, execution: str) -> bool:
        self._answer()
        return self.inside.runs(execution)

    async def end_inside(self, execution: str) -> bool:
        self._answer()
        return self.inside.stop(execution)

    async def log(
        self, container: str, *, since: float, at_most: int, follow: bool
    ) -> AsyncGenerator[tuple[LogLine, ...]]:
        running = self._box(container).state in UP
        async for lines in self.inside.log(container, since=since, at_most=at_most, follow=follow and running):
            yield lines

    async def usage(self, container: str) -> Usage:
        return self.inside.usage(self._box(container).id)

    async def disks(self, paths: tuple[str, ...]) -> tuple[Disk, ...]:  # noqa: ARG002 - all lie on the same
        self._answer()
        return self.inside.room()
