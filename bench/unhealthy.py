"""Unhealthy → serving again; beside it autoheal's loop, which looks every 5 s.

The page is taken away: the HEALTHCHECK fails and the client outside reads 404, until the container is restarted. Times
count from the engine's event `health_status: unhealthy` to the first answer 200 to a request that was sent later. When
autoheal's container falls ill is random within one of its intervals, so that its loop is met at any moment.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.autoheal import INTERVAL, LABEL, autoheal
from bench.figures import Measured, Ratio, Table
from bench.outside import Events, Poller, hearing, polling, wait
from bench.protected import UNWATCHED, Protected, protecting
from bench.steady import FIRST_PORT, run, take_page
from bench.turns import Rounds
from tests.lab.engine import LabEngine

OURS = 3
"""Containers that take turns; each costs an exec a second for its health check."""
SEED = 4
HEALTHCHECK = (
    *("--health-cmd", "test -e /www/index.html"),
    *("--health-interval", "1s", "--health-retries", "1", "--health-timeout", "10s"),
)


@dataclass
class Bench:
    engine: LabEngine
    protected: Protected
    poller: Poller
    events: Events
    watchdog: list[float] = field(default_factory=list[float])
    autoheal: list[float] = field(default_factory=list[float])

    def rounds(self, rounds: Rounds) -> None:
        """Each of autoheal's at its random moment, and watchdog's in the time between."""
        chance = random.Random(SEED)  # noqa: S311 - a moment, no secret
        while len(self.watchdog) < rounds.ours or len(self.autoheal) < rounds.others:
            due = time.monotonic() + chance.uniform(0, INTERVAL)
            others_left = len(self.autoheal) < rounds.others
            while len(self.watchdog) < rounds.ours and (time.monotonic() < due or not others_left):
                self.round_of_watchdog()
            if others_left:
                time.sleep(max(0.0, due - time.monotonic()))
                self.round_of_autoheal()

    def round_of_watchdog(self) -> None:
        name = self.protected.next()
        self.poller.watch(FIRST_PORT + 1 + self.protected.names.index(name))
        self.watchdog.append(self._fall_ill(name))
        self.protected.serves_again(name)

    def round_of_autoheal(self) -> None:
        self.poller.watch(FIRST_PORT)
        self.autoheal.append(self._fall_ill("autohealed"))
        wait(lambda: self.engine.inspect("autohealed")["State"]["Health"]["Status"] == "healthy")

    def _fall_ill(self, name: str) -> float:
        container: str = self.engine.inspect(name)["Id"]
        taken = time.monotonic()
        take_page(self.engine, container)
        ill = self.events.first_after(taken, container, "health_status: unhealthy")
        return self.poller.serving_after(ill.at) - ill.at


def measure(engine: LabEngine, directory: Path, rounds: Rounds) -> Table:
    names = [f"web{number}" for number in range(OURS)]
    run(engine, "autohealed", FIRST_PORT, "--label", LABEL, *UNWATCHED, *HEALTHCHECK)
    for number, name in enumerate(names):
        run(engine, name, FIRST_PORT + 1 + number, *HEALTHCHECK)
    with (
        protecting(engine, directory / "unhealthy", names) as protected,
        autoheal(engine),
        polling(engine, FIRST_PORT) as poller,
        hearing(engine) as events,
    ):
        bench = Bench(engine, protected, poller, events)
        bench.rounds(rounds)
        intents = Measured("watchdog: event → intent in the ledger", protected.intents("restart", "unhealthy"))
    watchdog = Measured("**watchdog: unhealthy → serving**", bench.watchdog)
    healed = Measured("autoheal's loop, 5 s: unhealthy → serving", bench.autoheal)
    return Table("Unhealthy", [watchdog, healed, intents], [Ratio(watchdog, healed)])
