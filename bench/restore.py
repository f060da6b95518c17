"""`make bench-restore`: 24 containers in four dependency tiers, removed whole: how long until every one is good again?

The daemon and the engine's floor take turns in one run, on the same engine with the same containers. The floor makes
them by bare engine calls: the same order, the same concurrency, the same wait until a container counts as ready (here:
it has run for READY seconds; for the daemon that is `stable`, and it verifies each one afresh on top). The daemon is
held by a signal while the 24 are removed, so that for both the time runs from a host that has lost them all. It ends,
for the floor, when the last one is ready, for the daemon when the ledger has its verified outcome.
Whether a container was started before what it needs was ready is read off the engine's events, for both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.figures import Measured, Ratio, Table
from tests.lab.engine import LabEngine, lab_engine
from tests.lab.watch import LabDaemon, lab_daemon

TIERS, WIDTH = 4, 6
CONCURRENCY = 4
READY = 0.25
DEADLINE = 120.0
AIM = 1.5

CONFIG = f"""
[watch]
interval = "60s"
[health]
soak = "100ms"
stable = "{READY * 1000:.0f}ms"
[recovery]
absence_grace = "0s"
concurrency = {CONCURRENCY}
max_attempts = 1000
window = "1s"
backoff = "100ms"
backoff_max = "100ms"
"""

NEEDS = {
    f"tier{tier}-{place}": tuple(f"tier{tier - 1}-{(place + step) % WIDTH}" for step in (0, 1)) if tier else ()
    for tier in range(TIERS)
    for place in range(WIDTH)
}
"""Container → the two of the tier above that it needs."""


@dataclass
class Bench:
    """What was measured, in seconds; a violation is a start before its time, or one too many."""

    engine: LabEngine
    daemon: LabDaemon
    floor: list[float] = field(default_factory=list[float])
    watchdog: list[float] = field(default_factory=list[float])
    floor_violations: int = 0
    watchdog_violations: int = 0

    def round(self) -> None:
        """Both, one after the other: each finds all 24 running and leaves them so."""
        self._remove_all()
        began = time.time()
        asyncio.run(self._make_all())
        self.floor.append(time.time() - began)
        self.floor_violations += self._violations(began)
        self.daemon.start()
        self._wait(self._settled)
        with held(self.daemon):
            self._remove_all()
            began = time.time()
        self._wait(lambda: len(self._starts(began)) >= len(NEEDS))
        self._wait(self._settled)
        self.watchdog.append(self._last_outcome(began) - began)
        self.watchdog_violations += self._violations(began)
        self.daemon.stop()

    async def _make_all(self) -> None:
        places, ready = asyncio.Semaphore(CONCURRENCY), {name: asyncio.Event() for name in NEEDS}

        async def make(name: str) -> None:
            for root in NEEDS[name]:
                await ready[root].wait()
            async with places:
                await asyncio.to_thread(self._create_and_start, name)
            await asyncio.sleep(READY)
            ready[name].set()

        await asyncio.gather(*map(make, NEEDS))

    def _create_and_start(self, name: str) -> None:
        body = {"Image": "busybox:lab", "Labels": {"watchdog.depends-on": ",".join(NEEDS[name])} if NEEDS[name] else {}}
        made = self.engine.api("POST", "/containers/create", body, {"name": name}).json["Id"]
        answer = self.engine.api("POST", f"/containers/{made}/start")
        assert answer.status == 204, answer.body

    def _remove_all(self) -> None:
        def remove(name: str) -> None:
            self.engine.api("DELETE", f"/containers/{name}", query={"force": 1})

        with ThreadPoolExecutor(len(NEEDS)) as removing:
            list(removing.map(remove, NEEDS))

    def _wait(self, condition: Callable[[], bool]) -> None:
        """Asks seldom: an answer costs the daemon time that is measured."""
        deadline = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < deadline, self.daemon.log[-4000:]
            time.sleep(0.25)

    def _settled(self) -> bool:
        services = self.daemon.status()["services"]
        good = [one for one in services if one["protected"] and one["health"] == "healthy" and one["incident"] is None]
        return len(good) == len(NEEDS)

    def _last_outcome(self, began: float) -> float:
        ended = [datetime.fromisoformat(one["at"]).timestamp() for one in self.daemon.rows("outcome")]
        ended = [at for at in ended if at > began]
        assert len(ended) == len(NEEDS), self.daemon.log[-4000:]
        return max(ended)

    def _violations(self, began: float) -> int:
        """Starts since then that came before a root had run for READY, and starts of one that was started already."""
        starts = self._starts(began)
        started = dict(reversed(starts))
        early = [name for name, at in started.items() for root in NEEDS[name] if at < started[root] + READY]
        assert started.keys() == NEEDS.keys(), starts
        return len(early) + len(starts) - len(started)

    def _starts(self, began: float) -> list[tuple[str, float]]:
        """Container and time of every start since then, as the engine tells them."""
        filters = json.dumps({"type": ["container"], "event": ["start"]})
        query = {"since": f"{began:.9f}", "until": f"{time.time():.9f}", "filters": filters}
        told = [json.loads(line) for line in self.engine.api("GET", "/events", query=query).body.splitlines()]
        return [(event["Actor"]["Attributes"]["name"], event["timeNano"] / 1e9) for event in told]


@contextmanager
def held(daemon: LabDaemon) -> Generator[None]:
    """Stops the process for as long as the block lasts; what the engine tells meanwhile waits in its socket."""
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon.pid, signal.SIGCONT)


def report(bench: Bench) -> None:
    floor = Measured("engine's floor: 24 in four tiers", bench.floor)
    watchdog = Measured("**watchdog: all gone → all verified**", bench.watchdog)
    print(Table("A whole host removed", [floor, watchdog], [Ratio(watchdog, floor, f" (aim: at most {AIM})")]))
    early = "starts before their roots were ready, or twice"
    print(f"- {early}: watchdog {bench.watchdog_violations}, floor {bench.floor_violations} (aim: 0)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="of each (20)")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        lab_engine() as engine,
        lab_daemon(engine, Path(directory), CONFIG) as daemon,
    ):
        bench = Bench(engine, daemon)
        for _ in range(arguments.rounds):
            bench.round()
        report(bench)


if __name__ == "__main__":
    main()
