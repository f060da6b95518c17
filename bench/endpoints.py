"""What 10,000 endpoints cost a daemon on one core: part of `make bench-probes`, in a process of its own.

A whole daemon with the prober that asks in earnest, over the loopback device; its engine, in memory, has no container.
Prometheus scrapes it meanwhile. Printed is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import tempfile
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.figures import percentile
from tests.support.fake_engine import FakeEngine
from watchdog.api.measures import Histogram
from watchdog.api.metrics import MetricsPage
from watchdog.daemon.clock import Clock
from watchdog.daemon.core import Daemon
from watchdog.daemon.world import World
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, prepare
from watchdog.logs import configure
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.settings import Settings, StateSettings
from watchdog.probes import Prober

INTERVAL = 60.0
SCRAPES_EVERY = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What so many endpoints cost, once all have been asked."""

    endpoints: int
    asked: int
    failed: int
    lag_p50: float
    """Seconds from due to asked."""
    lag_p99: float
    lag_max: float
    missed: int
    share: float
    """Of one core."""
    memory: float
    """Resident bytes for each."""


@dataclass(slots=True)
class Recorded(Histogram):
    """Every figure itself, where the daemon keeps counts."""

    figures: list[float] = field(default_factory=list[float])

    def observe(self, seconds: float) -> None:
        self.figures.append(seconds)


async def measure(port: int, endpoints: int, seconds: float, directory: Path) -> Cost:
    """Lets all be asked once, then counts for so many seconds."""
    plain = Settings(state=StateSettings(dir=directory / "state", run_dir=directory / "run"))
    prepare(plain.state.dir)
    ledger = await Ledger.open(plain.state.dir, key_file=None, now=time.time(), retention=plain.state.retention)

    async def claim(identity: EngineIdentity, _: Collection[str]) -> None:
        await ledger.bind_engine(identity.id)

    def configured() -> Settings:
        return replace(plain, endpoints=tuple(check(port, number) for number in range(endpoints)))

    prober = Prober(time.time)
    world = World(settings=plain, clock=Clock(), engine=FakeEngine(now=time.time), memory=ledger)
    daemon = Daemon(world=world, ledger=ledger, prober=prober, claim=claim, reread=configured)
    await daemon.start(version="bench")
    page = MetricsPage(daemon.snapshot, daemon.measures)
    scraping = asyncio.create_task(scrape(page))
    await prober.ask(check(port, 0))  # what is imported once is no endpoint's
    await asyncio.sleep(1.0)
    before = resident()
    await daemon.reload()
    await asyncio.sleep(INTERVAL + 10.0)
    measures = daemon.measures
    measures.check_start_lag = recorded = Recorded()
    missed, processor, began = measures.checks_missed, time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    share = (time.process_time() - processor) / (time.monotonic() - began)
    memory = resident() - before
    failed = sum(alone.streak.verdict is not Verdict.PASS for alone in world.endpoints.values())
    scraping.cancel()
    await daemon.stop()
    await prober.close()
    await ledger.close()
    lags = recorded.figures
    return Cost(
        endpoints=endpoints,
        asked=len(lags),
        failed=failed,
        lag_p50=percentile(lags, 0.5),
        lag_p99=percentile(lags, 0.99),
        lag_max=max(lags),
        missed=measures.checks_missed - missed,
        share=share,
        memory=memory / endpoints,
    )


def check(port: int, number: int) -> Check:
    url = f"http://127.0.0.1:{port}/endpoint/{number}"
    return Check(name=f"endpoint-{number}", probe=HttpProbe(url=url), endpoint=True, interval=INTERVAL)


async def scrape(page: MetricsPage) -> None:
    while True:
        await asyncio.sleep(SCRAPES_EVERY)
        await page.render("text/plain")


def resident() -> int:
    """Bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.endpoints", description=__doc__)
    parser.add_argument("port", type=int, help="of a server on 127.0.0.1 that answers 200 whatever the path")
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=180.0, help="for how long is counted")
    parser.add_argument("--core", type=int, default=0, help="the only one that is used")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {arguments.core})
    with tempfile.TemporaryDirectory() as directory, Path(os.devnull).open("w") as nowhere:
        configure(nowhere)
        cost = asyncio.run(measure(arguments.port, arguments.endpoints, arguments.seconds, Path(directory)))
    print(json.dumps(asdict(cost)))


if __name__ == "__main__":
    main()
