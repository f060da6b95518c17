"""Fault 28 inside a deployment: nothing is done without a record, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployments.moments import Moments
from tests.deployments.stage import UP, Shop
from tests.e2e.receiver import Receiver, receiver
from tests.faults.scene import Scene
from tests.lab.disk import fill, tmpfs

pytestmark = pytest.mark.engine

WAITS = ("sh", "-c", f"{' '.join(UP)}; while ! test -e go; do sleep 0.05; done; exit 3")
"""Goes on when it is told to, and fails."""


@pytest.fixture
def moments(watch: Scene, tmp_path: Path) -> Moments:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Moments(Shop(watch, folder), tmp_path)


@pytest.fixture
def told(watch: Scene) -> Iterator[Receiver]:
    """Who hears the alerts; the daemon's own files of them lie on the disk that fails."""
    with receiver(watch.engine.ground.host_address) as one:
        watch.daemon.config += f'[[alert.receiver]]\nname = "chat"\nwebhook = "{one.url}"\n'
        yield one


def test_on_a_full_disk_everything_is_kept_and_rolled_back_when_a_person_says_so(
    moments: Moments, told: Receiver
) -> None:
    shop, daemon = moments.shop, moments.shop.watch.daemon
    daemon.state.mkdir()
    with tmpfs(daemon.state, "40m") as place:
        moments.open({})
        stand = moments.deploy(command=WAITS)
        daemon.wait(lambda: shop.image_of("shop-webui-1") == stand.image, "it changes nothing", 30.0)
        daemon.wait(shop.serves, "its new image does not serve")
        ballast = fill(place)
        there = shop.identities()
        (shop.folder / "go").touch()
        code, said = stand.ended()
        assert code == 2, said

        def stays_as_it_is() -> None:
            assert moments.stage(stand.number) == "stuck"
            assert shop.identities() == there
            refused = shop.deploy()
            assert refused.code == 3, refused.why
            assert f"deployment {stand.number} needs a person first" in refused.ran.err
            assert len(refused.ran.err.splitlines()) == 1

        stays_as_it_is()
        because: str = moments.record(stand.number)["because"]
        assert "No space left" in because
        assert f"watchdog deploy rollback {stand.number}" in because
        daemon.wait(lambda: _told(told, stand.number), "nobody is told")
        assert [one["severity"] for one in _told(told, stand.number)] == ["critical"]
        daemon.kill()
        daemon.start()
        stays_as_it_is()
        ballast.unlink()
        ran = shop.run("deploy", "rollback", str(stand.number))
        assert ran.code == 1, ran
        assert moments.judge(stand) == "rolled_back"
        daemon.wait(lambda: _told(told, stand.number)[-1]["state"] == "resolved", "the alert is not resolved")
        assert "Traceback" not in daemon.log
        shop.watch.verdict()
        daemon.stop()


def _told(told: Receiver, number: int) -> list[Any]:
    return [body for body in told.got if body["subject"] == f"deployment {number}"]
