"""`watchdog recover` where no daemon runs: the command is the daemon for its duration, under the same lock."""

from __future__ import annotations

import pytest

from tests.conftest import SceneOf
from tests.e2e.doors import one_sentence, recover, remembered, touched
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

NOWHERE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}


def test_what_was_ordered_is_recovered_and_recorded_and_nothing_else_is_touched(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.engine.run("db")
    remembered(watch, "webui", "db")
    watch.engine.docker("rm", "--force", "webui", "db")
    code, (result,) = recover(watch, "webui")
    assert (code, result["outcome"], result["action"]) == (0, "recovered", "recreate")
    (new,) = watch.containers()
    assert watch.engine.inspect(new)["Name"] == "/webui"
    assert watch.engine.inspect(new)["State"]["Running"]
    shown = watch.daemon.cli("show", str(result["incident"]), "--json").json
    assert [row["kind"] for row in shown["timeline"]].count("intent") == 1
    assert shown["incident"]["recovered_at"] is not None
    assert watch.daemon.cli("ledger", "verify").code == 0
    assert watch.daemon.cli("check").code == 2
    code, results = recover(watch, "--all")
    assert (code, {one["name"]: one["outcome"] for one in results}) == (0, {"db": "recovered", "webui": "healthy"})
    assert watch.daemon.cli("check").code == 0


def test_a_dry_run_changes_nothing_in_the_engine(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.engine.run("newcomer")
    remembered(watch, "webui")
    watch.engine.run("later")
    watch.engine.docker("rm", "--force", "webui")
    since = watch.moment()
    ran = watch.daemon.cli("recover", "webui", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("recreate webui: it has no container; attempt 1 of 3\n  1. create webui.watchdog-new-")
    ran = watch.daemon.cli("recover", "--all", "--dry-run")
    assert ran.code == 0
    assert touched(watch.engine, since, watch.moment()) == []


def test_a_rollback_by_order_needs_no_daemon_either(watch: Scene) -> None:
    first = watch.engine.image("shop/webui:1", marker="v1")
    watch.engine.image("shop/webui:2", marker="v2")
    watch.engine.run("webui", "--stop-timeout", "0", image="shop/webui:1")
    remembered(watch, "webui")
    watch.engine.docker("rm", "--force", "webui")
    watch.engine.run("webui", "--stop-timeout", "0", image="shop/webui:2")
    remembered(watch, "webui")
    code, (result,) = recover(watch, "webui", "--action", "rollback")
    assert (code, result["outcome"], result["action"]) == (0, "recovered", "rollback")
    assert watch.engine.inspect("webui")["Image"] == first
    assert len(watch.containers()) == 1


def test_what_cannot_be_recovered_ends_with_1_3_or_64_and_one_sentence(watch: Scene) -> None:
    watch.engine.run("webui")
    remembered(watch, "webui")
    said = one_sentence(watch.daemon.cli("recover", "nope"), 64)
    assert said == "no service is called 'nope'; there are: webui"
    watch.daemon.environment |= NOWHERE
    said = one_sentence(watch.daemon.cli("recover", "webui"), 3)
    assert "no engine at unix:///nonexistent/docker.sock" in said


def test_a_second_one_on_the_same_engine_is_refused_and_told_who_holds_it(watch: Scene, scene_of: SceneOf) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    other = scene_of(watch.engine)
    run_dir = f'run_dir = "{watch.daemon.directory / "run"}"'
    file = other.daemon.write_config()
    file.write_text(file.read_text().replace(f'run_dir = "{other.daemon.directory / "run"}"', run_dir))
    said = one_sentence(other.daemon.cli("recover", "webui"), 1)
    assert f"is watched already by process {watch.daemon.pid} (" in said
    assert str(watch.daemon.state) in said
