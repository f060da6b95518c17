"""Removed with two networks and two volumes → serving again; beside it the engine's floor, the same calls by hand.

Each container has a named and an anonymous volume, both below its web root, and an alias on each of two networks.
After every round both volumes are read through the published port and both aliases are looked for. Times count from the
moment at which the engine answered the removal (for the floor: at which the create was sent).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import Measured, Ratio, Table
from bench.outside import Poller, polling
from bench.protected import Protected, protecting
from bench.removed import remove
from bench.steady import FIRST_PORT, IMAGE
from bench.turns import Rounds, alternate
from tests.lab.engine import LabEngine

OURS = 8
"""Containers that take turns: enough that each has its rest while the others have their rounds."""
NETWORKS = ("front", "back")
NAMED, ANONYMOUS = "/www/named", "/www/anonymous"
ALL_NETWORKS_AT_CREATE = (1, 44)


@dataclass(frozen=True, slots=True)
class Furnished:
    """One such container, made by bare engine calls."""

    engine: LabEngine
    name: str
    port: int
    connects_later: bool
    """The engine takes one network at create: the second is connected before the start."""
    watched: bool = True

    def make(self, anonymous: str | None = None) -> None:
        """Create, connect, start; with an earlier one's anonymous volume, or a fresh one."""
        endpoints = {network: {"Aliases": [self.alias(network)]} for network in NETWORKS}
        first, second = NETWORKS
        at_create = {first: endpoints[first]} if self.connects_later else endpoints
        made: str = self._post("/containers/create", self._body(at_create, anonymous), {"name": self.name})["Id"]
        if self.connects_later:
            self._post(f"/networks/{second}/connect", {"Container": made, "EndpointConfig": endpoints[second]})
        self._post(f"/containers/{made}/start")

    def alias(self, network: str) -> str:
        return f"{self.name}-on-{network}"

    def anonymous_volume(self) -> str:
        return self._mounts()[ANONYMOUS]["Name"]

    def fill(self) -> None:
        """Leaves its name in both volumes."""
        for mount in self._mounts().values():
            Path(mount["Source"], "mark").write_text(self.name)

    def assert_whole(self) -> None:
        """Both volumes serve what was left in them, and both networks know it by its alias."""
        for folder in (NAMED, ANONYMOUS):
            assert self.engine.get(self.port, f"{folder.removeprefix('/www')}/mark").body.decode() == self.name
        endpoints = self.engine.inspect(self.name)["NetworkSettings"]["Networks"]
        assert set(endpoints) == set(NETWORKS)
        assert all(self.alias(network) in endpoints[network]["Aliases"] for network in NETWORKS), endpoints

    def _mounts(self) -> dict[str, Any]:
        return {mount["Destination"]: mount for mount in self.engine.inspect(self.name)["Mounts"]}

    def _body(self, endpoints: Mapping[str, object], anonymous: str | None) -> dict[str, object]:
        kept = [] if anonymous is None else [f"{anonymous}:{ANONYMOUS}"]
        return {
            "Image": IMAGE,
            "Labels": {} if self.watched else {"watchdog.enable": "false"},
            "Volumes": {ANONYMOUS: {}},
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {
                "Binds": [f"{self.name}:{NAMED}", *kept],
                "NetworkMode": NETWORKS[0],
                "PortBindings": {"80/tcp": [{"HostPort": str(self.port)}]},
            },
            "NetworkingConfig": {"EndpointsConfig": endpoints},
        }

    def _post(self, path: str, body: Mapping[str, object] | None = None, query: Mapping[str, str] | None = None) -> Any:
        answer = self.engine.api("POST", path, body, query)
        assert answer.status < 300, answer.body
        return answer.json


@dataclass
class Bench:
    engine: LabEngine
    protected: Protected
    ours: Mapping[str, Furnished]
    bare: Furnished
    poller: Poller
    watchdog: list[float] = field(default_factory=list[float])
    floor: list[float] = field(default_factory=list[float])
    floor_serving: list[float] = field(default_factory=list[float])

    def round_of_watchdog(self) -> None:
        name = self.protected.next()
        self.poller.watch(self.ours[name].port)
        removed = remove(self.engine, name)
        self.watchdog.append(self.poller.serving_after(removed) - removed)
        self.protected.serves_again(name)
        self.ours[name].assert_whole()

    def round_of_floor(self) -> None:
        self.poller.watch(self.bare.port)
        volume = self.bare.anonymous_volume()
        remove(self.engine, self.bare.name)
        started = time.monotonic()
        self.bare.make(volume)
        self.floor.append(time.monotonic() - started)
        self.floor_serving.append(self.poller.serving_after(started) - started)
        self.bare.assert_whole()


def measure(engine: LabEngine, directory: Path, rounds: Rounds) -> Table:
    version: str = engine.api("GET", "/version").json["ApiVersion"]
    later = tuple(int(part) for part in version.split(".")) < ALL_NETWORKS_AT_CREATE
    for network in NETWORKS:
        engine.docker("network", "create", network)
    bare = Furnished(engine, "bare", FIRST_PORT, later, watched=False)
    ours = {f"web{number}": Furnished(engine, f"web{number}", FIRST_PORT + 1 + number, later) for number in range(OURS)}
    for furnished in (bare, *ours.values()):
        furnished.make()
        furnished.fill()
    with (
        protecting(engine, directory / "furnished", list(ours)) as protected,
        polling(engine, FIRST_PORT) as poller,
    ):
        bench = Bench(engine, protected, ours, bare, poller)
        alternate((rounds.ours, bench.round_of_watchdog), (rounds.others, bench.round_of_floor))
        intents = Measured("watchdog: event → intent in the ledger", protected.intents("recreate", "missing"))
    watchdog = Measured("**watchdog: removed → serving**", bench.watchdog)
    serving = Measured("engine's floor: create sent → serving", bench.floor_serving)
    floor = Measured("engine's floor: create, connect, start", bench.floor)
    lines = [floor, serving, watchdog, intents]
    return Table("Removed with two networks and two volumes", lines, [Ratio(watchdog, serving), Ratio(watchdog, floor)])
