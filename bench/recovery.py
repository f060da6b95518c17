"""`make bench-recovery`: removed → serving again, against the engine's floor and Swarm, by one outside poller.

All in one run, in turn, on one engine, with an image without HEALTHCHECK. Times count from the moment at which the
engine answered the removal (for the floor: at which the create was sent) to the first answer 200 to a request that
was sent later. Grace zero; Swarm with a restart delay of 0 and with its default of 5 s.
"""

from __future__ import annotations

import argparse
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.figures import HEAD, percentile, row
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import LabDaemon, lab_daemon

SERVE = ("httpd", "-f", "-p", "80", "-h", "/www")
WATCHED, FLOOR, SWARM_ZERO, SWARM_DEFAULT = 8081, 8082, 8083, 8084
DEADLINE = 30.0

CONFIG = """
[watch]
interval = "60s"
[health]
soak = "100ms"
stable = "100ms"
[recovery]
absence_grace = "0s"
max_attempts = 1000
window = "1s"
backoff = "100ms"
backoff_max = "100ms"
verify_timeout = "2s"
"""


@dataclass
class Poller:
    """Asks one port without end; `serving_after` tells when it first answered."""

    engine: LabEngine
    port: int
    _answers: queue.Queue[tuple[float, float]] = field(default_factory=queue.Queue[tuple[float, float]])

    def __post_init__(self) -> None:
        command = [*self.engine.enter, sys.executable, str(Path(__file__).with_name("poller.py")), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            started, ended, answered = line.split()
            if answered == "1":
                self._answers.put((float(started), float(ended)))

    def serving_after(self, moment: float) -> float:
        """When the first request was answered that was sent after `moment`; both monotonic seconds."""
        deadline = time.monotonic() + DEADLINE
        while True:
            started, ended = self._answers.get(timeout=max(0.01, deadline - time.monotonic()))
            if started >= moment:
                return ended

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Bench:
    engine: LabEngine
    daemon: LabDaemon
    rounds: int
    floor: list[float] = field(default_factory=list[float])
    floor_serving: list[float] = field(default_factory=list[float])
    watchdog: list[float] = field(default_factory=list[float])
    swarm_zero: list[float] = field(default_factory=list[float])
    swarm_default: list[float] = field(default_factory=list[float])

    def remove(self, container: str) -> float:
        """Removes by force; returns when the engine said that it is gone."""
        answer = self.engine.api("DELETE", f"/containers/{container}", query={"force": 1})
        assert answer.status == 204, answer.body
        return time.monotonic()

    def floor_round(self, poller: Poller, spec: dict[str, object]) -> None:
        self.remove("floor")
        started = time.monotonic()
        answer = self.engine.api("POST", "/containers/create", spec, {"name": "floor"})
        self.engine.api("POST", f"/containers/{answer.json['Id']}/start")
        self.floor.append(time.monotonic() - started)
        self.floor_serving.append(poller.serving_after(started) - started)

    def watchdog_round(self, poller: Poller) -> None:
        self.daemon.wait(self.settled, "the daemon has not settled", DEADLINE)
        removed = self.remove("webui")
        self.watchdog.append(poller.serving_after(removed) - removed)

    def settled(self) -> bool:
        service = self.daemon.service("webui")
        return bool(service["protected"] and service["health"] == "healthy" and service["incident"] is None)

    def swarm_round(self, service: str, poller: Poller, seconds: list[float]) -> None:
        filters = json.dumps({"label": [f"com.docker.swarm.service.name={service}"], "status": ["running"]})
        task = wait(lambda: self.engine.api("GET", "/containers/json", query={"filters": filters}).json)
        removed = self.remove(task[0]["Id"])
        seconds.append(poller.serving_after(removed) - removed)

    def intents(self) -> list[float]:
        """Event → intent in the ledger, by the ledger's own rows."""
        waits = [row["payload"].get("event_to_intent_seconds") for row in self.daemon.rows("outcome")]
        return [wait for wait in waits if wait is not None]


T = TypeVar("T")


def wait(condition: Callable[[], T]) -> T:
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, "the bench waits in vain"
        time.sleep(0.02)
    return found


def prepare(engine: LabEngine) -> dict[str, object]:
    """Everything that is measured serves; returns what the floor's container is created from."""
    engine.image("web:bench", cmd=list(SERVE))
    engine.docker("run", "-d", "--name", "webui", "-p", f"{WATCHED}:80", "web:bench")
    engine.docker("run", "-d", "--name", "floor", "--label", "watchdog.enable=false", "-p", f"{FLOOR}:80", "web:bench")
    found = engine.inspect("floor")
    engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    for name, port, delay in (("zero", SWARM_ZERO, ["--restart-delay", "0s"]), ("default", SWARM_DEFAULT, [])):
        publish = f"mode=host,published={port},target=80"
        engine.docker("service", "create", "-d", "--name", name, *delay, "--publish", publish, "web:bench")
    return {**found["Config"], "HostConfig": found["HostConfig"], "Hostname": ""}


def measure(rounds: int, swarm_rounds: int, directory: Path) -> Bench:
    with ExitStack() as stack:
        engine = stack.enter_context(lab_engine())
        spec = prepare(engine)
        daemon = stack.enter_context(lab_daemon(engine, directory, CONFIG)).start()
        bench = Bench(engine, daemon, rounds)
        pollers = {port: Poller(engine, port) for port in (WATCHED, FLOOR, SWARM_ZERO, SWARM_DEFAULT)}
        for poller in pollers.values():
            stack.callback(poller.stop)
            poller.serving_after(time.monotonic())
        for number in range(rounds):
            bench.floor_round(pollers[FLOOR], spec)
            bench.watchdog_round(pollers[WATCHED])
            if number < swarm_rounds:
                bench.swarm_round("zero", pollers[SWARM_ZERO], bench.swarm_zero)
                bench.swarm_round("default", pollers[SWARM_DEFAULT], bench.swarm_default)
        daemon.wait(bench.settled, "the last round is not verified", DEADLINE)
        report(bench)
        return bench


def report(bench: Bench) -> None:
    print(HEAD)
    print(row("engine floor: create + start", bench.floor))
    print(row("engine floor: create sent -> serving", bench.floor_serving))
    print(row("watchdog: removed -> serving, grace 0", bench.watchdog))
    print(row("Swarm: removed -> serving, restart delay 0", bench.swarm_zero))
    print(row("Swarm: removed -> serving, default", bench.swarm_default))
    print(row("watchdog: event -> intent in the ledger", bench.intents()))
    watchdog = percentile(bench.watchdog, 0.5)
    print(f"watchdog p50 / Swarm delay 0 p50: {watchdog / percentile(bench.swarm_zero, 0.5):.2f} (aim: at most 0.30)")
    print(f"watchdog p50 / floor create + start p50: {watchdog / percentile(bench.floor, 0.5):.2f}")
    print(f"event -> intent p99: {percentile(bench.intents(), 0.99) * 1000:.1f} ms (aim: at most 100)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of floor and watchdog (300)")
    parser.add_argument("--swarm-rounds", type=int, default=100, help="of each Swarm service (100)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        measure(arguments.rounds, arguments.swarm_rounds, Path(directory))


if __name__ == "__main__":
    main()
