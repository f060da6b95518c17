"""`make bench-recovery`: removed → serving again, against the engine's floor and Swarm, by one outside poller.

All in one run, with an image without HEALTHCHECK. Times count from the moment at which the engine
answered the removal (for the floor: at which the create was sent) to the first answer 200 to a request that was sent
later. Grace zero; Swarm with a restart delay of 0 and with its default of 5 s. The contenders come one after the
other, each alone on the engine's bridge: a second container there keeps the bridge up, and with it the host's
neighbour entry of the address that the new container gets again, so that nobody loses the second that is lost here.
`--among N` puts N idle containers beside each contender, to see that as well.
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
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.figures import HEAD, percentile, row
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import lab_daemon

SERVE = ("httpd", "-f", "-p", "80", "-h", "/www")
PORT = 8081
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


Spec = dict[str, object]


@dataclass
class Bench:
    """What was measured, in seconds."""

    engine: LabEngine
    directory: Path
    floor: list[float] = field(default_factory=list[float])
    floor_serving: list[float] = field(default_factory=list[float])
    watchdog: list[float] = field(default_factory=list[float])
    intents: list[float] = field(default_factory=list[float])
    swarm_zero: list[float] = field(default_factory=list[float])
    swarm_default: list[float] = field(default_factory=list[float])

    def remove(self, container: str) -> float:
        """Removes by force; returns when the engine said that it is gone."""
        answer = self.engine.api("DELETE", f"/containers/{container}", query={"force": 1})
        assert answer.status == 204, answer.body
        return time.monotonic()

    def run_web(self) -> str:
        return self.engine.docker("run", "-d", "--name", "webui", "-p", f"{PORT}:80", "web:bench")

    def measure_floor(self, rounds: int) -> None:
        """The same two calls that nobody can do without, sent by hand."""
        self.run_web()
        found = self.engine.inspect("webui")
        spec: Spec = {**found["Config"], "HostConfig": found["HostConfig"], "Hostname": ""}
        with polling(self.engine) as poller:
            for _ in range(rounds):
                self.remove("webui")
                started = time.monotonic()
                made = self.engine.api("POST", "/containers/create", spec, {"name": "webui"}).json["Id"]
                self.engine.api("POST", f"/containers/{made}/start")
                self.floor.append(time.monotonic() - started)
                self.floor_serving.append(poller.serving_after(started) - started)
        self.remove("webui")

    def measure_watchdog(self, rounds: int) -> None:
        self.run_web()
        with lab_daemon(self.engine, self.directory, CONFIG) as daemon:
            daemon.start()

            def settled() -> bool:
                service = daemon.service("webui")
                return bool(service["protected"] and service["health"] == "healthy" and service["incident"] is None)

            with polling(self.engine) as poller:
                for _ in range(rounds):
                    daemon.wait(settled, "the daemon has not settled", DEADLINE)
                    removed = self.remove("webui")
                    self.watchdog.append(poller.serving_after(removed) - removed)
            daemon.wait(settled, "the last round is not verified", DEADLINE)
            waits = [row["payload"].get("event_to_intent_seconds") for row in daemon.rows("outcome")]
            self.intents += [wait for wait in waits if wait is not None]
        self.remove("webui")

    def measure_swarm(self, rounds: int, options: tuple[str, ...], seconds: list[float]) -> None:
        publish = f"mode=host,published={PORT},target=80"
        self.engine.docker("service", "create", "-d", "--name", "web", *options, "--publish", publish, "web:bench")
        filters = json.dumps({"label": ["com.docker.swarm.service.name=web"], "status": ["running"]})
        with polling(self.engine) as poller:
            for _ in range(rounds):
                task = wait(lambda: self.engine.api("GET", "/containers/json", query={"filters": filters}).json)
                removed = self.remove(task[0]["Id"])
                seconds.append(poller.serving_after(removed) - removed)
        self.engine.docker("service", "rm", "web")
        wait(lambda: not self.engine.api("GET", "/containers/json", query={"filters": filters}).json)


@contextmanager
def polling(engine: LabEngine) -> Generator[Poller]:
    poller = Poller(engine, PORT)
    try:
        poller.serving_after(time.monotonic())
        yield poller
    finally:
        poller.stop()


T = TypeVar("T")


def wait(condition: Callable[[], T]) -> T:
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, "the bench waits in vain"
        time.sleep(0.02)
    return found


@contextmanager
def ready(directory: Path, among: int) -> Generator[Bench]:
    """An engine of its own with the image, as many idle containers as asked for, and Swarm."""
    with lab_engine() as engine:
        engine.image("web:bench", cmd=list(SERVE))
        for number in range(among):
            engine.docker("run", "-d", "--name", f"idle{number}", "--label", "watchdog.enable=false", "busybox:lab")
        engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
        yield Bench(engine, directory)


def measure_default(rounds: int, among: int, directory: Path) -> list[float]:
    """Swarm's default mostly waits for its 5 s: on a second engine it can do so beside the others."""
    with ready(directory, among) as bench:
        bench.measure_swarm(rounds, (), bench.swarm_default)
        return bench.swarm_default


def measure(rounds: int, swarm_rounds: int, among: int, directory: Path) -> None:
    with ThreadPoolExecutor(1) as aside, ready(directory, among) as bench:
        default = aside.submit(measure_default, swarm_rounds, among, directory)
        bench.measure_floor(rounds)
        bench.measure_watchdog(rounds)
        bench.measure_swarm(swarm_rounds, ("--restart-delay", "0s"), bench.swarm_zero)
        bench.swarm_default = default.result()
        report(bench)


def report(bench: Bench) -> None:
    print(HEAD)
    print(row("engine floor: create + start", bench.floor))
    print(row("engine floor: create sent -> serving", bench.floor_serving))
    print(row("watchdog: removed -> serving, grace 0", bench.watchdog))
    print(row("Swarm: removed -> serving, restart delay 0", bench.swarm_zero))
    print(row("Swarm: removed -> serving, default", bench.swarm_default))
    print(row("watchdog: event -> intent in the ledger", bench.intents))
    watchdog = percentile(bench.watchdog, 0.5)
    print(f"watchdog p50 / Swarm delay 0 p50: {watchdog / percentile(bench.swarm_zero, 0.5):.2f} (aim: at most 0.30)")
    print(f"watchdog p50 / floor create + start p50: {watchdog / percentile(bench.floor, 0.5):.2f}")
    print(f"event -> intent p99: {percentile(bench.intents, 0.99) * 1000:.1f} ms (aim: at most 100)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of floor and watchdog (300)")
    parser.add_argument("--swarm-rounds", type=int, default=100, help="of each Swarm service (100)")
    parser.add_argument("--among", type=int, default=0, help="idle containers beside each contender (0)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        measure(arguments.rounds, arguments.swarm_rounds, arguments.among, Path(directory))


if __name__ == "__main__":
    main()
