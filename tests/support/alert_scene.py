"""A daemon in virtual time whose ledger remembers every notice that is queued: hours of telling in moments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import Told, started
from tests.support.virtual_time import VirtualLoop
from watchdog.daemon.core import Daemon
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import EngineIdentity
from watchdog.ledger import Ledger, prepare
from watchdog.model.alert import Alert, Notice
from watchdog.model.change import Change
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Scalar, Verdict
from watchdog.model.record import Row
from watchdog.model.settings import (
    AlertSettings,
    EngineSettings,
    HealthSettings,
    ReceiverKind,
    ReceiverSettings,
    RecoverySettings,
    Settings,
    StateSettings,
)

HOUR = 3600.0
MAIL = ReceiverSettings(name="mail", kind=ReceiverKind.COMMAND, command=("/nobody/is/here",))
ALERT = AlertSettings(receivers=(MAIL,))
WATCHED = Settings(
    engine=EngineSettings(settle=0.0),
    health=HealthSettings(soak=5.0, stable=1.0),
    alert=ALERT,
)
ONLY_WATCHED = replace(WATCHED, recovery=RecoverySettings(enabled=False))
"""What breaks stays broken until a test mends it."""
BEGAN = 1_700_000_000.0
"""Unix time at which the virtual loop stands at 0."""


@dataclass
class HearingLedger:
    """Remembers what was queued, and when by the loop's time."""

    heard: list[tuple[float, Notice]] = field(default_factory=list[tuple[float, Notice]])

    def of(self, ledger: type[Ledger]) -> type[Ledger]:
        heard = self.heard

        class Hearing(ledger):
            async def append(self, change: Change) -> tuple[Row, ...]:
                rows = await super().append(change)
                now = asyncio.get_running_loop().time()
                heard.extend((now, notice) for notice in change.notices)
                return rows

        return Hearing


@dataclass
class AlertScene:
    """Of one engine and one state directory; daemons may follow one another in it."""

    directory: Path
    settings: Settings = WATCHED
    verdicts: dict[str, Verdict] = field(default_factory=dict[str, Verdict])
    evidence: dict[str, Mapping[str, Scalar]] = field(default_factory=dict[str, Mapping[str, Scalar]])
    ears: HearingLedger = field(default_factory=HearingLedger)
    loop: VirtualLoop = field(init=False, default_factory=VirtualLoop.running)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(self.wall)
        self.since = self.loop.time()

    def wall(self) -> float:
        return BEGAN + self.loop.time()

    @asynccontextmanager
    async def daemon(self, *services: str) -> AsyncGenerator[Daemon]:
        """Started; these are protected when the block begins. Stopped when it ends."""
        settings = replace(
            self.settings, state=StateSettings(dir=self.directory / "state", run_dir=self.directory / "run")
        )
        prepare(settings.state.dir)
        ledger = await self.ears.of(Ledger).open(
            settings.state.dir, key_file=None, now=self.wall(), retention=settings.state.retention
        )
        clock = Clock(self.loop.time, self.wall)

        async def claim(_: EngineIdentity, __: Collection[str]) -> None:
            return

        daemon = Daemon(
            state=DaemonState(settings=settings, clock=clock, engine=self.engine, ledger=ledger),
            ledger=ledger,
            prober=Told(self.verdicts, clock, self.evidence),
            claim=claim,
            reread=lambda: settings,
        )
        async with started(daemon, ledger):
            async with asyncio.timeout(HOUR):
                while not all(daemon.state.services.record_of(ServiceKey.parse(name)).baselines for name in services):
                    daemon.state.changed.clear()
                    await daemon.state.changed.wait()
            yield daemon

    def breaks(self, *names: str) -> None:
        """They crash now, and from here times are counted."""
        for name in names:
            self.engine.crash(name)
        self.since = self.loop.time()

    def mends(self, *names: str) -> None:
        for name in names:
            self.engine.docker_start(name)

    def heard(self, receiver: str = "mail") -> list[tuple[int, str, str]]:
        """Since it broke: the second, the key, and what: a severity, or `resolved`."""
        return [
            (round(at - self.since), notice.alert.key, "resolved" if notice.alert.resolved else notice.alert.severity)
            for at, notice in self.ears.heard
            if notice.receiver == receiver
        ]

    def alerts(self, receiver: str = "mail") -> list[Alert]:
        return [notice.alert for _, notice in self.ears.heard if notice.receiver == receiver]


def with_alert(settings: Settings, **changes: object) -> Settings:
    return replace(settings, alert=replace(settings.alert, **changes))  # pyright: ignore[reportArgumentType] - keys of AlertSettings


def labels(project: str, service: str) -> Mapping[str, str]:
    """Of a container that Compose made."""
    return {
        "com.docker.compose.project": project,
        "com.docker.compose.service": service,
        "com.docker.compose.container-number": "1",
    }
