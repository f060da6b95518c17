"""Fault 21: two daemons on one engine would each bring back what the other one takes down."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

SceneOf = Callable[[LabEngine], Scene]


@pytest.fixture
def second(watch: Scene, scene_of: SceneOf) -> Scene:
    """Another daemon with a state directory of its own: the engine is all that the two have in common."""
    second = scene_of(watch.engine)
    second.daemon.environment["WATCHDOG_STATE__RUN_DIR"] = str(watch.daemon.directory / "run")
    return second


def _ended(scene: Scene) -> int | None:
    """The exit code of a daemon that ends by itself."""
    with pytest.raises(AssertionError, match="the daemon ended with"):
        scene.daemon.wait(lambda: False, "it goes on")
    return scene.daemon.ended()


def _last_words(scene: Scene) -> str:
    errors = [json.loads(line) for line in scene.daemon.log.splitlines() if '"error"' in line]
    return str(errors[-1]["event"])


def test_a_second_daemon_refuses_to_act_and_says_who_holds_the_engine(watch: Scene, second: Scene) -> None:
    container = watch.engine.run("webui")
    watch.start("webui")
    second.daemon.start(wait=False)
    assert _ended(second) == 1
    words = _last_words(second)
    assert f"already by process {watch.daemon.pid} (" in words
    assert "watchdog" in words
    assert f"with state directory {watch.daemon.state}" in words
    assert words.endswith("stop it first")
    assert "Traceback" not in second.daemon.log

    watch.engine.crash("webui")
    watch.wait_recovered("webui")
    watch.two_polls()
    assert watch.events(container, "start") == ["start", "start"]
    assert len(watch.intents()) == 1


def test_a_second_daemon_that_waited_for_the_engine_refuses_as_well(
    own_engine: Callable[..., LabEngine], scene_of: SceneOf
) -> None:
    """Before the engine answers nobody knows that it is the same one."""
    engine = own_engine()
    engine.run("webui", "--stop-signal", "KILL")
    first, second = scene_of(engine), scene_of(engine)
    second.daemon.environment["WATCHDOG_STATE__RUN_DIR"] = str(first.daemon.directory / "run")
    first.start("webui")
    first.daemon.stop()
    engine.stop()
    for scene in (first, second):
        scene.daemon.start(wait=False)
        scene.daemon.wait(lambda scene=scene: "the engine is away" in scene.daemon.log, "it does not wait")
    engine.start()
    both = (first, second)
    first.daemon.wait(lambda: any(one.daemon.ended() is not None for one in both), "both go on")
    (loser,) = (one for one in both if not one.daemon.runs)
    (winner,) = (one for one in both if one.daemon.runs)
    assert loser.daemon.ended() == 1
    holders = (f"process {winner.daemon.pid} (", "another process, which has just started")
    assert any(f"already by {holder}" in _last_words(loser) for holder in holders)
    winner.daemon.wait(lambda: winner.daemon.get("/-/ready").status == 200, "the other one is not ready")


def test_two_daemons_do_not_share_a_state_directory(watch: Scene, scene_of: SceneOf) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    second = scene_of(watch.engine)
    second.daemon.environment["WATCHDOG_STATE__DIR"] = str(watch.daemon.state)
    second.daemon.start(wait=False)
    assert _ended(second) == 1
    assert f"State directory {watch.daemon.state} is used already by process {watch.daemon.pid}" in second.daemon.log


def test_the_lock_goes_with_the_daemon_however_it_ends(watch: Scene, second: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    watch.daemon.kill()
    second.start("webui")
    assert second.daemon.stop() == 0
    watch.daemon.start()
    watch.daemon.wait_protected("webui")


def test_an_order_without_a_daemon_is_refused_while_another_daemon_holds_the_engine(
    watch: Scene, second: Scene
) -> None:
    """`recover` is the daemon for its duration, and bound by the same lock."""
    container = watch.engine.run("webui")
    watch.start("webui")
    second.daemon.write_config()
    refused = second.daemon.cli("recover", "webui", "--action", "restart")
    assert refused.code == 1
    assert f"process {watch.daemon.pid}" in refused.err
    assert len(refused.err.splitlines()) == 1, refused.err
    assert watch.events(container, "restart", "die") == []
