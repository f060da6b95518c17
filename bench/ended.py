"""A process that ends by itself, or for want of memory → serving again; beside it Docker's own restart policy.

Times count from the engine's `die` event to the first answer 200 to a request that was sent later. watchdog's
containers have the restart policy "no", Docker's one has "always". Docker waits 100 ms before it restarts and doubles
that with each restart until the container has run for 10 s: each of its rounds begins with `docker restart`, which sets
that back, so that every round is a first crash.
"""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import Measured, Ratio, Table
from bench.outside import Events, Poller, hearing, polling
from bench.protected import UNWATCHED, Protected, protecting
from bench.steady import CRASH, EAT_MEMORY, FIRST_PORT, run, send
from bench.turns import Rounds, alternate
from tests.lab.engine import LabEngine

OURS = 10
"""Containers that take turns: enough that each has its rest while the others have their rounds."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A way to end: what is sent, what the engine reports, what watchdog calls it."""

    title: str
    signal: signal.Signals
    exit_code: str
    cause: str
    or_rarely: str = ""
    options: tuple[str, ...] = ()


CRASHED = Ending("Crashed (exit code 3)", CRASH, "3", "crashed")
# the engine hears of the end and of its reason from two sides: in one of some hundred rounds it does not flag it
OUT_OF_MEMORY = Ending("Out of memory (-m 16m)", EAT_MEMORY, "137", "oom", "crashed", ("--memory", "16m"))


@dataclass
class Bench:
    engine: LabEngine
    ending: Ending
    protected: Protected
    poller: Poller
    events: Events
    watchdog: list[float] = field(default_factory=list[float])
    docker: list[float] = field(default_factory=list[float])

    def round_of_watchdog(self) -> None:
        name = self.protected.next()
        self.poller.watch(FIRST_PORT + 1 + self.protected.names.index(name))
        self.watchdog.append(self._end(name))
        self.protected.serves_again(name)

    def round_of_docker(self) -> None:
        self.engine.api("POST", "/containers/docker/restart", query={"t": 1})
        assert self.engine.inspect("docker")["RestartCount"] == 0
        self.poller.watch(FIRST_PORT)
        self.docker.append(self._end("docker"))

    def _end(self, name: str) -> float:
        container: str = self.engine.inspect(name)["Id"]
        told = time.monotonic()
        send(self.engine, container, self.ending.signal)
        died = self.events.first_after(told, container, "die")
        assert died.attributes["exitCode"] == self.ending.exit_code, died
        return self.poller.serving_after(died.at) - died.at


def measure(ending: Ending, engine: LabEngine, directory: Path, rounds: Rounds) -> Table:
    names = [f"web{number}" for number in range(OURS)]
    run(engine, "docker", FIRST_PORT, "--restart", "always", *UNWATCHED, *ending.options)
    for number, name in enumerate(names):
        run(engine, name, FIRST_PORT + 1 + number, *ending.options)
    with (
        protecting(engine, directory / ending.cause, names) as protected,
        polling(engine, FIRST_PORT) as poller,
        hearing(engine) as events,
    ):
        bench = Bench(engine, ending, protected, poller, events)
        alternate((rounds.ours, bench.round_of_watchdog), (rounds.others, bench.round_of_docker))
        intents = Measured(
            "watchdog: event → intent in the ledger",
            protected.intents("start", ending.cause, or_rarely=ending.or_rarely),
        )
    watchdog = Measured("**watchdog: died → serving**", bench.watchdog)
    docker = Measured("Docker's restart policy: died → serving", bench.docker)
    return Table(ending.title, [watchdog, docker, intents], [Ratio(watchdog, docker)])
