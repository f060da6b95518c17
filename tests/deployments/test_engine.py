"""The engine is restarted in the middle of a deployment, and all of its containers with it: it is rolled back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SceneOf
from tests.deployments.moments import FAILS, Moments, Stand
from tests.deployments.stage import UP, Shop
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

WAITS = ("sh", "-c", f"{' '.join(UP)}; touch up; while ! test -e go; do sleep 0.05; done")
"""Goes on when it is told to."""


def test_an_engine_that_restarts_while_a_deployment_is_open_has_it_rolled_back_and_why_is_said(
    own_engine: Callable[[], LabEngine], scene_of: SceneOf, tmp_path: Path
) -> None:
    engine = own_engine()
    folder = tmp_path / "shop"
    folder.mkdir()
    shop = Shop(scene_of(engine), folder)
    moments, daemon = Moments(shop, tmp_path), shop.watch.daemon
    moments.open({3: 7})

    def rolled_back(stand: Stand, *because: str) -> None:
        code, said = stand.ended()
        assert code == 1, (said, moments.record(stand.number))
        why = moments.record(stand.number)["because"]
        assert any(one in why for one in because), why
        assert moments.judge(stand) == "rolled_back"

    stand = moments.deploy(command=WAITS)
    daemon.wait((folder / "up").exists, "its command is not that far", 30.0)
    engine.restart()
    (folder / "go").touch()
    rolled_back(stand, "infrastructure: ", "engine")

    stand = moments.deploy(soak="60s")
    daemon.wait(lambda: moments.stage(stand.number) == "soaking", "it does not soak", 30.0)
    engine.restart()
    rolled_back(stand, "shop/webui page: ", "it ended with code", "public: ")

    stand = moments.deploy(command=FAILS)
    moments.wait_held(stand)
    assert moments.stage(stand.number) == "rolling_back"
    engine.restart()
    moments.release(stand)
    rolled_back(stand, "its command ended with code 3")
