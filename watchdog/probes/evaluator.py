"""Runs as a process of its own, which may be killed: judges what `probes.evaluation` does not judge itself.

Reads from standard input, for each question, one line of JSON {judge, arguments, bytes, seconds} and so many bytes;
writes a line of JSON {answer} or {error}.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Final

BYTES: Final = 1 << 30
"""Of memory."""
NICE: Final = 10
PATIENCE: Final = 1.0
"""Seconds beyond the deadline after which it ends by itself, should nobody be left to kill it."""


def main() -> None:
    with suppress(OSError):  # a sandbox may forbid what only asks for less
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    with suppress(OSError):
        os.nice(NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from watchdog.policy.patterns import backtracking
    from watchdog.probes.judging import JUDGES

    asked, told = sys.stdin.buffer, sys.stdout.buffer
    with backtracking():
        while line := asked.readline():
            question = json.loads(line)
            body = asked.read(question["bytes"])
            signal.setitimer(signal.ITIMER_REAL, question["seconds"] + PATIENCE)  # its default ends the process
            try:
                answer = {"answer": JUDGES[question["judge"]](body, **question["arguments"])}
            except MemoryError:
                answer = {"error": "it takes more memory than it may have"}
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                answer = {"error": f"{type(error).__name__}: {error}"}
            signal.setitimer(signal.ITIMER_REAL, 0)
            told.write(json.dumps(answer).encode() + b"\n")
            told.flush()


if __name__ == "__main__":
    main()
