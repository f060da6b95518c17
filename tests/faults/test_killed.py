"""Fault 22: the daemon is killed at every step of a recovery, and what it left half-done is made whole by the next.

Every ledger write and every engine call of a rung is a moment at which it can die. As many services as a rung has
moments are recovered side by side, each is held at a moment of its own, and then the daemon is killed once for all.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.battery import LABEL, Battery, overlaps
from tests.lab.held import PROGRAM, Holds
from tests.lab.watch import QUICK

pytestmark = pytest.mark.engine

MOST = 26
"""Services: more than any rung has moments."""
PILOT = "pilot"
WIDE = QUICK.replace("15s", "5s") + "concurrency = 64\nrestarts_per_minute = 1000\n"
"""So that all stand side by side at their moments."""


@dataclass(frozen=True, slots=True)
class Rung:
    name: str
    breaks: Callable[[Battery, str], None]
    first: str
    """With which moment counting begins."""
    rungs: tuple[str, ...]
    """What is tried when nobody dies."""
    policy: str = "always"
    more: str = ""


RUNGS = (
    Rung("start", lambda battery, name: battery.engine.crash(name), "incident_opened", ("start",), "no"),
    Rung("restart", lambda battery, name: battery.exec(name, "killall", "httpd"), "incident_opened", ("restart",)),
    Rung("missing", lambda battery, name: battery.remove(name), "incident_opened", ("recreate",)),
    Rung(
        "aside",
        lambda battery, name: battery.exec(name, "rm", "/www/index.html"),
        "intent will recreate",
        ("restart", "recreate"),
    ),
    Rung(
        "aside-no-policy",
        lambda battery, name: battery.exec(name, "rm", "/www/index.html"),
        "intent will recreate",
        ("restart", "recreate"),
        "no",
    ),
)


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_killed_at_every_moment_of_a_rung_the_next_daemon_makes_it_whole(
    rung: Rung, watch: Scene, tmp_path: Path
) -> None:
    battery = Battery(watch.engine, (PILOT, *(f"s{number:02}" for number in range(1, MOST + 1))), rung.policy)
    battery.prepare()
    battery.run()
    before = battery.each(battery.condition)
    holds = Holds(directory=tmp_path, at={name: number for number, name in enumerate(battery.names)}, first=rung.first)
    watch.daemon.environment |= holds.environment()
    watch.daemon.program = PROGRAM
    with witnessed(watch, tmp_path / "events"):
        watch.daemon.config = WIDE + rung.more + battery.endpoints()
        watch.daemon.start()
        _all_good(watch, battery.names)
        rung.breaks(battery, PILOT)
        watch.wait_recovered(PILOT)
        watch.daemon.wait(lambda: _gone_aside(battery, PILOT), "the pilot left something over")
        moments = [moment.what for moment in holds.moments()]
        print(*moments, sep="\n")
        assert len(moments) <= MOST
        chosen = battery.names[1 : len(moments) + 1]
        battery.each(lambda name: rung.breaks(battery, name), chosen)
        watch.daemon.wait(lambda: holds.held() == set(chosen), "not all came to their moment", 60.0)
        watch.daemon.kill()
        watch.daemon.program = "watchdog"
        watch.daemon.start()
        _all_good(watch, battery.names)
    trouble = [
        f"killed after {number} ({moments[number - 1]}): {sentence}"
        for number, name in enumerate(chosen, 1)
        for sentence in _trouble(watch, battery, name, before[name])
    ]
    assert not trouble, "\n".join(trouble)


def _trouble(watch: Scene, battery: Battery, name: str, before: Any) -> list[str]:
    found = battery.containers()[name]
    rows = [row["payload"]["rung"] for row in watch.intents(name)]
    trouble = [f"{len(rows)} attempts: {rows}"] if len(rows) > 3 else []
    if len(found) != 1:
        return [*trouble, f"its containers are {[(line['Names'], line['Status']) for line in found]}"]
    now = battery.condition(found[0]["Id"])
    return trouble + ([f"it is not as before: {now}, before {before}"] if now != before else [])


def _all_good(watch: Scene, names: Iterable[str]) -> None:
    wanted = set(names)

    def good() -> bool:
        services = watch.daemon.status()["services"]
        fine = {one["name"] for one in services if one["protected"] and one["health"] == "healthy"}
        return fine >= wanted and all(one["closed_at"] for one in watch.daemon.incidents())

    watch.daemon.wait(good, "not all are good", 90.0)


def _gone_aside(battery: Battery, name: str) -> bool:
    return len(battery.containers()[name]) == 1


@contextmanager
def witnessed(watch: Scene, told: Path) -> Generator[None]:
    """The engine itself tells whether two containers of one service ever ran side by side."""
    filters = [part for action in ("start", "die") for part in ("--filter", f"event={action}")]
    command = [*watch.engine.enter, "docker", "events", *filters, "--format", "{{json .}}"]
    with told.open("wb") as file:
        listening = subprocess.Popen(command, env=watch.engine.environment, stdout=file)
        try:
            yield
        finally:
            listening.terminate()
            listening.wait(10)
    trouble = overlaps(line for line in told.read_text().splitlines() if LABEL in line)
    assert not trouble, trouble
