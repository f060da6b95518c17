"""Whatever is killed in the middle of a deployment: it is committed or rolled back, never between."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deployments.moments import FAILS, LINGERS, UP, Moments, ServiceView
from tests.deployments.stage import Shop

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

COMMITS = 9
"""Moments of a deployment that is committed; the last of them is the commit."""
ROLLS_BACK = 24
"""Moments of one whose command fails when it is done: the third is that it is rolled back, the last its end."""
Killed = tuple[tuple[str, ...], int]
"""A command, and the moment of its deployment at which something is killed."""
EVERY: list[Killed] = [
    *((UP, moment) for moment in range(1, COMMITS + 1)),
    *((FAILS, moment) for moment in range(3, ROLLS_BACK + 1)),
]
CHANCE = random.Random(5)  # noqa: S311 - a choice, no secret
THE_CLI: list[Killed] = [(UP, 2), (LINGERS, 99), (UP, COMMITS), (FAILS, CHANCE.randint(4, ROLLS_BACK))]
"""One of them while its command runs, before it comes to its moment."""
THE_DAEMON: list[Killed] = [
    (UP, CHANCE.randint(3, COMMITS - 1)),
    *((FAILS, moment) for moment in CHANCE.sample(range(4, ROLLS_BACK), 2)),
]


def several(some: list[Killed]) -> pytest.MarkDecorator:
    every = pytest.param(EVERY, id="all", marks=pytest.mark.long)
    return pytest.mark.parametrize("killed", [pytest.param(some, id="some"), every])


@pytest.fixture
def moments(shop: Shop, tmp_path: Path) -> Moments:
    return Moments(shop, tmp_path)


@several(THE_CLI)
def test_a_deploy_that_is_killed_at_a_write_of_its_deployment_is_committed_or_rolled_back(
    killed: Sequence[Killed], moments: Moments
) -> None:
    moments.open(dict(enumerate((moment for _, moment in killed), 1)))
    for command, moment in killed:
        stand = moments.deploy(command=command)
        (moments.wait_lingers if command is LINGERS else moments.wait_held)(stand)
        stand.kill()
        moments.release(stand)
        _ends_as_it_should(moments, stand, command, moment)


@several(THE_DAEMON)
def test_a_daemon_that_is_killed_at_a_step_of_a_deployment_has_it_finished_by_the_next(
    killed: Sequence[Killed], moments: Moments
) -> None:
    moments.open(dict(enumerate((moment for _, moment in killed), 1)))
    daemon = moments.shop.watch.daemon
    for command, moment in killed:
        stand = moments.deploy(command=command)
        moments.wait_held(stand)
        daemon.kill()
        code, said = stand.ended()
        assert code == (2 if moment > 2 else 3), said
        assert "broke off in the middle of the deployment" in said
        assert said.count("\n") == 1, said
        daemon.start()
        _ends_as_it_should(moments, stand, command, moment)


def _ends_as_it_should(moments: Moments, stand: ServiceView, command: tuple[str, ...], moment: int) -> None:
    stage = moments.judge(stand)
    if command is LINGERS:
        assert stage == "rolled_back"
        assert "went away" in moments.record(stand.number)["because"]
        return
    said = moments.moments(stand)
    what = said[moment - 1]
    print(f"{stand.number} {moment}: {what[:80]} → {stage}")
    if command is UP:
        assert what.startswith("deployment committed") is (moment == COMMITS), said
        if moment == 1:  # whether the daemon notices before it would let the command begin is chance
            assert stage in {"refused", "rolled_back"}
            assert moments.shop.identities() == stand.before
        else:
            assert stage == ("committed" if moment == COMMITS else "rolled_back")
    else:
        assert what.startswith("deployment rolled back") is (moment == ROLLS_BACK), said
        assert stage == "rolled_back"
