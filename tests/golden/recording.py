"""What was asked and answered on the recorded day, and the loop in which that is the same each time."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.virtual_time import T, Ts, VirtualLoop


@dataclass
class Recording:
    """What was asked and answered: as text by part, and as values for whoever plays the daemon."""

    transcripts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list[str]))
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = field(
        default_factory=lambda: defaultdict(list[tuple[int, Any]])
    )
    """Method and path → status and content of each answer, in order."""
    state: Path = Path()

    def note(self, part: str, *lines: str) -> None:
        self.transcripts[part] += [*lines, ""]

    def text(self, part: str) -> str:
        return "\n".join(self.transcripts[part])


def pretty(line: str) -> str:
    """A line of JSON for a reviewer's eyes; the same bytes come out of it again."""
    content = json.loads(line)
    assert json.dumps(content, separators=(",", ":")) == line
    return json.dumps(content, indent=1)


class InOrder(VirtualLoop):
    """Work in threads is done by the loop itself, so that the machine does not decide what comes first."""

    def run_in_executor(  # pyright: ignore[reportIncompatibleMethodOverride]  # as the one of VirtualLoop
        self,
        executor: Executor | None,  # noqa: ARG002 - it is not needed
        func: Callable[[*Ts], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        done: asyncio.Future[T] = self.create_future()

        def end() -> None:
            if done.cancelled():
                return
            try:
                done.set_result(func(*args))
            except Exception as error:  # noqa: BLE001 - it is for whoever waits
                done.set_exception(error)

        self.call_soon(end)
        return done
