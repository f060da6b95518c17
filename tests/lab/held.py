"""`watchdog run` that stands still at a chosen moment of each service: who kills it then kills it exactly there.

A moment is the end of a ledger write about a service, or of an engine call for it: between the two lies every state
in which a daemon can die. The product is what it is; only its two doors are watched from outside. Run as a program,
with the environment that `Holds.environment` makes.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final
from unittest.mock import patch

from watchdog.__main__ import main
from watchdog.daemon import service
from watchdog.engine.docker import DockerEngine
from watchdog.errors import NotFound
from watchdog.ledger import Ledger
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec
from watchdog.model.plan import CreateContainer, CreateNetwork, Step, container_of
from watchdog.model.record import EntryKind, Row

VARIABLE: Final = "LAB_HOLDS"
PROGRAM: Final = "tests.lab.held"
ACTS: Final = {EntryKind.DEPLOYMENT, EntryKind.INTENT, EntryKind.STEP, EntryKind.OUTCOME}
RELEASED: Final = 0.02
"""Seconds between two looks whether the held may go on."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The `number`-th of a service, counted from 1; `held` says that the daemon goes no further with it."""

    service: str
    number: int
    what: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """At which moment each service is held. Moments are counted from the first whose words begin with `first`."""

    directory: Path
    at: Mapping[str, int] = field(default_factory=dict[str, int])
    first: str = ""
    joined: bool = False
    """Whatever happens after a subject's first moment counts as a moment of that subject, until another begins."""

    def environment(self) -> dict[str, str]:
        """For a daemon that is to be held; what an earlier one told is forgotten."""
        for file in (self.told, *self.directory.glob(f"{self.released.name}*")):
            file.unlink(missing_ok=True)
        content = {**asdict(self), "directory": str(self.directory)}
        return {VARIABLE: json.dumps(content)}

    @property
    def told(self) -> Path:
        return self.directory / "moments"

    @property
    def released(self) -> Path:
        return self.directory / "released"

    def moments(self) -> list[Moment]:
        """What the daemon has come by so far."""
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [Moment(**json.loads(line)) for line in lines if line.endswith("}")]

    def held(self) -> set[str]:
        return {moment.service for moment in self.moments() if moment.held}

    def released_alone(self, service: str) -> Path:
        return self.directory / f"{self.released.name} {service.replace('/', ' ')}"

    def release(self, service: str | None = None) -> None:
        """All that are held go on, or one of them."""
        (self.released if service is None else self.released_alone(service)).touch()


@dataclass(slots=True)
class Holder:
    """Counts the moments of each service and keeps those that have come to theirs."""

    holds: Holds
    _counts: dict[str, int] = field(default_factory=dict[str, int])
    _joined: str = ""

    async def passed(self, service: str, what: str) -> None:
        if self.holds.joined:
            self._joined = service = service if what.startswith(self.holds.first) else self._joined
        if service not in self._counts and not what.startswith(self.holds.first):
            return
        number = self._counts[service] = self._counts.get(service, 0) + 1
        held = number == self.holds.at.get(service)
        line = json.dumps({"service": service, "number": number, "what": what, "held": held})
        with self.holds.told.open("a") as told:
            told.write(f"{line}\n")
        released = (self.holds.released, self.holds.released_alone(service))
        while held and not any(file.exists() for file in released):  # noqa: ASYNC110 - released by another process
            await asyncio.sleep(RELEASED)


class HeldLedger(Ledger):
    """Each write that is on the disk is a moment."""

    holder: ClassVar[Holder]

    async def append(self, change: Change) -> tuple[Row, ...]:
        entries, records = change.entries, change.records
        rows = await super().append(change)
        if self.holder.holds.joined and not (entries and entries[0].kind in ACTS):
            return rows  # what others notice meanwhile would make the count another one each time
        if not entries and not records:
            return rows
        subject = entries[0].subject if entries else str(records[0].service)
        what = f"{entries[0].kind} {entries[0].sentence}" if entries else "record"
        await self.holder.passed(subject, what)
        return rows


class HeldEngine(DockerEngine):
    """Each call that the engine has answered is a moment."""

    holder: ClassVar[Holder]

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:
        name = await self._name(step, spec)
        result = await super().execute(step, spec)
        await self.holder.passed(name.partition(".watchdog-")[0], f"call {step}")
        return result

    async def _name(self, step: Step, spec: ContainerSpec | None) -> str:
        if isinstance(step, CreateContainer | CreateNetwork):
            return spec.container_name if spec is not None else ""
        with suppress(NotFound):
            return (await self.inspect(container_of(step))).name
        return ""


def _hold() -> int:
    content: dict[str, Any] = json.loads(os.environ[VARIABLE])
    content["directory"] = Path(content["directory"])
    holds = Holds(**content)
    HeldLedger.holder = HeldEngine.holder = Holder(holds)
    with patch.object(service, "Ledger", HeldLedger), patch.object(service, "DockerEngine", HeldEngine):
        return main()


if __name__ == "__main__":
    sys.exit(_hold())
