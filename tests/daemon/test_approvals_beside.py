"""Approvals beside everything else: rollbacks, silences, a reload, other services, several people at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import AlertScene
from tests.support.approvals import (
    DB,
    asked,
    asking,
    record,
    recovered,
    scene,
    states,
    until,
    waiting,
)
from tests.support.fake_container import Behaviour
from tests.support.virtual_time import virtual_time
from watchdog.api.doors import RecoverOrder, Target
from watchdog.errors import UsageError
from watchdog.model.alert import FILES
from watchdog.model.container import RestartPolicy
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung
from watchdog.model.settings import RecoverySettings, RollbackMode

pytestmark = pytest.mark.usefixtures("takers")


@virtual_time
async def test_a_rollback_that_is_a_persons_call_is_asked_for_where_rollbacks_wait_for_approval(tmp_path: Path) -> None:
    assert RollbackMode.AUTO is RecoverySettings().rollback
    here = scene(tmp_path, asking(Rung.ROLLBACK, max_attempts=1))
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
        container = daemon.state.services.known[DB].container
        assert container is not None
        assert container.image_id == good


@virtual_time
async def test_a_silenced_request_is_in_the_files_and_told_when_the_silence_ends(tmp_path: Path) -> None:
    here = scene(tmp_path)
    async with here.daemon("db") as daemon:
        await daemon.silence(Target(name="db"), 600.0, "known", "ada")
        here.engine.docker_rm("db")
        await asked(daemon)
        await asyncio.sleep(300.0)
        assert "approval-1" in [one.key for one in here.alerts(FILES)]
        assert here.heard() == []
        await asyncio.sleep(310.0)
        assert "approval-1" in [one.key for one in here.alerts()]


@virtual_time
async def test_a_reload_that_lifts_the_rule_lets_recovery_go_on(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (_, daemon):
        watched = daemon.state.services.known[DB]
        free = replace(watched.settings.recovery, approval=frozenset[Rung]())
        watched.settings = replace(watched.settings, recovery=free)
        watched.wake.set()
        await recovered(daemon)
        assert await states(daemon) == ["withdrawn"]


@virtual_time
async def test_what_needs_a_service_that_waits_for_approval_is_brought_back_without_it_where_it_can_be(
    tmp_path: Path,
) -> None:
    here = scene(tmp_path)
    here.engine.run("api", labels={"watchdog.depends-on": "db"})
    async with here.daemon("db", "api") as daemon:
        here.engine.docker_rm("db")
        await asked(daemon)
        here.breaks("api")
        await until(daemon, lambda: daemon.state.services.record_of(ServiceKey("", "api")).attempts)
        assert await states(daemon) == ["waiting"]


@virtual_time
async def test_a_dry_run_says_what_would_wait(tmp_path: Path) -> None:
    here = scene(tmp_path)
    async with here.daemon("db") as daemon:
        order = RecoverOrder(services=("db",), action=Rung.RECREATE, dry_run=True, by="ada")
        (_, plan) = [event async for event in daemon.recover(order)]
        assert plan["text"].endswith("\n  done by itself it would wait for a person's approval")
        order = replace(order, action=Rung.RESTART)
        (_, plan) = [event async for event in daemon.recover(order)]
        assert "approval" not in plan["text"]


@virtual_time
async def test_of_two_people_who_decide_at_once_one_is_heard(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (_, daemon):
        given, refused = await asyncio.gather(
            daemon.approve(1, "", "ada"), daemon.reject(1, "no", "bob"), return_exceptions=True
        )
        assert isinstance(given, str)
        assert isinstance(refused, UsageError)
        await recovered(daemon)
        assert record(daemon).quarantined is None


@virtual_time
async def test_who_rejects_what_is_good_again_at_that_moment_hands_nothing_over(tmp_path: Path) -> None:
    async with waiting(tmp_path) as (_, daemon):
        watched = daemon.state.services.known[DB]
        async with watched.recording:
            rejection = asyncio.create_task(daemon.reject(1, "no", "bob"))
            await asyncio.sleep(1.0)
            watched.record = replace(watched.record, incident=None)
        with pytest.raises(UsageError, match="approval 1 is not needed any more"):
            await rejection
        assert watched.record.quarantined is None


@virtual_time
async def test_what_is_asked_at_once_has_a_number_each(tmp_path: Path) -> None:
    names = [f"db{number}" for number in range(8)]
    here = AlertScene(tmp_path, asking())
    for name in names:
        here.engine.run(name)
    async with here.daemon(*names) as daemon:
        for name in names:
            here.engine.docker_rm(name)
        await until(daemon, lambda: len(daemon.state.operators.approvals) == len(names))
        requests = await daemon.approvals(everything=True)
        assert [one["id"] for one in requests] == list(range(1, 9))
        assert sorted(one["service"] for one in requests) == names


@virtual_time
async def test_docker_policies_do_not_ask(tmp_path: Path) -> None:
    here = AlertScene(tmp_path, asking(Rung.START, Rung.RESTART, Rung.RECREATE, Rung.ROLLBACK))
    here.engine.run("db", restart=RestartPolicy.ALWAYS)
    async with here.daemon("db") as daemon:
        here.breaks("db")
        await asyncio.sleep(60.0)
        assert await states(daemon) == []
