"""`make bench-scale`: what a poll, a service and 500 losses cost, from 500 to 5,000 containers.

On the engine in memory of the tests, in virtual time: what is measured is watchdog alone, in seconds of this machine's
processor. Each size has a process of its own. Containers stand in projects of ten; nine need the tenth. The ledger is
a real one, on the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.plot import Panel, plot
from tests.support.fake_container import Behaviour
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.daemon.core import Daemon
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, prepare
from watchdog.logs import configure
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.settings import Settings, StateSettings

SIZES = (500, 1000, 2000, 5000)
LOSSES = 500
"""At once, in the first fifty projects."""
POLLS = 11
IN_PROJECT = 10
PICTURE = Path("docs/scale.svg")
EPOCH = 1_700_000_000.0
"""What the wall clock shows at the loop's zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What watchdog costs with so many containers."""

    containers: int
    poll: float
    """Processor seconds of a poll that finds nothing new: the fastest of them, as all else on the machine only adds."""
    memory: float
    """Resident bytes that were added by watching them all."""
    decided: float
    """Processor seconds from 500 removals at once until an incident of each is in the ledger, with what comes next."""
    recovered: float
    """The same until each is back and verified."""


class Passing:
    """A prober that nobody asks: these services have no checks of watchdog's own."""

    async def ask(self, check: Check) -> Observation:
        return Observation(check=check.name, at=0.0, verdict=Verdict.PASS, reason="200")

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


def name_of(number: int) -> str:
    return f"p{number // IN_PROJECT}-s{number % IN_PROJECT}-1"


def populate(engine: FakeEngine, containers: int) -> None:
    engine.image("busybox:lab", Behaviour(healthy_after=1.0))
    for number in range(containers):
        project, member = divmod(number, IN_PROJECT)
        labels = {"project": f"p{project}", "service": f"s{member}", "container-number": "1", "oneoff": "False"}
        labels["depends_on"] = "s0:service_healthy:false" if member else ""
        engine.run(name_of(number), labels={f"com.docker.compose.{word}": value for word, value in labels.items()})


async def measure(loop: VirtualLoop, containers: int, directory: Path) -> Cost:
    """Watches so many, polls them, removes 500 of them at once."""

    def wall() -> float:
        return EPOCH + loop.time()

    engine = FakeEngine(now=wall)
    populate(engine, containers)
    settings = Settings(state=StateSettings(dir=directory / "state", run_dir=directory / "run"))
    prepare(settings.state.dir)
    ledger = await Ledger.open(settings.state.dir, key_file=None, now=wall(), retention=settings.state.retention)

    async def claim(identity: EngineIdentity, _: Collection[str]) -> None:
        await ledger.bind_engine(identity.id)

    before = resident()
    daemon = Daemon(
        state=DaemonState(settings=settings, clock=Clock(loop.time, wall), engine=engine, ledger=ledger),
        ledger=ledger,
        prober=Passing(),
        claim=claim,
        reread=lambda: settings,
    )
    await daemon.start(version="bench")

    def protected() -> int:
        return sum(service.protected and service.health.value == "healthy" for service in daemon.snapshot().services)

    def incidents() -> int:
        return sum(watched.record.incident is not None for watched in daemon.state.services.known.values())

    await eventually(lambda: protected() == containers)
    memory = resident() - before
    polls = [await processor_seconds(daemon.poll) for _ in range(POLLS)]
    began = time.process_time()
    for number in range(LOSSES):
        engine.docker_rm(name_of(number))
    await eventually(lambda: incidents() == LOSSES)
    decided = time.process_time() - began
    await eventually(lambda: incidents() == 0 and protected() == containers)
    recovered = time.process_time() - began
    await daemon.stop()
    await ledger.close()
    return Cost(
        containers=containers,
        poll=min(polls),
        memory=memory,
        decided=decided,
        recovered=recovered,
    )


async def processor_seconds(work: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    await work()
    return time.process_time() - began


async def eventually(condition: Callable[[], bool]) -> None:
    """Looks once a virtual second, so that looking costs little beside what is looked at."""
    while not condition():  # noqa: ASYNC110 - virtual time passes only while somebody sleeps
        await asyncio.sleep(1.0)


def resident() -> int:
    """Bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def one(containers: int) -> Cost:
    with Path(os.devnull).open("w") as nowhere:
        configure(nowhere)
        return _one(containers)


def _one(containers: int) -> Cost:
    with tempfile.TemporaryDirectory() as directory:
        return run_virtually(lambda loop: measure(loop, containers, Path(directory)))


def in_a_process_of_its_own(containers: int) -> Cost:
    command = [sys.executable, "-m", "bench.scale", "--one", str(containers)]
    return Cost(**json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def table(costs: list[Cost]) -> str:
    """Markdown, as it stands in docs/measurements.md."""
    rows = [
        "| containers | a poll, CPU | memory per service | 500 losses: decided, CPU | recovered and verified, CPU |",
        "|---|---|---|---|---|",
    ]
    for cost in costs:
        memory = cost.memory / cost.containers / 1e3
        rows.append(
            f"| {cost.containers} | {cost.poll * 1e3:.1f} ms | {memory:.1f} kB "
            f"| {cost.decided:.2f} s | {cost.recovered:.2f} s |"
        )
    return "\n".join(rows)


def panels(costs: list[Cost]) -> list[Panel]:
    return [
        Panel("a poll [ms of CPU]", "containers", [(cost.containers, cost.poll * 1e3) for cost in costs]),
        Panel("memory [MB]", "containers", [(cost.containers, cost.memory / 1e6) for cost in costs]),
        Panel("500 losses decided [s of CPU]", "containers", [(cost.containers, cost.decided) for cost in costs]),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--one", type=int, default=None, help="measure this number of containers only, print JSON")
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(asdict(one(arguments.one))))
        return
    costs = [in_a_process_of_its_own(size) for size in SIZES]
    print(table(costs))
    PICTURE.write_text(plot(panels(costs)))
    print(f"drawn in {PICTURE}")


if __name__ == "__main__":
    main()
