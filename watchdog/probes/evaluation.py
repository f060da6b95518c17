"""Judges what is quick at once, and anything else in a process that is killed when its time is over.

The daemon's loop never stands still for what a page, a log or a pattern holds.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from watchdog.policy.comparison import Scalar, parse_comparison
from watchdog.policy.patterns import Pattern, read_pattern
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure
from watchdog.probes.judging import JUDGES
from watchdog.programs import environment

QUICK_STEPS: Final = 1e6
"""Steps of a pattern's search, about 7 ns each, that are made at once."""
QUICK_BYTES: Final = 65_536
"""Of what is decoded and searched for at once."""
QUICK_JSON: Final = 16_384
"""Bytes of a document that is read at once, for paths that visit each value once at the most."""
PROCESSES: Final = 4
CHUNK: Final = 262_144
"""Bytes that are handed over at once."""
LONGEST_ANSWER: Final = 1 << 20
COMMAND: Final = (sys.executable, "-I", "-m", "watchdog.probes.evaluator")


def quick(body: bytes | bytearray, patterns: Iterable[Pattern] = (), paths: Iterable[str] = ()) -> bool:
    """Whether a body is searched for these patterns, and its JSON for these paths, in a few milliseconds."""
    paths = tuple(paths)
    if len(body) > (QUICK_JSON if paths else QUICK_BYTES) or any(".." in path or "?" in path for path in paths):
        return False
    ascii_text = body.isascii()
    return sum(pattern.cost(len(body), ascii_text=ascii_text) for pattern in patterns) <= QUICK_STEPS


class Unjudged(ProbeFailure):
    """What was answered is such that nothing can be said of it."""

    def __init__(self, why: str) -> None:
        super().__init__(FailureKind.NOT_ASKED, f"the answer was not judged: {why}")
        self.why = why


class Evaluation:
    """At most `PROCESSES` questions at once; a process that has answered is asked again."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(PROCESSES)
        self._idle: list[asyncio.subprocess.Process] = []
        self._closed = False

    async def judge(
        self, judge: str, body: bytes | bytearray, *, at_once: bool, seconds: float, **arguments: Any
    ) -> Any:
        """The answer of one of `JUDGES`; raises ProbeFailure where there is none within so many seconds."""
        if at_once:
            return JUDGES[judge](body, **arguments)
        question = {"judge": judge, "arguments": arguments, "bytes": len(body), "seconds": seconds}
        try:
            async with asyncio.timeout(seconds), self._places:
                told = await self._told(json.dumps(question).encode() + b"\n", body)
        except TimeoutError:
            raise Unjudged(f"that takes longer than {seconds:.3g} s") from None
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            raise ProbeFailure(FailureKind.NOT_ASKED, f"the answer was not judged: {error}") from error
        if "error" in told:
            raise Unjudged(told["error"])
        return told["answer"]

    async def found(self, ask: AnyAsk, text: bytes, pattern: str) -> bool:
        """Whether a pattern is found in what was said; raises ProbeFailure."""
        at_once, seconds = quick(text, [read_pattern(pattern)]), ask.time_to_judge()
        return await self.judge("found", text, at_once=at_once, seconds=seconds, pattern=pattern) is True

    async def wrong(self, ask: AnyAsk, comparison: str, value: Scalar, whole: float | None = None) -> str | None:
        """What is wrong with a value, a sentence; raises ProbeFailure."""
        text = value.encode("utf-8", "replace") if isinstance(value, str) else b""
        pattern = parse_comparison(comparison).pattern
        at_once, seconds = quick(text, [pattern] if pattern is not None else []), ask.time_to_judge()
        wrong: str | None = await self.judge(
            "compared", text, at_once=at_once, seconds=seconds, comparison=comparison, value=value, whole=whole
        )
        return wrong

    async def _told(self, question: bytes, body: bytes | bytearray) -> dict[str, Any]:
        process = self._waiting() or await self._start()
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101 - for the type checker
        try:
            process.stdin.write(question)
            for start in range(0, len(body), CHUNK):
                process.stdin.write(body[start : start + CHUNK])
                await process.stdin.drain()
            line = await process.stdout.readuntil(b"\n")
        except BaseException:
            await _end(process)
            raise
        if self._closed:
            await _end(process)
        else:
            self._idle.append(process)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _waiting(self) -> asyncio.subprocess.Process | None:
        while self._idle:
            process = self._idle.pop()
            if process.returncode is None:
                return process
        return None

    @staticmethod
    async def _start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            limit=LONGEST_ANSWER,
            start_new_session=True,
        )

    async def close(self) -> None:
        """Ends those that wait for a question; one that answers ends then."""
        self._closed = True
        while self._idle:
            await _end(self._idle.pop())


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
