"""Deployments that stand still at a chosen moment, and what has to hold however they end.

A moment is the end of a ledger write of the daemon, or of an engine call of a rollback, from the deployment's first on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deployments.stage import HTTPD, STEADY, UP, Shop, pid_environment
from tests.lab.held import PROGRAM, Holds

FIRST = "deployment begins"
NAMES = {"shop-db-1", "shop-api-1", "shop-webui-1"}
IMAGES = ("shop/web:1", "shop/web:2")
FAILS = ("sh", "-c", f"{' '.join(UP)}; exit 3")
LINGERS = ("sh", "-c", f"{' '.join(UP)}; setsid sh -c 'trap : TERM; while :; do sleep 1000; done' & sleep 1000")
"""With a session that it leaves behind and that does not end when it is told to."""
LEFT_BEHIND = 3
"""Its processes: two shells and a sleep at the least."""
OVER = {"refused", "committed", "rolled_back", "released", "stuck"}


@dataclass(slots=True)
class ServiceView:
    """One deployment under way."""

    number: int
    process: subprocess.Popen[bytes]
    image: str
    """That it brings."""
    before: Mapping[str, str]

    said: Path
    """Its standard error."""

    def ended(self, timeout: float = 60.0) -> tuple[int, str]:
        """Exit code and standard error."""
        return self.process.wait(timeout), self.said.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass(slots=True)
class Moments:
    shop: Shop
    directory: Path
    image: str = IMAGES[0]
    """What webui runs now."""
    holds: Holds = field(init=False)

    def open(self, at: Mapping[int, int], config: str = "", base: str = STEADY) -> None:
        """The shop, and a daemon that holds each deployment of `at` (number → moment)."""
        self.holds = Holds(
            directory=self.directory, at={_subject(one): moment for one, moment in at.items()}, first=FIRST, joined=True
        )
        daemon = self.shop.watch.daemon
        daemon.program, daemon.environment = PROGRAM, daemon.environment | self.holds.environment()
        self.shop.watch.engine.image(IMAGES[1], marker="two", cmd=HTTPD)
        self.shop.open(config=config, base=base)

    def deploy(self, *options: str, command: tuple[str, ...] = UP, soak: str = "100ms") -> ServiceView:
        """Another image than webui has now; not waited for."""
        other = next(one for one in IMAGES if one != self.image)
        self.shop.write(image=other)
        found = self.shop.watch.daemon.get("/api/v1/deployments?limit=1").json["deployments"]
        number = found[0]["id"] + 1 if found else 1
        before, said = self.shop.identities(), self.directory / f"said {number}"
        with said.with_suffix(".out").open("wb") as out, said.open("wb") as err:
            process = self.shop.start(*options, command=command, soak=soak, out=out, err=err)
        return ServiceView(number, process, other, before, said)

    def wait_held(self, stand: ServiceView) -> None:
        daemon = self.shop.watch.daemon
        daemon.wait(lambda: _subject(stand.number) in self.holds.held(), f"deployment {stand.number} is not held", 60.0)

    def wait_lingers(self, stand: ServiceView) -> None:
        """`LINGERS` is that far."""
        daemon = self.shop.watch.daemon
        daemon.wait(lambda: len(self.processes_of(stand.number)) >= LEFT_BEHIND, "its command does not linger", 60.0)

    def release(self, stand: ServiceView) -> None:
        self.holds.release(_subject(stand.number))

    def moments(self, stand: ServiceView) -> list[str]:
        return [one.what for one in self.holds.moments() if one.service == _subject(stand.number)]

    def record(self, number: int) -> Any:
        return self.shop.watch.daemon.get(f"/api/v1/deployments/{number}").json["deployment"]

    def stage(self, number: int) -> str:
        """Empty before it is recorded."""
        answer = self.shop.watch.daemon.get(f"/api/v1/deployments/{number}").json
        return answer["deployment"]["stage"] if "deployment" in answer else ""

    def wait_over(self, stand: ServiceView, timeout: float = 60.0) -> str:
        """The stage in which it ended."""
        daemon = self.shop.watch.daemon
        sentence = f"deployment {stand.number} does not end"
        daemon.wait(lambda: self.stage(stand.number) in OVER, sentence, timeout)
        return self.stage(stand.number)

    def judge(self, stand: ServiceView) -> str:
        """Committed or rolled back (or never begun), never between; nothing is left over. Returns which."""
        stage = self.wait_over(stand)
        record = self.record(stand.number)
        assert stage in {"committed", "rolled_back", "refused"}, record
        if stage == "committed":
            self.image, self.shop.in_force = stand.image, self.shop.file.read_text()
        assert set(self.shop.identities()) == NAMES, (record, self.shop.identities())
        assert self.shop.image_of("shop-webui-1") == self.image, record
        untouched = NAMES - {"shop-webui-1"} if stage != "refused" else NAMES
        now = self.shop.identities()
        assert {name: now[name] for name in untouched} == {name: stand.before[name] for name in untouched}
        assert record["ended_at"] is not None
        self.shop.still_good()
        subjects = {one["subject"] for one in self.shop.watch.daemon.incidents()}
        assert not [one for one in subjects if one.startswith("shop/")], "recovery has meddled"
        assert self.shop.serves()
        assert not self.processes_of(stand.number)
        return stage

    def processes_of(self, number: int) -> list[int]:
        """What still runs of a deployment's command."""
        wanted = {"WATCHDOG_DEPLOYMENT": str(number), "DOCKER_HOST": self.shop.watch.engine.host}
        found: list[int] = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                if pid_environment(int(folder.name)).items() >= wanted.items():
                    found.append(int(folder.name))
        return found


def _subject(number: int) -> str:
    return f"deployment {number}"
