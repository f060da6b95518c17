"""A whole daemon in this process, on an engine in memory: for what happens between two of its steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.support.failure_report import note_state
from tests.support.fake_engine import FakeEngine
from watchdog.daemon.core import Daemon
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import LedgerFull
from watchdog.ledger import Ledger, prepare
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Scalar, Verdict
from watchdog.model.record import Row, ServiceRecord
from watchdog.model.settings import EngineSettings, HealthSettings, RecoverySettings, Settings, StateSettings
from watchdog.probes import Prober

QUICK = Settings(
    engine=EngineSettings(settle=0.0),
    interval=0.2,
    health=HealthSettings(soak=0.05, stable=0.02, retry_interval=0.1),
    recovery=RecoverySettings(absence_grace=0.05, backoff=0.05, verify_timeout=5.0),
)


class GatedLedger(Ledger):
    """A real ledger whose writes wait while its gate is closed, and its reads of specs while theirs is."""

    gate: asyncio.Event
    standing: int = 0
    """Writes that stand before it."""
    full: bool = False
    """Nothing can be written."""
    spec_gate: asyncio.Event
    reading: int = 0

    async def append(self, change: Change) -> tuple[Row, ...]:
        self.standing += 1
        await self.gate.wait()
        self.standing -= 1
        if self.full:
            raise LedgerFull("no space")
        return await super().append(change)

    async def spec(self, spec_id: str) -> ContainerSpec:
        self.reading += 1
        await self.spec_gate.wait()
        self.reading -= 1
        return await super().spec(spec_id)


@dataclass(frozen=True, slots=True)
class Told:
    """A prober that is told what it hears; what fails was not reached."""

    verdicts: Mapping[str, Verdict]
    clock: Clock
    evidence: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict[str, Mapping[str, Scalar]])

    async def ask(self, check: Check) -> Observation:
        verdict = self.verdicts[check.name]
        return Observation(
            check=check.name,
            at=self.clock.wall(),
            verdict=verdict,
            reason=f"it is a {verdict}",
            evidence=self.evidence.get(check.name, {}),
            reached=verdict is Verdict.PASS,
        )

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


@dataclass(slots=True)
class SmallDaemon:
    daemon: Daemon
    ledger: GatedLedger

    def watched(self, name: str) -> ServiceState:
        return self.daemon.state.services.known[ServiceKey("", name)]

    def knows(self, name: str) -> bool:
        return ServiceKey("", name) in self.daemon.state.services.known

    def record(self, name: str) -> ServiceRecord:
        """As the ledger has it."""
        return self.daemon.state.services.record_of(ServiceKey("", name))

    def running(self, name: str) -> str | None:
        """Full ID of the container that the daemon believes in."""
        container = self.watched(name).container
        return container.id if container is not None else None


@asynccontextmanager
async def started(daemon: Daemon, ledger: Ledger) -> AsyncGenerator[Daemon]:
    """Stopped when the block ends, and its ledger closed; a failure in virtual time shows how it was then."""
    await daemon.start(version="test")
    try:
        yield daemon
    finally:
        note_state(daemon)
        await daemon.stop()
        await ledger.close()


@asynccontextmanager
async def small_daemon(
    engine: FakeEngine,
    directory: Path,
    *,
    settings: Settings = QUICK,
    verdicts: Mapping[str, Verdict] | None = None,
    specs_are_slow: bool = False,
) -> AsyncGenerator[SmallDaemon]:
    """Started; stopped when the block ends.

    `verdicts`: check → what it hears now, instead of asking anybody. `specs_are_slow`: the gate of specs is closed
    from the start.
    """
    settings = replace(settings, state=StateSettings(dir=directory / "state", run_dir=directory / "run"))
    clock = Clock()
    prepare(settings.state.dir)
    ledger = await GatedLedger.open(settings.state.dir, key_file=None, now=time.time(), retention=1e6)
    ledger.gate = asyncio.Event()
    ledger.gate.set()
    ledger.spec_gate = asyncio.Event()
    if not specs_are_slow:
        ledger.spec_gate.set()
    prober = Prober(clock.wall)

    async def claim(identity: EngineIdentity, _: Collection[str]) -> None:
        await ledger.bind_engine(identity.id)

    daemon = Daemon(
        state=DaemonState(settings=settings, clock=clock, engine=engine, ledger=ledger),
        ledger=ledger,
        prober=prober if verdicts is None else Told(verdicts, clock),
        claim=claim,
        reread=lambda: settings,
    )
    await daemon.start(version="test")
    try:
        yield SmallDaemon(daemon, ledger)
    finally:
        ledger.gate.set()
        ledger.spec_gate.set()
        await daemon.stop()
        await prober.close()
        await ledger.close()
