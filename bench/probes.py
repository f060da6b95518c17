"""`make bench-probes`: CPU of an HTTP probe beside blackbox_exporter, and 10,000 endpoints on one core.

Contenders take turns in one run, each in a process of its own, against nginx in another; what counts is the processor
time of the contender alone. blackbox_exporter is told what to ask over kept connections, as Prometheus does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.contenders import CONTENDERS, drive_blackbox
from bench.endpoints import Cost
from bench.footprint import cpu_seconds
from bench.target import Target, blackbox, target

BLACKBOX = "blackbox_exporter"
WARM_UP = 100
"""Probes that are not counted."""


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    pid: int
    ask: Callable[[str, int], None]
    """Asks a URL so often."""

    def cost(self, url: str, count: int) -> float:
        """Processor seconds of one probe."""
        before = cpu_seconds(self.pid)
        self.ask(url, count)
        return (cpu_seconds(self.pid) - before) / count


@contextmanager
def contender(name: str, authority: Path) -> Generator[Contender]:
    command = [sys.executable, "-m", "bench.contenders", name, str(authority)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    asked, answered = process.stdin, process.stdout
    assert asked is not None
    assert answered is not None

    def ask(url: str, count: int) -> None:
        asked.write(f"{url} {count}\n")
        assert answered.readline() == "done\n", f"{name} failed"

    try:
        yield Contender(name, process.pid, ask)
    finally:
        process.kill()
        process.wait()


def table(title: str, url: str, contenders: list[Contender], count: int, rounds: int) -> str:
    """Markdown: milliseconds of processor for each probe, the median of the rounds."""
    for one in contenders:
        one.ask(url, WARM_UP)
    costs = {one.name: list[float]() for one in contenders}
    for _ in range(rounds):
        for one in contenders:
            costs[one.name].append(one.cost(url, count) * 1000)
    beside = statistics.median(costs[BLACKBOX])
    rows = [
        f"| {name} | {statistics.median(each):.2f} | {min(each):.2f} - {max(each):.2f} "
        f"| {statistics.median(each) / beside:.2f} |"
        for name, each in costs.items()
    ]
    head = [f"| ms of CPU | median of {rounds} | span | ÷ {BLACKBOX} |", "|---|---|---|---|"]
    return "\n".join(["", f"### {title}", *head, *rows])


def compare(made: Target, directory: Path, count: int, rounds: int) -> None:
    with ExitStack() as stack:
        pid, port = stack.enter_context(blackbox(directory, made))
        contenders = [Contender(BLACKBOX, pid, lambda url, count: drive_blackbox(port, url, count))]
        contenders += [stack.enter_context(contender(name, made.authority)) for name in CONTENDERS]
        for title, url in (
            ("HTTP/1.1, a new connection each", f"http://127.0.0.1:{made.plain}/"),
            ("The same by name", f"http://localhost:{made.plain}/"),
            ("The same over TLS, certificate verified", f"https://127.0.0.1:{made.tls}/"),
        ):
            print(table(title, url, contenders, count, rounds), flush=True)


def endpoints(made: Target, arguments: list[str]) -> str:
    """Markdown of the run with many endpoints, and what was aimed at."""
    command = [sys.executable, "-m", "bench.endpoints", str(made.plain), *arguments]
    cost = Cost(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    lags = " / ".join(f"{lag * 1000:.1f}" for lag in (cost.lag_p50, cost.lag_p99, cost.lag_max))
    return "\n".join(
        [
            "",
            f"### {cost.endpoints} endpoints every 60 s on one core",
            "| | | aim |",
            "|---|---|---|",
            f"| asked, of which not good | {cost.asked}, {cost.failed} | |",
            f"| start lag, p50 / p99 / max | {lags} ms | p99 at most 1000 ms |",
            f"| missed slots | {cost.missed} | 0 |",
            f"| resident memory of each | {cost.memory / 1e3:.1f} kB | at most 10 kB |",
            f"| CPU, scrapes every 15 s included | {cost.share * 100:.0f} % of the core | |",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.probes", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="probes of each contender in a round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=("probes", "endpoints"), help="one half of it")
    arguments, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name, target(Path(name)) as made:
        if arguments.only != "endpoints":
            compare(made, Path(name), arguments.count, arguments.rounds)
        if arguments.only != "probes":
            print(endpoints(made, more))


if __name__ == "__main__":
    main()
