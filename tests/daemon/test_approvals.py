"""What waits for a person's approval: in virtual time, over restarts of the daemon, and in the middle of a kill."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.alert_scene import HOUR
from tests.support.approvals import (
    DB,
    asked,
    asking,
    crashing,
    record,
    recovered,
    rows,
    scene,
    sentences,
    states,
    until,
    waiting,
)
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import virtual_time
from watchdog.api.doors import RecoverOrder
from watchdog.errors import UnknownApproval, UsageError
from watchdog.model.plan import CreateContainer, RenameContainer, StartContainer
from watchdog.model.record import EntryKind, Outcome, Rung

pytestmark = pytest.mark.usefixtures("takers")


@virtual_time
async def test_what_needs_approval_waits_with_its_plan_and_is_done_once_a_person_agrees(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (here, daemon):
        await asyncio.sleep(600.0)
        assert here.engine.steps == []
        (request,) = await daemon.approvals(everything=False)
        assert request["plan"].startswith("recreate db: it has no container")
        assert "1. create db.watchdog-new-" in request["plan"]
        (alert,) = [one for one in here.alerts() if one.key == "approval-1"]
        assert (alert.plan, list(alert.evidence)) == (request["plan"], request["evidence"])
        assert "`watchdog approve 1` or `watchdog reject 1 --reason …`" in alert.todo
        assert daemon.state.services.known[DB].course.message.startswith("waits for approval 1 of: recreate db: ")
        said = await daemon.approve(1, "data is on its volume", "ada")
        assert said.startswith("approval 1 to recreate db is given by ada: data is on its volume (")
        await recovered(daemon)
        assert [type(step) for step in here.engine.steps] == [CreateContainer, RenameContainer, StartContainer]
        (intent,) = await rows(daemon, EntryKind.INTENT)
        assert intent.entry.sentence.endswith("approved by ada (approval 1)")
        assert intent.entry.payload["approval"] == 1
        assert [attempt.approval for attempt in record(daemon).attempts] == [1]
        assert await states(daemon) == ["used"]
        assert [one.split(" until ")[0] for one in await sentences(daemon, EntryKind.APPROVAL)] == [
            "approval 1 is asked for",
            "approval 1 to recreate db is given by ada: data is on its volume",
        ]
    ended = [one for one in here.alerts() if one.key == "approval-1" and one.resolved]
    assert [one.summary for one in ended] == [
        "resolved: approval 1 to recreate db is given by ada: data is on its volume"
    ]


@virtual_time
async def test_a_rejection_hands_the_service_to_a_person_who_can_still_order_it(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (here, daemon):
        with pytest.raises(UsageError, match="needs a reason"):
            await daemon.reject(1, " ", "bob")
        said = await daemon.reject(1, "from backup first", "bob")
        assert said.startswith("approval 1 to recreate db is rejected by bob: from backup first (")
        await asyncio.sleep(HOUR)
        assert here.engine.steps == []
        assert record(daemon).quarantined == "approval 1 to recreate db is rejected by bob: from backup first"
        assert daemon.state.services.known[DB].course.message.startswith("handed to a person: approval 1 ")
        assert await states(daemon) == ["rejected"]
        async for _ in daemon.recover(RecoverOrder(services=("db",), by="bob")):
            pass
        await recovered(daemon)
        assert record(daemon).attempts[-1].approval is None
    critical = [one for one in here.alerts() if one.key == "incident-1"]
    assert any("from backup first. A person is needed." in one.summary for one in critical)


@virtual_time
async def test_unanswered_it_expires_and_the_service_is_handed_to_a_person(tmp_path: Path) -> None:
    here = scene(tmp_path, asking(approval_expires=1800.0))
    async with here.daemon("db") as daemon:
        here.engine.docker_rm("db")
        await asked(daemon)
        await asyncio.sleep(1801.0)
        assert record(daemon).quarantined == "approval 1 to recreate db expired unanswered after 30 min"
        assert await states(daemon) == ["expired"]
        with pytest.raises(UsageError, match="approval 1 is expired already"):
            await daemon.approve(1, "", "ada")
        with pytest.raises(UnknownApproval, match="there is no approval 9; these wait: none"):
            await daemon.approve(9, "", "ada")
        await asyncio.sleep(HOUR)
        assert here.engine.steps == []


@virtual_time
async def test_a_request_outlives_the_daemon_and_expires_by_the_clock_that_it_was_asked_by(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (here, daemon):
        (before,) = await daemon.approvals(everything=False)
    await asyncio.sleep(600.0)
    async with here.daemon() as daemon:
        await asyncio.sleep(60.0)
        assert await daemon.approvals(everything=False) == [before]
        await asyncio.sleep(2900.0)
        assert record(daemon).quarantined is None
        await asyncio.sleep(60.0)
        assert record(daemon).quarantined is not None
    assert [one.resolved for one in here.alerts() if one.key == "approval-1"] == [False, True]
    assert here.engine.steps == []


@virtual_time
async def test_what_was_approved_when_the_daemon_ended_is_done_by_the_next_one_once(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (here, daemon):
        daemon.state.operators.commands_only = "it is about to end"
        await daemon.approve(1, "", "ada")
    assert here.engine.steps == []
    async with here.daemon() as daemon:
        await recovered(daemon)
        assert await states(daemon) == ["used"]
        here.engine.docker_rm("db")
        await asked(daemon, 2)
        await asyncio.sleep(60.0)
        assert len(here.engine.steps) == 3


@virtual_time
async def test_an_attempt_that_the_daemon_did_not_live_to_make_has_used_its_approval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with waiting(tmp_path) as (here, daemon):
        with monkeypatch.context() as patched:
            patched.setattr(FakeEngine, "execute", _never_answers)
            await daemon.approve(1, "", "ada")
            await until(daemon, lambda: not daemon.state.operators.approvals)
            await daemon.stop()
    async with here.daemon() as daemon:
        await asked(daemon, 2)
        assert await states(daemon) == ["used", "waiting"]
        assert here.engine.steps == []
        assert [one.outcome for one in record(daemon).attempts] == [Outcome.INTERRUPTED]


async def _never_answers(*_: object) -> str:
    await asyncio.Event().wait()
    return ""


@virtual_time
async def test_an_approval_that_is_used_too_late_is_void_and_asked_anew(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (here, daemon):
        daemon.state.operators.commands_only = "it is about to end"
        await daemon.approve(1, "", "ada")
    await asyncio.sleep(2 * HOUR)
    async with here.daemon() as daemon:
        await asked(daemon, 2)
        assert await states(daemon) == ["void", "waiting"]
        assert here.engine.steps == []


@virtual_time
async def test_an_approval_of_something_else_is_void_said_and_asked_anew(tmp_path: Path) -> None:
    here = scene(tmp_path, asking(Rung.START))
    async with here.daemon("db") as daemon:
        here.breaks("db")
        await asked(daemon)
        first = daemon.state.services.known[DB].container
        here.engine.drops_events = True
        here.engine.docker_rm("db")
        here.engine.run("db", volumes={"data": "/data"})
        here.engine.crash("db")
        await daemon.approve(1, "", "ada")
        await asked(daemon, 2)
        assert here.engine.steps == []
        assert await states(daemon) == ["void", "waiting"]
        assert (
            "is void: what would be done now is not what was approved"
            in (await sentences(daemon, EntryKind.APPROVAL))[-2]
        )
        assert daemon.state.services.known[DB].container != first
    assert [one.resolved for one in here.alerts() if one.key == "approval-1"] == [False, True]


@pytest.mark.parametrize("approved", [False, True])
@virtual_time
async def test_what_came_back_meanwhile_is_left_alone(tmp_path: Path, *, approved: bool) -> None:
    async with waiting(tmp_path) as (here, daemon):
        here.engine.drops_events = True
        here.engine.run("db", volumes={"data": "/data"})
        if approved:
            await daemon.approve(1, "", "ada")
        await recovered(daemon)
        await until(daemon, lambda: not daemon.state.operators.approvals)
        assert here.engine.steps == []
        assert await states(daemon) == ["void" if approved else "withdrawn"]


@virtual_time
async def test_a_pause_or_another_rung_withdraws_what_was_asked(tmp_path: Path) -> None:
    here = scene(tmp_path, asking(Rung.START, Rung.RECREATE))
    async with here.daemon("db") as daemon:
        here.breaks("db")
        await asked(daemon)
        here.engine.docker_rm("db")
        await asked(daemon, 2)
        requests = await daemon.approvals(everything=True)
        assert [(one["action"], one["state"]) for one in requests] == [
            ("start", "withdrawn"),
            ("recreate", "waiting"),
        ]
        await daemon.pause("db", 600.0, "moving the disk", "ada")
        await until(daemon, lambda: not daemon.state.operators.approvals)
        await asked(daemon, 3)
        await daemon.retire("db", "no more", "ada")
        await asyncio.sleep(60.0)
        assert (await states(daemon))[1:] == ["withdrawn", "withdrawn"]
        with pytest.raises(UsageError, match=r"approval 3 is withdrawn already: .*not watched any more"):
            await daemon.approve(3, "", "ada")
    assert here.engine.steps == []


@virtual_time
async def test_whoever_takes_their_time_to_answer_makes_no_attempt_forgotten(tmp_path: Path) -> None:
    """Else the first rungs would be climbed again every ten minutes, and each time another approval be asked for."""
    here = crashing(tmp_path, asking(approval_expires=2 * HOUR))
    async with here.daemon("db") as daemon:
        await asked(daemon)
        for _ in range(9):
            await asyncio.sleep(600.0)
            daemon.state.services.known[DB].wake.set()
        await asyncio.sleep(1.0)
        assert [one.rung for one in record(daemon).attempts] == [Rung.START]
        assert await states(daemon) == ["waiting"]


@virtual_time
async def test_one_approval_is_good_for_one_attempt(tmp_path: Path) -> None:
    here = crashing(tmp_path)
    async with here.daemon("db") as daemon:
        await asked(daemon)
        await daemon.approve(1, "", "ada")
        await asked(daemon, 2)
        assert [(one.rung, one.approval) for one in record(daemon).attempts] == [
            (Rung.START, None),
            (Rung.RECREATE, 1),
        ]
