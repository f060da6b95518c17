"""A battery of equal services, each held at another moment of its recovery: then something dies, once for all.

Every ledger write and every engine call of a rung is a moment at which the daemon can die. As many services as a rung
has moments are recovered side by side, and each is held at a moment of its own.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults.scene import Scene
from tests.lab.battery import LABEL, SERVES, Battery, Condition, overlaps
from tests.lab.held import PROGRAM, Holds
from tests.lab.watch import QUICK

PILOT = "pilot"
STILL = 3.0
"""Seconds without another moment: all that can be held is held."""
WIDE = QUICK.replace("15s", "8s") + "concurrency = 64\nrestarts_per_minute = 1000\n"
"""So that all stand side by side at their moments."""


@dataclass(frozen=True, slots=True)
class Rung:
    name: str
    breaks: Callable[[Battery, str], None]
    first: str
    """With which moment counting begins."""
    rungs: tuple[str, ...]
    """What is tried when nobody dies."""
    most: int
    """Services: at least as many as it has moments."""
    policy: str = "always"
    more: str = ""
    long: bool = False


def _deploys_what_answers_nothing(battery: Battery, name: str) -> None:
    """Another version in the place of the proven one, as a person would put it there."""
    battery.remove(name)
    battery.run_one(name, command=f"rm /www/index.html; {SERVES}")


_ASIDE = Rung(
    "aside",
    lambda battery, name: battery.exec(name, "rm", "/www/index.html"),
    "intent will recreate",
    ("restart", "recreate"),
    24,
    long=True,
)
ASIDE = (_ASIDE, replace(_ASIDE, name="aside-no-policy", policy="no"))
RUNGS = (
    Rung("start", lambda battery, name: battery.engine.crash(name), "incident_opened", ("start",), 8, "no", long=True),
    Rung(
        "restart",
        lambda battery, name: battery.exec(name, "killall", "httpd"),
        "incident_opened",
        ("restart",),
        8,
        long=True,
    ),
    Rung("missing", lambda battery, name: battery.remove(name), "incident_opened", ("recreate",), 14),
    *ASIDE,
    Rung(
        "rollback",
        _deploys_what_answers_nothing,
        "intent will rollback",
        ("restart", "recreate", "rollback"),
        24,
        more='rollback = "always"\nmax_attempts = 2\nabsence_grace = "1m"\nabsence_max = "1m"\n',
        long=True,
    ),
)


@dataclass(slots=True)
class Killing:
    """A battery of services of which each was held at another moment of a rung when the daemon was killed."""

    watch: Scene
    rung: Rung
    directory: Path
    battery: Battery = field(init=False)
    before: dict[str, Condition] = field(default_factory=dict[str, Condition])
    moments: list[str] = field(default_factory=list[str])
    """What a recovery that nobody interrupts comes by."""
    chosen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = (PILOT, *(f"s{number:02}" for number in range(1, self.rung.most + 1)))
        self.battery = Battery(self.watch.engine, names, self.rung.policy)

    def hold_at_every_moment(self) -> Holds:
        battery, watch = self.battery, self.watch
        battery.prepare()
        battery.run()
        self.before = battery.each(battery.condition)
        at = {name: number for number, name in enumerate(battery.names)}
        holds = Holds(directory=self.directory, at=at, first=self.rung.first)
        config = WIDE.replace('absence_grace = "300ms"\n', "") if "absence_grace" in self.rung.more else WIDE
        watch.daemon.config = config + self.rung.more + battery.endpoints()
        self._start_held(holds)
        watch.daemon.wait(lambda: good(watch, battery.names), "not all are good", 180.0)
        self.rung.breaks(battery, PILOT)
        watch.daemon.wait(self._pilot_recovered, "the pilot is not recovered, or left something over", 120.0)
        assert tuple(self.rungs_tried(PILOT)) == self.rung.rungs
        self.moments = [moment.what for moment in holds.moments()]
        assert len(self.moments) <= self.rung.most
        self.chosen = battery.names[1 : len(self.moments) + 1]
        battery.each(lambda name: self.rung.breaks(battery, name), self.chosen)
        watch.daemon.wait(lambda: holds.held() == set(self.chosen), "not all came to their moment", 120.0)
        return holds

    def kill_again(self) -> None:
        """While the next daemon makes whole what the first one left: each service at one of its first moments."""
        at = {name: 1 + number % 5 for number, name in enumerate(self.chosen)}
        holds = Holds(directory=self.directory, at=at)
        self._start_held(holds, wait=False)
        came = Standstill()
        self.watch.daemon.wait(lambda: came.by(len(holds.moments())), "it never stood still", 120.0)
        print(f"killed again: {len(holds.held())} held")
        assert holds.held(), "nobody was held"
        self.watch.daemon.kill()

    def start_afresh(self) -> None:
        """A daemon that nobody holds."""
        self.watch.daemon.program = "watchdog"
        self.watch.daemon.start(wait=False)

    def made_whole(self, settled: Callable[[Scene, Iterable[str]], bool]) -> None:
        self.watch.daemon.wait(lambda: settled(self.watch, self.battery.names), "it is not made whole", 180.0)

    def judge(self, *, free: int = 0) -> None:
        """Each has one container that runs, equal to the one before, after no more attempts than it may have.

        `free`: how many more may have begun that were not counted.
        """
        trouble = [
            f"killed after {number} ({self.moments[number - 1]}): {sentence}"
            for number, name in enumerate(self.chosen, 1)
            for sentence in self._trouble(name, free)
        ]
        assert not trouble, "\n".join(trouble)

    def _pilot_recovered(self) -> bool:
        recovered = any(one["recovered_at"] is not None for one in self.watch.incidents(PILOT))
        return recovered and len(self.battery.containers()[PILOT]) == 1

    def rungs_tried(self, name: str) -> list[str]:
        return [row["payload"]["rung"] for row in self.watch.intents(name)]

    def _start_held(self, holds: Holds, *, wait: bool = True) -> None:
        self.watch.daemon.environment |= holds.environment()
        self.watch.daemon.program = PROGRAM
        self.watch.daemon.start(wait=wait)

    def _trouble(self, name: str, free: int) -> list[str]:
        tried = self.rungs_tried(name)
        most = 2 if "max_attempts = 2" in self.rung.more else 3
        climbed = [rung for rung in tried if rung != "rollback"]
        trouble = (
            [f"its attempts are {tried}"] if len(climbed) > most + free or len(tried) - len(climbed) > most else []
        )
        found = self.battery.containers()[name]
        if len(found) != 1:
            return [*trouble, f"its containers are {[(line['Names'], line['Status']) for line in found]}"]
        now, before = self.battery.condition(found[0]["Id"]), self.before[name]
        return trouble + ([f"it is not as before: {now}, before {before}"] if now != before else [])


@dataclass(slots=True)
class Standstill:
    """Whether a count has not moved for a while."""

    _count: int = -1
    _since: float = 0.0

    def by(self, count: int) -> bool:
        if count != self._count:
            self._count, self._since = count, time.monotonic()
        return count > 0 and time.monotonic() - self._since > STILL


def good(watch: Scene, names: Iterable[str]) -> bool:
    services = watch.daemon.status()["services"]
    fine = {one["name"] for one in services if one["protected"] and one["health"] == "healthy"}
    return fine >= set(names) and all(one["closed_at"] for one in watch.daemon.incidents())


def good_or_handed_over(watch: Scene, names: Iterable[str]) -> bool:
    """All that was to be done is done: what a person has to see was put back, and nothing waits for anything."""
    services = watch.daemon.status()["services"]
    settled = {one["name"] for one in services if one["health"] == "healthy" or one["quarantined"]}
    still_open = [one for one in watch.daemon.incidents() if not one["closed_at"] and one["severity"] != "critical"]
    return settled >= set(names) and not still_open


@contextmanager
def witnessed(battery: Battery, told: Path) -> Generator[None]:
    """The engine itself tells whether two containers of one service ever ran side by side."""
    engine = battery.engine
    at_first = battery.running()
    side_by_side = [name for name, containers in at_first.items() if len(containers) > 1]
    assert not side_by_side, side_by_side
    filters = [part for action in ("start", "die") for part in ("--filter", f"event={action}")]
    command = [*engine.enter, "docker", "events", *filters, "--format", "{{json .}}"]
    with told.open("wb") as file:
        listening = subprocess.Popen(command, env=engine.environment, stdout=file)
        try:
            yield
        finally:
            listening.terminate()
            listening.wait(10)
    trouble = overlaps((line for line in told.read_text().splitlines() if LABEL in line), at_first)
    assert not trouble, trouble
