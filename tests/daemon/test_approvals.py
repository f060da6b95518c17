"""What waits for a person's approval: in virtual time, over restarts of the daemon, and in the middle of a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import HOUR, WATCHED, AlertScene
from tests.support.fake_container import Behaviour
from tests.support.fake_engine import FakeEngine
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.api.doors import RecoverOrder, Target
from watchdog.daemon.core import Daemon
from watchdog.errors import UnknownApproval, UsageError
from watchdog.model.alert import FILES
from watchdog.model.container import RestartPolicy
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import CreateContainer, RenameContainer, StartContainer
from watchdog.model.record import EntryKind, Outcome, Row, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, RollbackMode, Settings

pytestmark = pytest.mark.usefixtures("takers")

DB = ServiceKey("", "db")


def asking(*rungs: Rung, **more: object) -> Settings:
    recovery = RecoverySettings(approval=frozenset(rungs or {Rung.RECREATE}), absence_grace=1.0)
    return replace(WATCHED, recovery=replace(recovery, **more))  # pyright: ignore[reportArgumentType] - keys of it


def scene(loop: VirtualLoop, directory: Path, settings: Settings | None = None) -> AlertScene:
    here = AlertScene(loop, directory, settings or asking())
    here.engine.run("db", volumes={"data": "/data"})
    return here


def crashing(loop: VirtualLoop, directory: Path, settings: Settings | None = None) -> AlertScene:
    """Its service is good for a minute after each start."""
    here = AlertScene(loop, directory, settings or asking())
    here.engine.image("busybox:lab", Behaviour(exits_after=60.0))
    here.engine.run("db", volumes={"data": "/data"})
    return here


async def until(daemon: Daemon, condition: Callable[[], object]) -> None:
    async with asyncio.timeout(HOUR / 2):
        while not condition():
            daemon.world.changed.clear()
            await daemon.world.changed.wait()


async def asked(daemon: Daemon, number: int = 1) -> None:
    await until(daemon, lambda: any(one.id == number for one in daemon.world.approvals.values()))


async def recovered(daemon: Daemon) -> None:
    def good() -> bool:
        watched = daemon.world.services.get(DB)
        seen = watched.seen if watched is not None else None
        return record(daemon).incident is None and seen is not None and seen.health is Health.HEALTHY

    await until(daemon, good)


def record(daemon: Daemon) -> ServiceRecord:
    return daemon.world.record_of(DB)


async def rows(daemon: Daemon, kind: EntryKind) -> list[Row]:
    _, found = await daemon.timeline(1)
    return [row for row in found if row.entry.kind is kind]


async def sentences(daemon: Daemon, kind: EntryKind) -> list[str]:
    return [row.entry.sentence for row in await rows(daemon, kind)]


async def states(daemon: Daemon) -> list[str]:
    return [one["state"] for one in await daemon.approvals(everything=True)]


def test_what_needs_approval_waits_with_its_plan_and_is_done_once_a_person_agrees(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            await asyncio.sleep(600.0)
            assert here.engine.steps == []
            (request,) = await daemon.approvals(everything=False)
            assert request["plan"].startswith("recreate db: it has no container")
            assert "1. create db.watchdog-new-" in request["plan"]
            (alert,) = [one for one in here.alerts() if one.key == "approval-1"]
            assert (alert.plan, list(alert.evidence)) == (request["plan"], request["evidence"])
            assert "`watchdog approve 1` or `watchdog reject 1 --reason …`" in alert.todo
            assert daemon.world.services[DB].says.startswith("waits for approval 1 of: recreate db: ")
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

    run_virtually(story)


def test_a_rejection_hands_the_service_to_a_person_who_can_still_order_it(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            with pytest.raises(UsageError, match="needs a reason"):
                await daemon.reject(1, " ", "bob")
            said = await daemon.reject(1, "from backup first", "bob")
            assert said.startswith("approval 1 to recreate db is rejected by bob: from backup first (")
            await asyncio.sleep(HOUR)
            assert here.engine.steps == []
            assert record(daemon).quarantined == "approval 1 to recreate db is rejected by bob: from backup first"
            assert daemon.world.services[DB].says.startswith("handed to a person: approval 1 ")
            assert await states(daemon) == ["rejected"]
            async for _ in daemon.recover(RecoverOrder(services=("db",), by="bob")):
                pass
            await recovered(daemon)
            assert record(daemon).attempts[-1].approval is None
        critical = [one for one in here.alerts() if one.key == "incident-1"]
        assert any("from backup first. A person is needed." in one.summary for one in critical)

    run_virtually(story)


def test_unanswered_it_expires_and_the_service_is_handed_to_a_person(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path, asking(approval_expires=1800.0))
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

    run_virtually(story)


def test_a_request_outlives_the_daemon_and_expires_by_the_clock_that_it_was_asked_by(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
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

    run_virtually(story)


def test_what_was_approved_when_the_daemon_ended_is_done_by_the_next_one_once(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            daemon.world.orders_only = "it is about to end"
            await daemon.approve(1, "", "ada")
        assert here.engine.steps == []
        async with here.daemon() as daemon:
            await recovered(daemon)
            assert await states(daemon) == ["used"]
            here.engine.docker_rm("db")
            await asked(daemon, 2)
            await asyncio.sleep(60.0)
            assert len(here.engine.steps) == 3

    run_virtually(story)


def test_an_attempt_that_the_daemon_did_not_live_to_make_has_used_its_approval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            with monkeypatch.context() as patched:
                patched.setattr(FakeEngine, "execute", _never_answers)
                await daemon.approve(1, "", "ada")
                await until(daemon, lambda: not daemon.world.approvals)
                await daemon.stop()
        async with here.daemon() as daemon:
            await asked(daemon, 2)
            assert await states(daemon) == ["used", "waiting"]
            assert here.engine.steps == []
            assert [one.outcome for one in record(daemon).attempts] == [Outcome.INTERRUPTED]

    run_virtually(story)


async def _never_answers(*_: object) -> str:
    await asyncio.Event().wait()
    return ""


def test_an_approval_that_is_used_too_late_is_void_and_asked_anew(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            daemon.world.orders_only = "it is about to end"
            await daemon.approve(1, "", "ada")
        await asyncio.sleep(2 * HOUR)
        async with here.daemon() as daemon:
            await asked(daemon, 2)
            assert await states(daemon) == ["void", "waiting"]
            assert here.engine.steps == []

    run_virtually(story)


def test_an_approval_of_something_else_is_void_said_and_asked_anew(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path, asking(Rung.START))
        async with here.daemon("db") as daemon:
            here.breaks("db")
            await asked(daemon)
            first = daemon.world.services[DB].container
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
            assert daemon.world.services[DB].container != first
        assert [one.resolved for one in here.alerts() if one.key == "approval-1"] == [False, True]

    run_virtually(story)


@pytest.mark.parametrize("approved", [False, True])
def test_what_came_back_meanwhile_is_left_alone(tmp_path: Path, *, approved: bool) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            here.engine.drops_events = True
            here.engine.run("db", volumes={"data": "/data"})
            if approved:
                await daemon.approve(1, "", "ada")
            await recovered(daemon)
            await until(daemon, lambda: not daemon.world.approvals)
            assert here.engine.steps == []
            assert await states(daemon) == ["void" if approved else "withdrawn"]

    run_virtually(story)


def test_a_pause_or_another_rung_withdraws_what_was_asked(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path, asking(Rung.START, Rung.RECREATE))
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
            await until(daemon, lambda: not daemon.world.approvals)
            await asked(daemon, 3)
            await daemon.retire("db", "no more", "ada")
            await asyncio.sleep(60.0)
            assert (await states(daemon))[1:] == ["withdrawn", "withdrawn"]
            with pytest.raises(UsageError, match=r"approval 3 is withdrawn already: .*not watched any more"):
                await daemon.approve(3, "", "ada")
        assert here.engine.steps == []

    run_virtually(story)


def test_whoever_takes_their_time_to_answer_makes_no_attempt_forgotten(tmp_path: Path) -> None:
    """Else the first rungs would be climbed again every ten minutes, and each time another approval be asked for."""

    async def story(loop: VirtualLoop) -> None:
        here = crashing(loop, tmp_path, asking(approval_expires=2 * HOUR))
        async with here.daemon("db") as daemon:
            await asked(daemon)
            for _ in range(9):
                await asyncio.sleep(600.0)
                daemon.world.services[DB].wake.set()
            await asyncio.sleep(1.0)
            assert [one.rung for one in record(daemon).attempts] == [Rung.START]
            assert await states(daemon) == ["waiting"]

    run_virtually(story)


def test_one_approval_is_good_for_one_attempt(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = crashing(loop, tmp_path)
        async with here.daemon("db") as daemon:
            await asked(daemon)
            await daemon.approve(1, "", "ada")
            await asked(daemon, 2)
            assert [(one.rung, one.approval) for one in record(daemon).attempts] == [
                (Rung.START, None),
                (Rung.RECREATE, 1),
            ]

    run_virtually(story)


def test_a_rollback_that_is_a_persons_call_is_asked_for_where_rollbacks_wait_for_approval(tmp_path: Path) -> None:
    assert RollbackMode.AUTO is RecoverySettings().rollback

    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path, asking(Rung.ROLLBACK, max_attempts=1))
        here.engine.image("busybox:next", Behaviour(exits_after=60.0))
        async with here.daemon("db") as daemon:
            proven = len(record(daemon).baselines)
            good = here.engine.names["busybox:lab"]
            here.engine.docker_rm("db")
            await asyncio.sleep(0.1)
            here.engine.run("db", "busybox:next", volumes={"data": "/data"})
            await until(daemon, lambda: len(record(daemon).baselines) == proven + 1)
            await asked(daemon)
            (request,) = await daemon.approvals(everything=False)
            assert request["action"] == "rollback"
            await daemon.approve(1, "", "ada")
            await recovered(daemon)
            container = daemon.world.services[DB].container
            assert container is not None
            assert container.image_id == good

    run_virtually(story)


def test_a_silenced_request_is_in_the_files_and_told_when_the_silence_ends(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            await daemon.silence(Target(name="db"), 600.0, "known", "ada")
            here.engine.docker_rm("db")
            await asked(daemon)
            await asyncio.sleep(300.0)
            assert "approval-1" in [one.key for one in here.alerts(FILES)]
            assert here.heard() == []
            await asyncio.sleep(310.0)
            assert "approval-1" in [one.key for one in here.alerts()]

    run_virtually(story)


def test_a_reload_that_lifts_the_rule_lets_recovery_go_on(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            watched = daemon.world.services[DB]
            free = replace(watched.settings.recovery, approval=frozenset[Rung]())
            watched.settings = replace(watched.settings, recovery=free)
            watched.wake.set()
            await recovered(daemon)
            assert await states(daemon) == ["withdrawn"]

    run_virtually(story)


def test_what_needs_a_service_that_waits_for_approval_is_brought_back_without_it_where_it_can_be(
    tmp_path: Path,
) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        here.engine.run("api", labels={"watchdog.depends-on": "db"})
        async with here.daemon("db", "api") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            here.breaks("api")
            await until(daemon, lambda: daemon.world.record_of(ServiceKey("", "api")).attempts)
            assert await states(daemon) == ["waiting"]

    run_virtually(story)


def test_a_dry_run_says_what_would_wait(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            order = RecoverOrder(services=("db",), action=Rung.RECREATE, dry_run=True, by="ada")
            (_, plan) = [event async for event in daemon.recover(order)]
            assert plan["text"].endswith("\n  done by itself it would wait for a person's approval")
            order = replace(order, action=Rung.RESTART)
            (_, plan) = [event async for event in daemon.recover(order)]
            assert "approval" not in plan["text"]

    run_virtually(story)


def test_of_two_people_who_decide_at_once_one_is_heard(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            given, refused = await asyncio.gather(
                daemon.approve(1, "", "ada"), daemon.reject(1, "no", "bob"), return_exceptions=True
            )
            assert isinstance(given, str)
            assert isinstance(refused, UsageError)
            await recovered(daemon)
            assert record(daemon).quarantined is None

    run_virtually(story)


def test_who_rejects_what_is_good_again_at_that_moment_hands_nothing_over(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = scene(loop, tmp_path)
        async with here.daemon("db") as daemon:
            here.engine.docker_rm("db")
            await asked(daemon)
            watched = daemon.world.services[DB]
            async with watched.recording:
                rejection = asyncio.create_task(daemon.reject(1, "no", "bob"))
                await asyncio.sleep(1.0)
                watched.record = replace(watched.record, incident=None)
            with pytest.raises(UsageError, match="approval 1 is not needed any more"):
                await rejection
            assert watched.record.quarantined is None

    run_virtually(story)


def test_what_is_asked_at_once_has_a_number_each(tmp_path: Path) -> None:
    names = [f"db{number}" for number in range(8)]

    async def story(loop: VirtualLoop) -> None:
        here = AlertScene(loop, tmp_path, asking())
        for name in names:
            here.engine.run(name)
        async with here.daemon(*names) as daemon:
            for name in names:
                here.engine.docker_rm(name)
            await until(daemon, lambda: len(daemon.world.approvals) == len(names))
            requests = await daemon.approvals(everything=True)
            assert [one["id"] for one in requests] == list(range(1, 9))
            assert sorted(one["service"] for one in requests) == names

    run_virtually(story)


def test_docker_policies_do_not_ask(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> None:
        here = AlertScene(loop, tmp_path, asking(Rung.START, Rung.RESTART, Rung.RECREATE, Rung.ROLLBACK))
        here.engine.run("db", restart=RestartPolicy.ALWAYS)
        async with here.daemon("db") as daemon:
            here.breaks("db")
            await asyncio.sleep(60.0)
            assert await states(daemon) == []

    run_virtually(story)
