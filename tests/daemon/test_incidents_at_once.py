"""Changes of incidents that come at the same moment: each is made once, and none waits for another's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import GatedLedger, small_daemon
from watchdog.daemon.alerting.notifier import Notifier
from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.state.daemon import DaemonState
from watchdog.model.alert import Notice
from watchdog.model.record import EntryKind, Severity


@dataclass(frozen=True, slots=True)
class Setting:
    desk: IncidentManager
    state: DaemonState
    ledger: GatedLedger

    async def kinds(self, number: int) -> list[EntryKind]:
        _, rows = await self.ledger.timeline(number)
        return [row.entry.kind for row in rows]


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    def unsent(*_: Notice) -> None:
        pytest.fail("the ledger takes everything here")

    async with small_daemon(FakeEngine(time.time), tmp_path) as watchdog:
        state, journal = watchdog.daemon.state, watchdog.daemon.journal
        desk = IncidentManager(state, journal, Notifier(state, journal, unsent), unsent)
        yield Setting(desk, state, watchdog.ledger)


async def test_an_end_that_two_see_is_told_once(setting: Setting) -> None:
    number = await setting.desk.of_subject("engine", "the engine is away", time.monotonic())
    setting.ledger.gate.clear()
    ends = [
        asyncio.create_task(setting.desk.close(number, "it answers", time.monotonic(), recovered=True))
        for _ in range(2)
    ]
    await eventually(lambda: setting.ledger.standing == 1)
    setting.ledger.gate.set()
    await asyncio.gather(*ends)
    assert (await setting.kinds(number)).count(EntryKind.INCIDENT_CLOSED) == 1
    assert setting.state.incidents == {}


async def test_what_ends_while_it_turns_critical_stays_ended(setting: Setting) -> None:
    number = await setting.desk.of_subject("engine", "the engine is away", time.monotonic())
    setting.ledger.gate.clear()
    ending = asyncio.create_task(setting.desk.close(number, "it answers", time.monotonic(), recovered=True))
    await eventually(lambda: setting.ledger.standing == 1)
    overdue = asyncio.create_task(setting.desk.overdue(number, time.monotonic()))
    await asyncio.sleep(0)
    setting.ledger.gate.set()
    await asyncio.gather(ending, overdue)
    assert setting.state.incidents == {}
    incident, _ = await setting.ledger.timeline(number)
    assert (incident.severity, incident.closed_at is not None) == (Severity.WARNING, True)


async def test_a_write_that_takes_long_for_one_incident_holds_up_no_other(setting: Setting) -> None:
    setting.ledger.gate.clear()
    opening = [
        asyncio.create_task(setting.desk.of_subject(f"endpoint {name}", "refused", time.monotonic())) for name in "ab"
    ]
    await eventually(lambda: setting.ledger.standing == 2)
    setting.ledger.gate.set()
    assert len(set(await asyncio.gather(*opening))) == 2
