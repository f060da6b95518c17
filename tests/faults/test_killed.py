"""Fault 22: the daemon is killed at every step of a recovery, and what it left half-done is made whole by the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.killing import ASIDE, RUNGS, Killing, Rung, good, good_or_handed_over, witnessed
from tests.faults.scene import Scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.mark.parametrize("rung", RUNGS, ids=lambda rung: rung.name)
def test_killed_at_every_moment_of_a_rung_the_next_daemon_makes_it_whole(
    rung: Rung, watch: Scene, tmp_path: Path
) -> None:
    killing = Killing(watch, rung, tmp_path)
    with witnessed(watch, tmp_path / "events"):
        killing.hold_at_every_moment()
        watch.daemon.kill()
        killing.make_whole(good)
    killing.judge()


@pytest.mark.parametrize("rung", ASIDE, ids=lambda rung: rung.name)
def test_killed_again_while_it_makes_whole_the_third_one_does(rung: Rung, watch: Scene, tmp_path: Path) -> None:
    killing = Killing(watch, rung, tmp_path)
    with witnessed(watch, tmp_path / "events"):
        killing.hold_at_every_moment()
        watch.daemon.kill()
        killing.kill_again()
        killing.make_whole(good_or_handed_over)
    killing.judge()
