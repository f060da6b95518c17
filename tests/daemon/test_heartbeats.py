"""Those who call in, and those who do not: hours pass in virtual time, the ledger is a real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import started
from tests.support.virtual_time import VirtualLoop, virtual_time
from watchdog.daemon.core import Daemon
from watchdog.daemon.observing.heartbeats import FORGET_AFTER, KIND
from watchdog.daemon.state.clock import Clock
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import EngineIdentity
from watchdog.errors import LedgerFull, UnknownHeartbeat
from watchdog.ledger import Ledger, LedgerReader
from watchdog.model.change import Change
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.model.record import Kept, Row
from watchdog.model.settings import Settings, StateSettings
from watchdog.probes import Prober

MINUTE, HOUR = 60.0, 3600.0
BACKUP = Check(
    name="backup",
    probe=HeartbeatProbe(heartbeat=24 * HOUR, grace=HOUR),
    endpoint=True,
    interval=7 * HOUR,
    retry_interval=HOUR,
    failures=1,
)
"""Its interval and its deadline have nothing in common: only who knows the deadline asks in time."""


@dataclass
class Wall:
    loop: VirtualLoop = field(default_factory=VirtualLoop.running)
    offset: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.loop.time() + self.offset


@dataclass
class Scene:
    directory: Path
    wall: Wall = field(default_factory=Wall)
    engine: FakeEngine = field(init=False)
    checks: tuple[Check, ...] = (BACKUP,)
    ledger: Ledger = field(init=False)
    written: list[list[Kept]] = field(default_factory=list[list[Kept]])
    full: bool = False
    """The ledger takes nothing."""

    def __post_init__(self) -> None:
        self.engine = FakeEngine(now=self.wall)

    @asynccontextmanager
    async def daemon(self) -> AsyncGenerator[Daemon]:
        state = StateSettings(dir=self.directory / "state", run_dir=self.directory / "run")
        settings = Settings(state=state, endpoints=self.checks, interval=HOUR)
        state.dir.mkdir(mode=0o700, exist_ok=True)
        self.ledger = await Ledger.open(state.dir, key_file=None, now=self.wall(), retention=state.retention)
        append = self.ledger.append

        async def counted(change: Change) -> tuple[Row, ...]:
            if change.kept and self.full:
                raise LedgerFull("no space")
            if change.kept:
                self.written.append(list(change.kept))
            return await append(change)

        self.ledger.append = counted

        async def claim(_: EngineIdentity, __: Collection[str]) -> None:
            return

        state = DaemonState(
            settings=settings, clock=Clock(self.wall.loop.time, self.wall), engine=self.engine, ledger=self.ledger
        )
        prober = Prober(state.clock.wall, state, beats=state.heartbeats)
        daemon = Daemon(state=state, ledger=self.ledger, prober=prober, claim=claim, reread=lambda: settings)
        try:
            async with started(daemon, self.ledger):
                yield daemon
        finally:
            await prober.close()

    def kept(self) -> dict[str, str]:
        with LedgerReader.open(self.directory / "state") as reader:
            return dict(reader.kept(KIND))


def _shown(daemon: Daemon) -> tuple[Verdict, str]:
    (endpoint,) = daemon.snapshot().endpoints
    return endpoint.verdict, endpoint.reason


def _quiet(daemon: Daemon) -> float:
    return daemon.state.heartbeats.reading(BACKUP).quiet_for


async def _fails_at(daemon: Daemon, deadline: float) -> None:
    """Not a second before, and within two behind it; by the loop's clock."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(deadline - 1 - loop.time())
    assert _shown(daemon)[0] is not Verdict.FAIL
    await asyncio.sleep(2)
    assert _shown(daemon)[0] is Verdict.FAIL


@virtual_time
async def test_silence_is_a_failure_in_the_second_of_its_deadline_and_a_call_ends_it_at_once(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with Scene(tmp_path).daemon() as daemon:
        await asyncio.sleep(7.3)
        assert await daemon.heartbeat("backup", 0, "") == "backup is heard"
        called_at = loop.time()
        await asyncio.sleep(HOUR)
        assert _shown(daemon) == (Verdict.PASS, "called in 0s ago; its next call has 1d1h")
        await _fails_at(daemon, called_at + 25 * HOUR)
        assert _shown(daemon) == (Verdict.FAIL, "has not called in for 1d1h; it should every 1d")
        (incident,) = await daemon.incidents(10, open_only=True)
        assert incident.subject == "endpoint backup"
        await daemon.heartbeat("backup", 0, "")
        await asyncio.sleep(1)
        assert _shown(daemon)[0] is Verdict.PASS
        assert await daemon.incidents(10, open_only=True) == ()


@virtual_time
async def test_who_never_calls_is_awaited_first_and_counts_from_when_it_was_configured(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.UNKNOWN
        asked_at = loop.time() - _quiet(daemon)
        await asyncio.sleep(10 * HOUR)
    async with scene.daemon() as daemon:
        await _fails_at(daemon, asked_at + 25 * HOUR)


@virtual_time
async def test_a_reported_failure_is_shown_at_once_with_its_words_and_survives_a_restart(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await daemon.heartbeat("backup", 0, "")
        await asyncio.sleep(5)
        assert await daemon.heartbeat("backup", 3, "disk full") == "backup reports that it failed with 3"
        await asyncio.sleep(1)
        assert _shown(daemon) == (Verdict.FAIL, "called in 0s ago that it failed with 3: disk full")
    async with scene.daemon() as daemon:
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.FAIL
        assert _shown(daemon)[1].endswith("that it failed with 3: disk full")


@pytest.mark.parametrize("step", [0.0, -3 * HOUR])
@virtual_time
async def test_the_deadline_survives_a_restart_and_a_clock_that_was_set_in_between(tmp_path: Path, step: float) -> None:
    """Wall time across restarts: who sets the clock back by three hours waits three hours longer, and no more."""
    loop = asyncio.get_running_loop()
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await asyncio.sleep(2)
        await daemon.heartbeat("backup", 0, "")
        called_at = loop.time()
    await asyncio.sleep(10 * HOUR)
    scene.wall.offset += step
    async with scene.daemon() as daemon:
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.PASS
        await _fails_at(daemon, called_at + 25 * HOUR - step)


@virtual_time
async def test_a_step_of_the_clock_within_a_run_moves_no_deadline(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await daemon.heartbeat("backup", 0, "")
        called_at = loop.time()
        await asyncio.sleep(HOUR)
        scene.wall.offset += 100 * HOUR
        await _fails_at(daemon, called_at + 25 * HOUR)


@virtual_time
async def test_a_call_that_was_due_while_the_daemon_was_down_has_its_grace_from_the_start(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await daemon.heartbeat("backup", 0, "")
    await asyncio.sleep(50 * HOUR)
    async with scene.daemon() as daemon:
        started_at = loop.time()
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.UNKNOWN
        await _fails_at(daemon, started_at + HOUR)


@virtual_time
async def test_a_flood_of_calls_is_no_flood_of_writes_and_its_last_word_is_kept(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        for number in range(2000):
            await daemon.heartbeat("backup", number % 2, f"call {number}")
            await asyncio.sleep(0.01)
        assert len(scene.written) <= 3
        await asyncio.sleep(90)
        assert len(scene.written) <= 4
        assert "call 1999" in scene.kept()["backup"]
        assert daemon.measures.heartbeats["backup"] == 2000


@virtual_time
async def test_the_first_call_is_on_the_disk_when_it_is_answered(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await daemon.heartbeat("backup", 0, "done")
        assert '"done"' in scene.kept()["backup"]


@virtual_time
async def test_a_call_is_heard_though_it_cannot_be_written_and_is_written_when_it_can(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        scene.full = True
        assert await daemon.heartbeat("backup", 0, "done") == "backup is heard"
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.PASS
        scene.full = False
        await asyncio.sleep(2 * MINUTE)
        assert '"done"' in scene.kept()["backup"]


@virtual_time
async def test_a_name_that_nobody_configured_is_refused_with_those_that_are(tmp_path: Path) -> None:
    async with Scene(tmp_path).daemon() as daemon:
        for name in ("bakcup", "shop/worker/alive", "#", "a/b/c/d/#x", ""):
            await asyncio.sleep(1)
            with pytest.raises(UnknownHeartbeat, match=r"no check is called in as '.*'; there are: backup"):
                await daemon.heartbeat(name, 0, "")


@virtual_time
async def test_what_is_kept_and_cannot_be_read_is_as_if_it_never_called(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon():
        broken = ["[]", "{}", '{"since": "x", "called_at": 1}', '{"since": 1, "called_at": [], "exit_code": 0}']
        kept = [Kept(KIND, f"broken{number}", text) for number, text in enumerate(broken)]
        await scene.ledger.append(Change(kept=[*kept, Kept(KIND, "backup", "null")]))
    async with scene.daemon() as daemon:
        await asyncio.sleep(2)
        assert _shown(daemon)[0] is Verdict.UNKNOWN


@virtual_time
async def test_names_that_no_configuration_knows_are_forgotten_after_two_years(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.daemon() as daemon:
        await daemon.heartbeat("backup", 0, "")
        texts = {name: _kept(scene.wall() - age) for name, age in (("old", FORGET_AFTER + 1), ("young", HOUR))}
        await scene.ledger.append(Change(kept=[Kept(KIND, name, text) for name, text in texts.items()]))
    async with scene.daemon():
        await asyncio.sleep(1)
        assert scene.kept().keys() == {"backup", "young"}


def _kept(called_at: float) -> str:
    return json.dumps({"since": 0.0, "called_at": called_at, "exit_code": 0, "message": ""})
