"""`make bench-footprint`: what watchdog costs: `--help`, `check` of 24 containers, an idle daemon with 100."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import LabDaemon, lab_daemon

TICKS = os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of a whole call."""
    seconds: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def grow(engine: LabEngine, first: int, count: int) -> None:
    """So many more containers that sleep, each with a health check of its own every 30 s."""
    healthcheck = ("--health-cmd", "true", "--health-interval", "30s")
    names = [f"c{number:03}" for number in range(first, first + count)]
    for name in names:
        engine.docker("create", "--name", name, *healthcheck, "busybox:lab")
    for batch in range(0, len(names), 10):
        engine.docker("start", *names[batch : batch + 10])


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def idle(daemon: LabDaemon, containers: int, seconds: float) -> tuple[float, float]:
    """Share of one core over `seconds`, and resident megabytes at their end."""

    def all_protected() -> bool:
        return sum(service["protected"] for service in daemon.status()["services"]) >= containers

    daemon.wait(all_protected, "not every container is protected", 180)
    before, started = cpu_seconds(daemon.pid), time.monotonic()
    time.sleep(seconds)
    share = (cpu_seconds(daemon.pid) - before) / (time.monotonic() - started)
    return share, resident_mb(daemon.pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle", type=float, default=180.0, help="seconds over which the idle daemon is watched (180)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        lab_engine() as engine,
        lab_daemon(engine, Path(directory), "") as daemon,
    ):
        daemon.write_config()
        command = [sys.executable, "-m", "watchdog", "--help"]
        helped = timed(lambda: subprocess.run(command, capture_output=True, check=True), 11)
        print(f"watchdog --help                        {helped:8.3f} s   (aim: at most 0.25)", flush=True)
        grow(engine, 0, 24)
        checked = timed(lambda: daemon.cli("check"), 7)
        print(f"watchdog check, 24 containers          {checked:8.3f} s   (aim: at most 1)", flush=True)
        grow(engine, 24, 76)
        daemon.start()
        share, megabytes = idle(daemon, 100, arguments.idle)
        print(f"daemon, 100 containers, idle: CPU      {share * 100:8.2f} %   of one core (aim: at most 2)")
        print(f"daemon, 100 containers, idle: memory   {megabytes:8.1f} MB  resident (aim: at most 120)")


if __name__ == "__main__":
    main()
