"""Whatever is killed in the middle of a deployment: it is committed or rolled back, never between."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployments.moments import FAILS, Moments
from tests.deployments.stage import Shop
from tests.faults.scene import Scene

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]


@pytest.fixture
def moments(watch: Scene, tmp_path: Path) -> Moments:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Moments(Shop(watch, folder), tmp_path)


def test_a_deploy_killed_at_every_write_of_its_deployment_is_committed_or_rolled_back(moments: Moments) -> None:
    most = 12
    moments.open({number: number - 1 for number in range(2, most)})
    pilot = moments.deploy()
    assert pilot.ended()[0] == 0
    moments.judge(pilot)
    told = moments.moments(pilot)
    print(told)
    ends: list[str] = []
    for what in told:
        stand = moments.deploy()
        moments.wait_held(stand)
        stand.kill()
        moments.release(stand)
        ends.append(moments.judge(stand))
        print(what, ends[-1])
    assert ends[-1] == "committed"
