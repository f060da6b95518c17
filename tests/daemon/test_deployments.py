"""What fails while a deployment is open is its own affair: no incident, no alert, and nothing is held against it."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import HOUR, WATCHED, AlertScene
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.daemon.worker import Worker
from watchdog.model.deployment import DeployOrder, Gate, Stage
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe

pytestmark = pytest.mark.usefixtures("takers")

PUBLIC = Check(name="public", probe=HttpProbe(url="http://127.0.0.1/"), interval=10.0, retry_interval=5.0, failures=3)


def test_an_endpoint_that_fails_or_flaps_under_a_deployment_has_no_incident_and_has_to_fail_anew(
    tmp_path: Path,
) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = AlertScene(loop, tmp_path, replace(WATCHED, endpoints=(PUBLIC,)))
        here.engine.run("webui")
        here.verdicts["public"] = Verdict.PASS
        async with here.daemon("webui") as daemon:
            guard = daemon.deployments
            told = [event async for event in guard.begin(DeployOrder(by="me", uid=0, soak=0.0, timeout=HOUR))]
            assert told[-1]["event"] == "go", told
            for _ in range(20):
                for verdict in (Verdict.FAIL, Verdict.PASS):
                    here.verdicts["public"] = verdict
                    await asyncio.sleep(21.0)
            here.verdicts["public"] = Verdict.FAIL
            await asyncio.sleep(60.0)
            here.verdicts["public"] = Verdict.PASS
            told = [event async for event in guard.commit(told[-1]["token"], 0)]
            assert told[-1]["stage"] == "committed", told
            here.verdicts["public"] = Verdict.FAIL
            await asyncio.sleep(PUBLIC.retry_interval + 1.0)
            here.verdicts["public"] = Verdict.PASS
            await asyncio.sleep(HOUR)
            assert await daemon.incidents(10, open_only=False) == ()
        return here

    assert run_virtually(story).heard() == []


def test_what_failed_before_a_deployment_is_not_held_against_its_rollback_by_the_next_daemon(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> Stage:
        here = AlertScene(loop, tmp_path, replace(WATCHED, endpoints=(PUBLIC,)))
        here.engine.run("webui")
        here.verdicts["public"] = Verdict.PASS
        async with here.daemon("webui") as daemon:
            here.verdicts["public"] = Verdict.FAIL  # nobody has noticed yet
            told = [event async for event in daemon.deployments.begin(DeployOrder(by="me", uid=0, timeout=HOUR))]
            assert told[-1]["event"] == "go", told
            here.engine.docker_stop("webui")
        async with here.daemon() as daemon:
            await asyncio.sleep(60.0)
            (deployment,) = await daemon.deployments.listed(10)
        return deployment.stage

    assert run_virtually(story) is Stage.ROLLED_BACK


def test_who_waits_for_another_deployment_hears_for_an_hour_that_the_daemon_is_there(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> list[str]:
        here = AlertScene(loop, tmp_path, WATCHED)
        here.engine.run("webui")
        async with here.daemon("webui") as daemon:
            guard, order = daemon.deployments, DeployOrder(by="me", uid=0, soak=0.0, timeout=2 * HOUR)
            first = [event async for event in guard.begin(order)]
            heard: list[tuple[float, str]] = []

            async def second() -> None:
                async for event in guard.begin(order):
                    heard.append((loop.time(), event["event"]))  # noqa: PERF401 - looked at before it ends

            waiting = asyncio.create_task(second())
            await asyncio.sleep(HOUR)
            assert {event for _, event in heard} == {"waits", "waiting"}
            assert max(later - sooner for (sooner, _), (later, _) in itertools.pairwise(heard)) < 10.0
            assert [event async for event in guard.commit(first[-1]["token"], 0)][-1]["stage"] == "committed"
            await waiting
            return [event for _, event in heard if event != "waiting"]

    assert run_virtually(story)[-1] == "go"


def test_what_a_deployment_brought_is_good_for_as_long_as_it_likes_and_nobody_turns_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, turn = itertools.count(), Worker.turn

    async def counted(worker: Worker, now: float) -> float | None:
        next(turns)
        return await turn(worker, now)

    monkeypatch.setattr(Worker, "turn", counted)

    async def story(loop: VirtualLoop) -> Stage:
        here = AlertScene(loop, tmp_path, WATCHED)
        here.engine.run("webui")
        async with here.daemon("webui") as daemon:
            guard = daemon.deployments
            told = [event async for event in guard.begin(DeployOrder(by="me", uid=0, soak=0.0, timeout=2 * HOUR))]
            assert told[-1]["event"] == "go", told
            here.engine.docker_rm("webui")
            here.engine.run("webui")
            await asyncio.sleep(HOUR)
            told = [event async for event in guard.commit(told[-1]["token"], 0)]
        return Stage(told[-1]["stage"])

    assert run_virtually(story) is Stage.COMMITTED
    assert next(turns) < HOUR / 4


def test_the_proofs_of_a_gate_stand_in_the_order_in_which_its_checks_are_configured(tmp_path: Path) -> None:
    names = [f"page {number}" for number in range(12)]

    async def story(loop: VirtualLoop) -> list[str]:
        here = AlertScene(loop, tmp_path, replace(WATCHED, endpoints=tuple(replace(PUBLIC, name=one) for one in names)))
        here.engine.run("webui")
        here.verdicts |= dict.fromkeys(names, Verdict.PASS)
        async with here.daemon("webui") as daemon:
            result = await daemon.deployments.gate(Gate.PRODUCTION, ())
        return [proof.subject for proof in result.proofs]

    assert run_virtually(story) == names
