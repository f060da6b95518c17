"""`make bench-deploy`: what a deployment costs as a transaction, and how fast one that fails is rolled back.

A Compose project of five services, each with an HTTP check; its containers end at once when told to. By turns, on the
same engine with the same containers and the daemon beside them:

- `docker compose up` with changed images alone, and the same under `watchdog deploy --soak 0s`: the difference is what
  the transaction costs, the start of the command line included.
- A deployment to an image that answers 404, of one service and of all five: from the event that says rollback, the
  first proof of failure, to the one that says its end, verified. The engine's floor, with the daemon held by a signal,
  is the same by bare calls, with the same concurrency: stop and remove the new ones, create and start the old ones,
  until each has answered 200.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Measured, Table, percentile
from bench.outside import wait
from bench.restore import held
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import LabDaemon, lab_daemon

COMPOSE = str(Path(sysconfig.get_path("platlib"), "compose", "docker-compose"))
UP = (COMPOSE, "--ansi=never", "up", "--detach")
GOOD = ("shop/web:1", "shop/web:2")
BAD = "shop/web:bad"
PORTS = {f"web{number}": 8081 + number for number in range(5)}
CONCURRENCY = 4
"""That of the default configuration."""
AIM_OVERHEAD = 1.0
AIM_RATIO = 2.0

CHECKS = "".join(
    f'[[endpoint]]\nname = "{name}"\nservice = "shop/{name}"\nurl = "http://127.0.0.1:{port}/"\n'
    'interval = "1s"\nretry_interval = "1s"\n'
    for name, port in PORTS.items()
)
CONFIG = f"""
[health]
soak = "100ms"
stable = "100ms"
[recovery]
concurrency = {CONCURRENCY}
{CHECKS}"""
"""A failed check is asked again every second within a deployment by default, too."""


@dataclass(slots=True)
class Told:
    """How a `watchdog deploy --json` went: its events, each with the seconds after which it was read."""

    code: int
    seconds: float
    events: list[tuple[float, Any]]

    def at(self, event: str) -> float:
        """When the first such event came."""
        return next(at for at, one in self.events if one["event"] == event)


@dataclass
class Bench:
    """What was measured, in seconds."""

    engine: LabEngine
    daemon: LabDaemon
    folder: Path
    alone: list[float] = field(default_factory=list[float])
    serving: list[float] = field(default_factory=list[float])
    """Of the bare command, until all five serve: that is what a deployment waits for."""
    deployed: list[float] = field(default_factory=list[float])
    started: list[float] = field(default_factory=list[float])
    """Of those: from the start of the command line to the daemon's first word."""
    floor: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    rolled_back: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    _turn: int = 0

    def open(self) -> None:
        """The shop runs and is protected."""
        for image in GOOD:
            self.engine.image(image, marker=image, cmd=["httpd", "-f", "-p", "80", "-h", "/www"])
        self.engine.image(BAD, cmd=["httpd", "-f", "-p", "80", "-h", "/tmp"])
        self._write(dict.fromkeys(PORTS, GOOD[0]))
        self.engine.compose(self.folder, "up", "--detach")
        self.daemon.start()
        self._settle()

    def overhead(self) -> None:
        """A good deployment alone, and one under the transaction: each changes the image of all five."""
        self._write(dict.fromkeys(PORTS, self._next_good()))
        began = time.monotonic()
        self.engine.command(*UP, cwd=self.folder)
        self.alone.append(time.monotonic() - began)
        wait(lambda: all(map(self._serves, PORTS)))
        self.serving.append(time.monotonic() - began)
        self._settle()
        self._write(dict.fromkeys(PORTS, self._next_good()))
        told = self._deploy()
        assert told.code == 0, told.events
        self.deployed.append(told.seconds)
        self.started.append(told.at("deployment"))
        self._settle()

    def rollback(self, services: int) -> None:
        """So many of the five are given an image that is no good: by bare calls, then by a deployment."""
        good = self._good()
        bad = {**dict.fromkeys(PORTS, good), **dict.fromkeys(list(PORTS)[:services], BAD)}
        self.floor.setdefault(services, []).append(self._undo_by_hand(bad, services))
        self._settle()
        self._write(bad)
        told = self._deploy()
        assert told.code == 1, told.events
        self.rolled_back.setdefault(services, []).append(told.at("end") - told.at("rollback"))
        self._write(dict.fromkeys(PORTS, good))
        self._settle()

    def _undo_by_hand(self, images: dict[str, str], services: int) -> float:
        changed = list(images)[:services]
        before = {name: self.engine.inspect(f"shop-{name}-1") for name in changed}
        with held(self.daemon):
            self._write(images)
            self.engine.command(*UP, cwd=self.folder)
            began = time.monotonic()
            with ThreadPoolExecutor(CONCURRENCY) as places:
                list(places.map(self._put_back, changed, before.values()))
            return time.monotonic() - began

    def _put_back(self, name: str, before: Any) -> None:
        container = f"shop-{name}-1"
        body = {**before["Config"], "HostConfig": before["HostConfig"], "Hostname": ""}
        networks = before["NetworkSettings"]["Networks"]
        body["NetworkingConfig"] = {"EndpointsConfig": {one: {"Aliases": [name]} for one in networks}}
        for method, path, more in (
            ("POST", f"/containers/{container}/stop", None),
            ("DELETE", f"/containers/{container}", None),
            ("POST", f"/containers/create?name={container}", body),
            ("POST", f"/containers/{container}/start", None),
        ):
            answer = self.engine.api(method, path, more)
            assert answer.status < 300, answer.body
        wait(lambda: self._serves(name))

    def _deploy(self) -> Told:
        command = self.daemon.command("deploy", "--json", "--soak", "0s", "--max-services", "5", "--", *UP)
        began = time.monotonic()
        events: list[tuple[float, Any]] = []
        with subprocess.Popen(
            [*self.engine.enter, *command], cwd=self.folder, env=self.engine.environment, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            events += [(time.monotonic() - began, json.loads(line)) for line in process.stdout]
        return Told(process.returncode, time.monotonic() - began, events)

    def _settle(self) -> None:
        """Everything serves, and the daemon knows it."""

        def settled() -> bool:
            found = {name: self.daemon.service(f"shop/{name}") for name in PORTS}
            there = {name: self.engine.inspect(f"shop-{name}-1")["Id"] for name in PORTS}
            good = [
                one["protected"]
                and one["health"] == "healthy"
                and one["incident"] is None
                and one["container"]["id"] == there[name]
                for name, one in found.items()
            ]
            return all(good) and all(map(self._serves, PORTS))

        self.daemon.wait(settled, "the shop is not good", 60)

    def _serves(self, name: str) -> bool:
        try:
            return self.engine.get(PORTS[name], timeout=1.0).status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False

    def _good(self) -> str:
        return GOOD[self._turn % len(GOOD)]

    def _next_good(self) -> str:
        self._turn += 1
        return self._good()

    def _write(self, images: dict[str, str]) -> None:
        lines = [
            f"  {name}: {{image: '{image}', stop_signal: KILL, ports: ['{PORTS[name]}:80']}}"
            for name, image in images.items()
        ]
        (self.folder / "compose.yaml").write_text("\n".join(["name: shop", "services:", *lines]) + "\n")


def report(bench: Bench) -> None:
    alone = Measured("`docker compose up`, five changed images", bench.alone)
    serving = Measured("the same, until all five serve", bench.serving)
    deployed = Measured("**the same under `watchdog deploy --soak 0s`**", bench.deployed)
    started = Measured("of it: command line, to the daemon's first word", bench.started)
    print(Table("A good deployment", [alone, serving, deployed, started], []))
    for beside in (alone, serving):
        more = [theirs - ours for ours, theirs in zip(beside.seconds, deployed.seconds, strict=True)]
        p50, p95 = (percentile(more, share) for share in (0.5, 0.95))
        print(f"- more than {beside.name}: p50 {p50:.2f} s, p95 {p95:.2f} s (aim: at most {AIM_OVERHEAD:g} s)")
    lines: list[Measured] = []
    told: list[str] = []
    for services, floor in bench.floor.items():
        ours = bench.rolled_back[services]
        lines += [Measured(f"engine's floor: {services} put back, serving", floor)]
        lines += [Measured(f"**watchdog: first proof → {services} rolled back and verified**", ours)]
        ratio = percentile(ours, 0.95) / percentile(floor, 0.95)
        told.append(f"- watchdog ÷ floor, {services}: p95 {ratio:.2f} (aim: at most {AIM_RATIO:g})")
        told.append(f"- watchdog ÷ floor, {services}: p50 {lines[-1].p50 / lines[-2].p50:.2f}")
    print(Table("A deployment that fails", lines, []), *told, sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40, help="of each (40)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        lab_engine() as engine,
        lab_daemon(engine, Path(directory), CONFIG) as daemon,
    ):
        bench = Bench(engine, daemon, Path(directory, "shop"))
        bench.folder.mkdir()
        bench.open()
        for _ in range(arguments.rounds):
            bench.overhead()
            for services in (1, len(PORTS)):
                bench.rollback(services)
        report(bench)


if __name__ == "__main__":
    main()
