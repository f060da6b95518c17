"""`watchdog recover` through a running daemon."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.doors import compose_labels, one_sentence, recover
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

WATCH_ONLY = {"WATCHDOG_RECOVERY__ENABLED": "false"}
"""What comes back came back because a person ordered it."""
STACK = """
name: shop
services:
  db: {image: "busybox:lab"}
  api: {image: "busybox:lab", depends_on: [db]}
  webui: {image: "busybox:lab", depends_on: [api]}
"""


def test_a_removed_service_is_recovered_by_order_with_live_progress_and_evidence(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.daemon.environment |= WATCH_ONLY
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    incident = watch.wait_incident("webui")
    ran = watch.daemon.cli("recover", "webui")
    assert (ran.code, ran.err) == (0, "")
    *progress, result = ran.out.splitlines()
    assert progress[0].startswith("webui: ")
    assert any("recreate: it has no container" in line for line in progress)
    assert re.fullmatch(r"recovered: webui by recreate after [\d.]+ s: runs; `watchdog show 1`", result)
    (new,) = watch.containers()
    assert new != old
    kinds = [row["kind"] for row in watch.daemon.timeline(incident["id"])]
    assert kinds.index("operator") < kinds.index("intent") < kinds.index("outcome") < kinds.index("incident_closed")


def test_what_is_healthy_already_is_left_alone_and_is_a_success(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.start("webui")
    since = watch.moment()
    code, (result,) = recover(watch, "webui")
    assert (code, result["outcome"], result["action"], result["attempts"]) == (0, "healthy", None, 0)
    assert watch.happened(since) == []
    assert watch.containers() == [old]


def test_an_action_is_what_the_person_named(watch: Scene) -> None:
    old = watch.engine.run("webui", "--stop-timeout", "0")
    watch.start("webui")
    since = watch.moment()
    code, (result,) = recover(watch, "webui", "--action", "restart")
    assert (code, result["outcome"], result["action"], result["attempts"]) == (0, "recovered", "restart", 1)
    assert watch.events(old, "start", "die", since=since) == ["die", "start"]
    code, (result,) = recover(watch, "webui", "--action", "recreate")
    assert (code, result["outcome"], result["action"]) == (0, "recovered", "recreate")
    (new,) = watch.containers()
    assert new != old
    assert watch.incidents("webui") == []


def test_a_rollback_by_order_runs_the_image_that_was_proven_before(watch: Scene) -> None:
    first = watch.engine.image("shop/webui:1", marker="v1")
    watch.engine.run("webui", "--stop-timeout", "0", image="shop/webui:1")
    watch.daemon.environment |= WATCH_ONLY
    watch.start("webui")
    second = watch.engine.image("shop/webui:2", marker="v2")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.run("webui", "--stop-timeout", "0", image="shop/webui:2")
    watch.daemon.wait(lambda: watch.daemon.log.count("proven: webui was good") == 2, "v2 is not proven")
    assert watch.engine.inspect("webui")["Image"] == second
    code, (result,) = recover(watch, "webui", "--action", "rollback")
    assert (code, result["outcome"], result["action"]) == (0, "recovered", "rollback")
    assert watch.engine.inspect("webui")["Image"] == first
    assert len(watch.containers()) == 1


def test_a_rollback_without_another_proven_deployment_is_refused(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.start("webui")
    code, (result,) = recover(watch, "webui", "--action", "rollback")
    assert (code, result["outcome"]) == (1, "refused")
    assert result["reason"] == "there is no other proven deployment to go back to"
    assert watch.containers() == [old]


def test_what_crashes_whatever_is_done_is_not_recovered(watch: Scene) -> None:
    watch.engine.run("webui", "-v", "flag:/flag", "--", "sh", "-c", "test ! -e /flag/broken && sleep 1000000")
    watch.daemon.environment |= WATCH_ONLY
    watch.start("webui")
    watch.engine.docker("exec", "webui", "touch", "/flag/broken")
    watch.engine.crash("webui")
    watch.wait_incident("webui")
    code, (result,) = recover(watch, "webui")
    assert (code, result["outcome"], result["attempts"]) == (1, "failed", 3)
    assert result["reason"].startswith("it exited with code 1; tried start, recreate, recreate")
    assert len(watch.containers()) == 1


def test_a_dry_run_prints_the_plan_with_its_cause_and_touches_nothing(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.environment |= WATCH_ONLY
    watch.start("webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_incident("webui")
    since = watch.moment()
    ran = watch.daemon.cli("recover", "webui", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    first, *steps = ran.out.splitlines()
    assert first == "recreate webui: it has no container; attempt 1 of 3"
    assert [step.split()[1] for step in steps[:3]] == ["create", "rename", "start"]
    assert watch.daemon.cli("recover", "webui", "--dry-run", "--json").json["plan"].startswith(first)
    assert watch.happened(since) == []
    assert watch.containers() == []
    assert watch.intents() == []


def test_a_whole_stack_comes_back_roots_first(watch: Scene, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(STACK)
    watch.engine.compose(tmp_path, "up", "--detach")
    watch.engine.run("other")
    watch.daemon.environment |= WATCH_ONLY
    watch.start("shop/db", "shop/api", "shop/webui", "other")
    watch.engine.docker("rm", "--force", "shop-db-1", "shop-api-1", "shop-webui-1", "other")
    for name in ("shop/db", "shop/api", "shop/webui", "other"):
        watch.wait_incident(name)
    since = watch.moment()
    code, results = recover(watch, "--project", "shop")
    assert code == 0
    assert [(one["name"], one["outcome"]) for one in results] == [
        ("db", "recovered"),
        ("api", "recovered"),
        ("webui", "recovered"),
    ]
    started = [one for one in watch.happened(since) if one.startswith("start")]
    assert started == ["start shop-db-1", "start shop-api-1", "start shop-webui-1"]
    assert watch.health("other") == "missing"
    code, results = recover(watch, "--all")
    assert code == 0
    assert {one["name"]: one["outcome"] for one in results} == {
        "db": "healthy",
        "api": "healthy",
        "webui": "healthy",
        "other": "recovered",
    }


def test_a_branch_does_not_wait_for_the_roots_of_another(watch: Scene) -> None:
    """The slow one passes its health check only after the other branch is back."""
    slow = (
        "--health-cmd",
        "test -e /flag/free",
        "--health-interval",
        "300ms",
        "--health-retries",
        "1000",
        "-v",
        "flag:/flag",
    )
    watch.engine.run("opener", "-v", "flag:/flag", "--", "sh", "-c", "touch /flag/free; sleep 1000000")
    watch.engine.run("slow", *slow)
    watch.engine.run("quick")
    watch.engine.run("leaf", "--label", "watchdog.depends-on=quick")
    watch.daemon.environment |= {**WATCH_ONLY, "WATCHDOG_RECOVERY__VERIFY_TIMEOUT": "2m"}
    watch.start("slow", "quick", "leaf", "opener")
    watch.engine.docker("rm", "--force", "slow", "quick", "leaf")
    watch.engine.docker("exec", "opener", "rm", "/flag/free")
    for name in ("slow", "quick", "leaf"):
        watch.wait_incident(name)
    with ThreadPoolExecutor(1) as ordering:
        ordered = ordering.submit(recover, watch, "--all")
        watch.daemon.wait(lambda: watch.health("leaf") == "healthy", "the other branch waits")
        assert watch.health("slow") == "starting"
        watch.engine.docker("exec", "opener", "touch", "/flag/free")
        code, results = ordered.result(60)
    assert code == 0
    assert [one["name"] for one in results if one["outcome"] == "recovered"] == ["quick", "leaf", "slow"]


def test_an_unknown_or_ambiguous_name_is_64_with_the_candidates(watch: Scene) -> None:
    watch.engine.run("web1", *compose_labels("shop", "webui"))
    watch.engine.run("web2", *compose_labels("blog", "webui"))
    watch.start("shop/webui", "blog/webui")
    said = one_sentence(watch.daemon.cli("recover", "nope"), 64)
    assert said == "no service is called 'nope'; there are: blog/webui, shop/webui"
    said = one_sentence(watch.daemon.cli("recover", "webui"), 64)
    assert said == "'webui' is more than one service: say which of blog/webui, shop/webui"
    said = one_sentence(watch.daemon.cli("recover", "--project", "nope"), 64)
    assert said == "no project is called 'nope'; there are: blog, shop"
    one_sentence(watch.daemon.cli("recover"), 64)
    one_sentence(watch.daemon.cli("recover", "web1", "--all"), 64)
