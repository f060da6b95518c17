"""The engine is restarted in the middle of a deployment, and all of its containers with it: it is rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SceneOf
from tests.deployments.conftest import ShopOn
from tests.deployments.moments import Moments, ServiceView
from tests.deployments.stage import UP
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

WAITS = ("sh", "-c", f"{' '.join(UP)}; touch up; while ! test -e go; do sleep 0.05; done")
"""Goes on when it is told to."""


@pytest.fixture
def moments(own_engine: Callable[[], LabEngine], scene_of: SceneOf, shop_on: ShopOn, tmp_path: Path) -> Moments:
    return Moments(shop_on(scene_of(own_engine())), tmp_path)


def test_an_engine_that_restarts_while_the_command_runs_and_again_while_that_is_rolled_back(moments: Moments) -> None:
    shop = moments.shop
    moments.open({1: 9})
    stand = moments.deploy(command=WAITS)
    shop.watch.daemon.wait((shop.folder / "up").exists, "its command is not that far", 30.0)
    shop.watch.engine.restart()
    (shop.folder / "go").touch()
    moments.wait_held(stand)
    assert moments.stage(stand.number) == "rolling_back"
    shop.watch.engine.restart()
    moments.release(stand)
    _rolled_back(moments, stand, "infrastructure: ", "engine", "it ended with code")


@pytest.mark.long
def test_an_engine_that_restarts_while_a_deployment_soaks_has_it_rolled_back(moments: Moments) -> None:
    moments.open({})
    stand = moments.deploy(soak="60s")
    moments.shop.watch.daemon.wait(lambda: moments.stage(stand.number) == "soaking", "it does not soak", 30.0)
    moments.shop.watch.engine.restart()
    _rolled_back(moments, stand, "shop/webui page: ", "it ended with code", "public: ")


def _rolled_back(moments: Moments, stand: ServiceView, *because: str) -> None:
    code, said = stand.ended()
    record = moments.record(stand.number)
    assert code == 1, (said, record)
    assert any(one in record["because"] for one in because), record["because"]
    assert moments.judge(stand) == "rolled_back"
