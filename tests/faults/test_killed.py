"""Fault 22: the daemon is killed at every step of a recovery, and what it left half-done is made whole by the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.conftest import SceneOf
from tests.faults.killing import ASIDE, RUNGS, Killing, Rung, good, good_or_handed_over, witnessed
from tests.faults.scene import Scene
from tests.lab.engine import LabEngine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


def params(rungs: Iterable[Rung]) -> list[object]:
    return [pytest.param(rung, id=rung.name, marks=[pytest.mark.long] * rung.long) for rung in rungs]


@pytest.mark.parametrize("rung", params(RUNGS))
def test_killed_at_every_moment_of_a_rung_the_next_daemon_makes_it_whole(
    rung: Rung, watch: Scene, tmp_path: Path
) -> None:
    killing = Killing(watch, rung, tmp_path)
    with witnessed(killing.battery, tmp_path / "events"):
        killing.hold_at_every_moment()
        watch.daemon.kill()
        killing.start_afresh()
        killing.made_whole(good)
    killing.judge()


@pytest.mark.long
@pytest.mark.parametrize("rung", params(ASIDE))
def test_killed_again_while_it_makes_whole_the_third_one_does(rung: Rung, watch: Scene, tmp_path: Path) -> None:
    killing = Killing(watch, rung, tmp_path)
    with witnessed(killing.battery, tmp_path / "events"):
        killing.hold_at_every_moment()
        watch.daemon.kill()
        killing.kill_again()
        killing.start_afresh()
        killing.made_whole(good_or_handed_over)
    killing.judge()


@pytest.mark.long
@pytest.mark.parametrize("goes_on", ["when it is back", "while the engine is away"])
def test_the_engine_killed_at_every_moment_of_setting_aside_brings_nothing_back_beside_a_successor(
    goes_on: str, own_engine: Callable[[], LabEngine], scene_of: SceneOf, tmp_path: Path
) -> None:
    watch = scene_of(own_engine())
    killing = Killing(watch, ASIDE[0], tmp_path)
    with witnessed(killing.battery, tmp_path / "before"):
        holds = killing.hold_at_every_moment()
    watch.engine.kill()
    if goes_on == "while the engine is away":
        holds.release()
        watch.daemon.wait(lambda: not watch.daemon.status()["engine_up"], "the engine's absence is not seen")
    watch.engine.start()
    with witnessed(killing.battery, tmp_path / "after"):
        holds.release()
        killing.made_whole(good_or_handed_over)
    killing.judge(free=1)
