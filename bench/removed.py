"""Removed → serving again, against the engine's floor and Swarm.

Image without HEALTHCHECK, grace zero. Times count from the moment at which the engine answered the removal (for the
floor: at which the create was sent) to the first answer 200 to a request that was sent later. Swarm with a restart
delay of 0 and with its default of 5 s. The contenders come one after the other, each alone on the engine's bridge: a
second container there keeps the bridge up, and with it the host's neighbour entry of the address that the new container
gets again, so that nobody loses the second that is lost here. `among` idle containers beside each contender show that.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Measured, Ratio, Table
from bench.outside import DEADLINE, polling, wait
from bench.protected import UNWATCHED, config, intent_seconds, settled
from bench.steady import FIRST_PORT, IMAGE, make_image, run
from bench.turns import Rounds
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import lab_daemon

ATTEMPTS = 1000
"""One service, removed again as soon as it is verified: all its rounds count as attempts."""

Spec = dict[str, object]


def remove(engine: LabEngine, container: str) -> float:
    """Removes by force, volumes stay; returns when the engine said that it is gone (monotonic seconds)."""
    answer = engine.api("DELETE", f"/containers/{container}", query={"force": 1})
    assert answer.status == 204, answer.body
    return time.monotonic()


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

    def measure_floor(self, rounds: int) -> None:
        """The same two calls that nobody can do without, sent by hand."""
        run(self.engine, "webui", FIRST_PORT)
        found = self.engine.inspect("webui")
        spec: Spec = {**found["Config"], "HostConfig": found["HostConfig"], "Hostname": ""}
        with polling(self.engine, FIRST_PORT) as poller:
            for _ in range(rounds):
                remove(self.engine, "webui")
                started = time.monotonic()
                made = self.engine.api("POST", "/containers/create", spec, {"name": "webui"}).json["Id"]
                self.engine.api("POST", f"/containers/{made}/start")
                self.floor.append(time.monotonic() - started)
                self.floor_serving.append(poller.serving_after(started) - started)
        remove(self.engine, "webui")

    def measure_watchdog(self, rounds: int) -> None:
        run(self.engine, "webui", FIRST_PORT)
        with lab_daemon(self.engine, self.directory, config(ATTEMPTS)) as daemon:
            daemon.start()
            with polling(self.engine, FIRST_PORT) as poller:
                for _ in range(rounds):
                    daemon.wait(lambda: settled(daemon.service("webui")), "the daemon has not settled", DEADLINE)
                    removed = remove(self.engine, "webui")
                    self.watchdog.append(poller.serving_after(removed) - removed)
            daemon.wait(lambda: settled(daemon.service("webui")), "the last round is not verified", DEADLINE)
            self.intents += intent_seconds(daemon)
        remove(self.engine, "webui")


def measure_swarm(engine: LabEngine, rounds: int, *options: str) -> list[float]:
    """A Swarm service of one replica, whose task's container is removed; the engine is in no swarm before and after."""
    engine.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    publish = f"mode=host,published={FIRST_PORT},target=80"
    engine.docker("service", "create", "-d", "--name", "web", *options, "--publish", publish, IMAGE)
    filters = json.dumps({"label": ["com.docker.swarm.service.name=web"], "status": ["running"]})
    seconds: list[float] = []
    with polling(engine, FIRST_PORT) as poller:
        for _ in range(rounds):
            task = wait(lambda: engine.api("GET", "/containers/json", query={"filters": filters}).json)
            removed = remove(engine, task[0]["Id"])
            seconds.append(poller.serving_after(removed) - removed)
    engine.docker("service", "rm", "web")
    wait(lambda: not engine.api("GET", "/containers/json", query={"filters": filters}).json)
    engine.docker("swarm", "leave", "--force")
    return seconds


def idle(engine: LabEngine, among: int) -> None:
    for number in range(among):
        engine.run(f"idle{number}", *UNWATCHED)


def measure_default(rounds: int, among: int) -> list[float]:
    """Swarm's default mostly waits for its 5 s: on a second engine it can do so beside the others."""
    with lab_engine() as engine:
        make_image(engine)
        idle(engine, among)
        return measure_swarm(engine, rounds)


def measure(among: int, engine: LabEngine, directory: Path, rounds: Rounds) -> Table:
    with ThreadPoolExecutor(1) as aside:
        default = aside.submit(measure_default, rounds.slow, among)
        idle(engine, among)
        bench = Bench(engine, directory / "removed")
        bench.directory.mkdir()
        bench.measure_floor(rounds.others)
        bench.measure_watchdog(rounds.ours)
        bench.swarm_zero = measure_swarm(engine, rounds.others, "--restart-delay", "0s")
        swarm_default = Measured("Swarm: removed → serving, default", default.result())
    floor = Measured("engine's floor: create + start", bench.floor)
    serving = Measured("engine's floor: create sent → serving", bench.floor_serving)
    watchdog = Measured("**watchdog: removed → serving**", bench.watchdog)
    swarm_zero = Measured("Swarm: removed → serving, restart delay 0", bench.swarm_zero)
    intents = Measured("watchdog: event → intent in the ledger", bench.intents)
    lines = [floor, serving, watchdog, swarm_zero, swarm_default, intents]
    return Table("Removed", lines, [Ratio(watchdog, swarm_zero, " (aim: at most 0.30)"), Ratio(watchdog, floor)])
