"""`make bench-approvals`: from a person's yes to the start of the action.

A database with a volume is removed, and its recreation waits for approval. Times count from the moment at which the
decision is sent (by the API, or with the whole of `watchdog approve`, whose Python has to start) to the engine's own
timestamp of the event `create`, which it gives when its first call of the recovery is done: an upper bound.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.figures import Measured, Table, percentile
from bench.outside import DEADLINE
from bench.protected import config, settled
from bench.removed import remove
from bench.turns import alternate
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import LabDaemon, lab_daemon

AIM = 1.0
"""Seconds, p95."""
CONFIG = config(1000).replace("[recovery]\n", '[recovery]\napproval = ["recreate"]\n')


def by_api(daemon: LabDaemon, number: int) -> None:
    answer = daemon.request("POST", f"/api/v1/approvals/{number}/approve", {"by": "bench"})
    assert answer.status == 200, answer.body


def by_command(daemon: LabDaemon, number: int) -> None:
    assert daemon.cli("approve", str(number)).code == 0


def made(engine: LabEngine, since: float) -> list[float]:
    """When the engine made containers since then, by its clock, which is this machine's."""
    query = {"since": f"{since:.9f}", "until": f"{time.time():.9f}", "filters": json.dumps({"event": ["create"]})}
    lines = engine.api("GET", "/events", query=query).body.splitlines()
    return [json.loads(line)["timeNano"] / 1e9 for line in lines]


def measure(engine: LabEngine, daemon: LabDaemon, decide: Callable[[LabDaemon, int], None]) -> float:
    """One round, in seconds."""

    def asked() -> list[Any]:
        return daemon.get("/api/v1/approvals").json["approvals"]

    daemon.wait(lambda: settled(daemon.service("db")), "the daemon has not settled", DEADLINE)
    remove(engine, "db")
    (request,) = daemon.wait(asked, "nothing is asked for", DEADLINE)
    decided_at = time.time()
    decide(daemon, request["id"])
    return daemon.wait(lambda: made(engine, decided_at), "nothing is done", DEADLINE)[0] - decided_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="of each way to decide (20)")
    rounds: int = parser.parse_args().rounds
    api_seconds, command_seconds = list[float](), list[float]()
    with tempfile.TemporaryDirectory() as directory, lab_engine() as engine:
        engine.run("db", "-v", "data:/data")
        with lab_daemon(engine, Path(directory), CONFIG) as daemon:
            daemon.start()
            alternate(
                (rounds, lambda: api_seconds.append(measure(engine, daemon, by_api))),
                (rounds, lambda: command_seconds.append(measure(engine, daemon, by_command))),
            )
            daemon.wait(lambda: settled(daemon.service("db")), "the last round is not verified", DEADLINE)
    lines = [
        Measured("approved by the API → started", api_seconds),
        Measured("`watchdog approve` → started", command_seconds),
    ]
    print(Table("Approved", lines, []))
    print(f"- p95 by the API: {percentile(api_seconds, 0.95):.2f} s (aim: at most {AIM:g} s)")


if __name__ == "__main__":
    main()
