"""`watchdog check`: one look that never repeats the original lie, and touches nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.doors import check, compose_labels, fingerprint, healths, remembered, touched
from tests.faults.scene import Scene
from tests.support.eventually import eventually_sync

pytestmark = pytest.mark.engine

UNREACHABLE = """
[[endpoint]]
name = "elsewhere"
url = "http://192.0.2.1/"
"""
"""The lab's namespace has no way out: the asker fails, which says nothing about the endpoint."""


@pytest.fixture
def alone(watch: Scene) -> Scene:
    """A scene without a daemon: its configuration is written, nothing runs."""
    watch.daemon.write_config()
    return watch


def test_what_runs_is_ok_and_a_look_touches_neither_engine_nor_disk(alone: Scene) -> None:
    alone.engine.run("webui")
    eventually_sync(lambda: check(alone).code == 0, 20)
    since = alone.moment()
    ran = check(alone)
    assert (ran.code, ran.json["status"], ran.json["score"]) == (0, "ok", 1.0)
    assert healths(ran) == {"webui": "healthy"}
    assert touched(alone.engine, since, alone.moment()) == []
    assert not alone.daemon.state.exists()


def test_a_paused_and_a_starting_service_are_warnings(alone: Scene) -> None:
    alone.engine.image("slow:1", healthcheck="--interval=1h CMD true")
    alone.engine.run("slow", image="slow:1")
    ran = check(alone)
    assert (ran.code, healths(ran)) == (1, {"slow": "starting"})
    alone.engine.docker("pause", "slow")
    ran = check(alone)
    assert (ran.code, healths(ran)) == (1, {"slow": "paused"})
    alone.engine.docker("unpause", "slow")


def test_a_failing_health_check_is_critical(alone: Scene) -> None:
    alone.engine.image("sick:1", healthcheck="--interval=300ms --retries=1 CMD echo no space; exit 1")
    alone.engine.run("sick", image="sick:1")
    eventually_sync(lambda: check(alone).code == 2, 20)
    ran = check(alone)
    assert healths(ran) == {"sick": "unhealthy"}
    assert ran.json["services"][0]["reason"] == "its health check fails: no space"


def test_the_original_lie_a_service_that_only_the_ledger_knows_is_missing_without_any_daemon(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.engine.run("db")
    remembered(watch, "webui", "db")
    watch.engine.docker("rm", "--force", "webui")
    since, before = watch.moment(), fingerprint(watch.daemon.state)
    ran = check(watch)
    assert (ran.code, ran.json["status"]) == (2, "critical")
    assert healths(ran) == {"db": "healthy", "webui": "missing"}
    assert ran.json["score"] <= 0.5
    assert ran.json["absence_not_judged"] == []
    assert "critical: 1 of 2 services well, score 0.50; webui is missing." in watch.daemon.cli("check").out
    assert touched(watch.engine, since, watch.moment()) == []
    assert fingerprint(watch.daemon.state) == before


def test_with_a_daemon_that_may_not_act_yet_check_and_status_say_the_same(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.daemon.environment |= {"WATCHDOG_RECOVERY__ABSENCE_GRACE": "1h", "WATCHDOG_RECOVERY__ABSENCE_MAX": "1h"}
    watch.start("webui")
    assert watch.daemon.cli("status").code == check(watch).code == 0
    watch.engine.docker("rm", "--force", "webui")
    watch.daemon.wait(lambda: watch.health("webui") == "missing", "webui is not called missing")
    assert watch.daemon.cli("status").code == check(watch).code == 2
    assert healths(check(watch)) == {"webui": "missing"}


def test_a_service_that_only_the_compose_file_names_is_missing(alone: Scene, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text("name: shop\nservices:\n  db: {image: 'busybox:lab'}\n  webui: {image: 'busybox:lab'}\n")
    alone.engine.compose(tmp_path, "up", "--detach")
    eventually_sync(lambda: check(alone).code == 0, 20)
    alone.engine.docker("rm", "--force", "shop-webui-1")
    ran = check(alone)
    assert (ran.code, healths(ran)) == (2, {"shop/db": "healthy", "shop/webui": "missing"})
    assert ran.json["services"][1]["reason"] == f"named in {file}, but it has no container"


def test_a_service_named_in_the_configuration_is_missing_when_it_has_no_container(alone: Scene) -> None:
    alone.daemon.write_config(alone.daemon.config + '[[service]]\nname = "webui"\nproject = "shop"\n')
    ran = check(alone)
    assert (ran.code, healths(ran)) == (2, {"shop/webui": "missing"})


def test_an_endpoint_that_does_not_answer_is_critical(alone: Scene) -> None:
    alone.daemon.write_config(alone.daemon.config + '[[endpoint]]\nname = "shop"\nurl = "http://127.0.0.1:9/"\n')
    ran = check(alone)
    assert ran.code == 2
    (endpoint,) = ran.json["endpoints"]
    assert (endpoint["name"], endpoint["verdict"]) == ("shop", "fail")


def test_critical_wins_over_what_cannot_be_judged_and_that_over_a_warning(alone: Scene) -> None:
    alone.daemon.write_config(alone.daemon.config + UNREACHABLE)
    ran = check(alone)
    assert (ran.code, ran.json["endpoints"][0]["verdict"]) == (3, "unknown")
    alone.engine.run("slow")
    alone.engine.docker("pause", "slow")
    assert check(alone).code == 3
    alone.daemon.write_config(alone.daemon.config + '[[service]]\nname = "webui"\n')
    ran = check(alone)
    assert (ran.code, healths(ran)) == (2, {"slow": "paused", "webui": "missing"})
    alone.engine.docker("unpause", "slow")


def test_what_nothing_says_should_run_is_listed_as_absence_not_judged_and_strict_minds(alone: Scene) -> None:
    alone.engine.run("cron", "--", "sh", "-c", "exit 3")
    eventually_sync(lambda: not alone.engine.inspect("cron")["State"]["Running"])
    ran = check(alone)
    assert (ran.code, healths(ran)) == (0, {})
    (absent,) = ran.json["absence_not_judged"]
    assert absent["name"] == "cron"
    assert absent["reason"] == "it exited with code 3; nothing says that it should run"
    ran = check(alone, "--strict")
    assert (ran.code, ran.json["status"]) == (3, "unknown")
    alone.engine.run("slow")
    alone.engine.docker("pause", "slow")
    assert check(alone).code == 1
    assert check(alone, "--strict").code == 3
    alone.daemon.write_config(alone.daemon.config + '[[service]]\nname = "webui"\n')
    assert check(alone, "--strict").code == 2
    alone.engine.docker("unpause", "slow")


def test_a_service_is_named_with_or_without_its_project(alone: Scene) -> None:
    alone.engine.run("web1", *compose_labels("shop", "webui"))
    alone.engine.run("web2", *compose_labels("blog", "webui"))
    alone.engine.run("db1", *compose_labels("shop", "db"))
    eventually_sync(lambda: check(alone).code == 0, 20)
    alone.engine.docker("pause", "web2")
    assert healths(check(alone, "db")) == {"shop/db": "healthy"}
    ran = check(alone, "shop/webui", "db")
    assert (ran.code, healths(ran)) == (0, {"shop/db": "healthy", "shop/webui": "healthy"})
    assert check(alone, "blog/webui").code == 1
    unknown = alone.daemon.cli("check", "nope")
    assert (unknown.code, unknown.out) == (3, "")
    assert unknown.err == "no service is called 'nope'; there are: blog/webui, shop/db, shop/webui\n"
    ambiguous = alone.daemon.cli("check", "webui")
    assert (ambiguous.code, ambiguous.out) == (3, "")
    assert ambiguous.err == "'webui' is more than one service: say which of blog/webui, shop/webui\n"
    alone.engine.docker("unpause", "web2")
