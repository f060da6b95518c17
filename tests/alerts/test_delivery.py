"""What is decided reaches its receivers: in order, over restarts, and whatever becomes of ledger and receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.alerts.scene import HASTE, Hook, running, told_to, webhook
from tests.support.alert_values import alert
from tests.support.eventually import eventually
from watchdog.errors import LedgerError
from watchdog.ledger import Ledger
from watchdog.model.alert import Alert, Notice, Queued
from watchdog.model.change import Change
from watchdog.model.record import Severity
from watchdog.model.settings import AlertSettings, ReceiverKind, ReceiverSettings


def notices(*alerts: Alert) -> list[Notice]:
    return [Notice("hook", one) for one in alerts]


async def test_what_a_killed_daemon_left_is_delivered_by_the_next_one(tmp_path: Path, hook: Hook) -> None:
    ledger = await Ledger.open(tmp_path / "state", key_file=None, now=0.0, retention=1e9)
    await ledger.append(Change(notices=notices(alert(1), alert(2), alert(1, resolved=True))))
    await ledger.close()
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await eventually(lambda: scene.counts.sent["hook"] == 3)
    assert hook.heard() == ["incident-1 firing", "incident-2 firing", "incident-1 resolved"]


async def test_what_was_delivered_is_not_delivered_again(tmp_path: Path, hook: Hook) -> None:
    for number in (1, 2):
        async with running(told_to(webhook(hook.url)), tmp_path) as scene:
            await scene.tell(alert(number))
            await eventually(lambda scene=scene: scene.counts.sent["hook"] == 1)
    assert hook.heard() == ["incident-1 firing", "incident-2 firing"]


async def test_a_resolution_follows_its_opening_over_a_restart(tmp_path: Path, hook: Hook) -> None:
    hook.always = 503
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(1, resolved=True))
        await eventually(lambda: scene.counts.failed["hook"] > 3 * HASTE.tries)
    assert {body["state"] for body in hook.bodies} == {"firing"}
    hook.always = 204
    hook.bodies.clear()
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await eventually(lambda: scene.counts.sent["hook"] == 2)
    assert hook.heard() == ["incident-1 firing", "incident-1 resolved"]


async def test_who_never_heard_of_an_alert_does_not_hear_of_its_end(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [400]
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(1, resolved=True), alert(2))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
        await eventually(lambda: scene.alerter.queued()["hook"] == 0)
    assert hook.heard() == ["incident-1 firing", "incident-2 firing"]
    assert scene.counts.dropped["hook"] == 1


async def test_one_that_cannot_be_told_holds_up_no_other_but_its_own_end(tmp_path: Path, hook: Hook) -> None:
    hook.refuses = {"incident-1"}
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(1, resolved=True), *(alert(number) for number in range(2, 8)))
        await eventually(lambda: scene.counts.sent["hook"] == 6)
        assert "incident-1 resolved" not in hook.heard()
        hook.refuses = set()
        await eventually(lambda: scene.counts.sent["hook"] == 8)
    assert [one for one in hook.heard() if one.startswith("incident-1 ")][-2:] == [
        "incident-1 firing",
        "incident-1 resolved",
    ]


async def test_what_is_a_day_old_is_given_up_but_no_resolution(tmp_path: Path, hook: Hook) -> None:
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    hook.always = 503
    a_day_later = alert().at + 86401.0
    async with running(told_to(webhook(hook.url)), tmp_path, wall=a_day_later) as scene:
        await scene.tell(alert(1, resolved=True), alert(2))
        await eventually(lambda: scene.counts.dropped["hook"] == 1)
        await eventually(lambda: scene.counts.failed["hook"] > 5 * HASTE.tries)
        hook.always = 204
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert hook.heard()[-1] == "incident-1 resolved"
    assert scene.counts.dropped["hook"] == 1


async def test_a_resolution_that_is_refused_is_kept(tmp_path: Path, hook: Hook) -> None:
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
        hook.always = 400
        await scene.tell(alert(1, resolved=True))
        await eventually(lambda: scene.counts.failed["hook"] > 2)
        hook.always = 204
        await eventually(lambda: scene.counts.sent["hook"] == 2)
    assert scene.counts.dropped["hook"] == 0


async def test_a_receiver_that_hangs_hurts_no_other(tmp_path: Path, hook: Hook) -> None:
    hook.always = 0
    program = ReceiverSettings(name="program", kind=ReceiverKind.COMMAND, command=("cat",))
    async with running(told_to(webhook(hook.url, timeout=0.2), program), tmp_path) as scene:
        await scene.tell(*(alert(number) for number in range(20)))
        await eventually(lambda: scene.counts.sent["files"] == 20 and scene.counts.sent["program"] == 20)
        await eventually(lambda: scene.counts.failed["hook"] >= 1)
        await eventually(lambda: scene.alerter.queued() == {"files": 0, "hook": 20, "program": 0})


async def test_new_settings_take_what_waits_along_at_once(tmp_path: Path, hook: Hook) -> None:
    patient = HASTE.__class__(tries=3, first=300.0, longest=300.0)
    async with running(told_to(webhook("http://127.0.0.1:1/")), tmp_path, patience=patient) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.failed["hook"] == 1)
        await scene.alerter.reconfigure(told_to(webhook(hook.url)))
        await eventually(lambda: scene.counts.sent["hook"] == 1)


async def test_a_receiver_that_is_gone_loses_what_waits_and_a_new_one_begins_to_hear(
    tmp_path: Path, hook: Hook
) -> None:
    with structlog.testing.capture_logs() as logs:
        async with running(told_to(webhook("http://127.0.0.1:1/")), tmp_path) as scene:
            await scene.tell(alert(1))
            await eventually(lambda: scene.counts.failed["hook"] >= 1)
            await scene.alerter.reconfigure(told_to(webhook(hook.url, name="other")))
            await scene.tell(alert(1, resolved=True), alert(2))
            await eventually(lambda: scene.counts.sent["other"] == 1)
    assert hook.heard() == ["incident-2 firing"]
    assert scene.counts.dropped["hook"] == 1
    assert any(line["event"].endswith("their receiver is no longer configured.") for line in logs)


async def test_the_end_delivers_what_waits_and_the_ledger_keeps_the_rest(tmp_path: Path, hook: Hook) -> None:
    hangs = ReceiverSettings(name="program", kind=ReceiverKind.COMMAND, command=("sleep", "600"))
    async with running(told_to(webhook(hook.url), hangs), tmp_path) as scene:
        await scene.tell(alert(1), alert(2))
        scene.alerter.send(Notice("program", alert(3)))
    assert (scene.counts.sent["files"], scene.counts.sent["hook"]) == (2, 2)
    assert scene.counts.dropped["program"] == 1, "only what was never written is lost"
    async with running(told_to(webhook(hook.url), hangs), tmp_path) as scene:
        assert scene.alerter.queued() == {"files": 0, "hook": 0, "program": 2}


async def test_too_many_for_the_ledger_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchdog.ledger.outbox.CAPACITY", 3)
    async with running(told_to(webhook("http://127.0.0.1:1/")), tmp_path) as scene:
        await scene.tell(*(alert(number, Severity.INFO) for number in range(6)))
        await eventually(lambda: scene.counts.dropped["hook"] >= 3)


class Broken:
    """A ledger some of whose methods fail meanwhile."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.fails: set[str] = set()

    @property
    def waiting(self) -> Any:
        return self.ledger.waiting

    async def outbox(self, receiver: str, after: int, limit: int) -> tuple[Queued, ...]:
        return await self._unless("outbox", self.ledger.outbox(receiver, after, limit))

    async def told(self, receiver: str) -> Mapping[str, Alert]:
        return await self._unless("told", self.ledger.told(receiver))

    async def delivered(self, queued: Sequence[Queued]) -> None:
        await self._unless("delivered", self.ledger.delivered(queued))

    async def undelivered(self, queued: Sequence[Queued]) -> None:
        await self._unless("delivered", self.ledger.undelivered(queued))

    async def serve(self, receivers: Any) -> Mapping[str, int]:
        return await self._unless("delivered", self.ledger.serve(receivers))

    async def _unless(self, what: str, work: Any) -> Any:
        if what in self.fails:
            work.close()
            raise LedgerError("the disk reports an I/O error")
        return await work


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Broken:
    """Takes the ledger's place between it and the couriers."""
    holder = Broken.__new__(Broken)
    holder.fails = set()
    from tests.alerts import scene

    def between(settings: AlertSettings, files: Path, counts: Any, ledger: Ledger, **more: Any) -> Any:
        holder.ledger = ledger
        return original(settings, files, counts, holder, **more)

    original = scene.Alerter
    monkeypatch.setattr(scene, "Alerter", between)
    return holder


async def test_without_a_ledger_alerts_go_out_from_memory_and_in_order(
    tmp_path: Path, hook: Hook, broken: Broken
) -> None:
    broken.fails = {"outbox", "told", "delivered"}
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        scene.alerter.send(*notices(alert(1), alert(2), alert(1, resolved=True)))
        await eventually(lambda: scene.counts.sent["hook"] == 3)
    assert hook.heard() == ["incident-1 firing", "incident-2 firing", "incident-1 resolved"]


async def test_what_was_written_goes_before_what_was_not(tmp_path: Path, hook: Hook) -> None:
    hook.always = 503
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(2))
        scene.alerter.send(*notices(alert(1, resolved=True)))
        await scene.tell(alert(3))
        await eventually(lambda: scene.counts.failed["hook"] > 1)
        hook.bodies.clear()
        hook.always = 204
        await eventually(lambda: scene.counts.sent["hook"] == 4)
    assert hook.heard().index("incident-1 firing") < hook.heard().index("incident-1 resolved")
    assert sorted(hook.heard()) == [
        "incident-1 firing",
        "incident-1 resolved",
        "incident-2 firing",
        "incident-3 firing",
    ]


async def test_the_end_of_what_cannot_be_read_waits_until_it_can(tmp_path: Path, hook: Hook, broken: Broken) -> None:
    broken.fails = {"outbox"}
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1))
        scene.alerter.send(*notices(alert(1, resolved=True), alert(2)))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
        assert hook.heard() == ["incident-2 firing"]
        broken.fails = set()
        scene.alerter.hurry()
        await eventually(lambda: scene.counts.sent["hook"] == 3)
    assert hook.heard()[1:] == ["incident-1 firing", "incident-1 resolved"]


async def test_what_was_told_without_a_ledger_is_resolved_by_the_next_daemon(tmp_path: Path, hook: Hook) -> None:
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        scene.alerter.send(*notices(alert(1)))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1, resolved=True))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
    assert hook.heard() == ["incident-1 firing", "incident-1 resolved"]


async def test_what_was_delivered_is_recorded_once_the_ledger_is_back(
    tmp_path: Path, hook: Hook, broken: Broken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchdog.alerts.notice_store.AGAIN", 0.05)
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        broken.fails = {"delivered"}
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["hook"] == 1)
        await asyncio.sleep(0)
        assert scene.alerter.queued()["hook"] == 1
        broken.fails = set()
        await eventually(lambda: scene.alerter.queued()["hook"] == 0)
    assert hook.heard() == ["incident-1 firing"]


async def test_a_bug_in_a_receiver_stops_nothing(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    monkeypatch.setattr("watchdog.alerts.files.FilesReceiver.deliver", fails)
    async with running(told_to(webhook(hook.url)), tmp_path) as scene:
        await scene.tell(alert(1), alert(2))
        await eventually(lambda: scene.counts.dropped["files"] == 2)
        await eventually(lambda: scene.counts.sent["hook"] == 2)
