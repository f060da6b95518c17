"""A command is cut short while the engine still makes or stops a container for it: the rollback waits for that."""

from __future__ import annotations

import signal

import pytest

from tests.deployments.stage import HTTPD, Shop

pytestmark = pytest.mark.engine

FILES = 20_000
"""In the place of a volume in the image: the engine copies them, and the container is there once it has."""
LABELS = ("project=shop", "service=webui", "container-number=1", "oneoff=False")
MAKE = " ".join(("docker create --volume heavy:/heavy", *(f"--label com.docker.compose.{one}" for one in LABELS)))
STUBBORN = "  stubborn:\n    image: shop/stubborn:1\n    stop_grace_period: 4s\n"


@pytest.mark.long
@pytest.mark.parametrize("name", ["0123456789ab_shop-webui-1", "shop-webui-1"])
def test_a_container_that_comes_late_is_removed_and_what_was_there_is_back(shop: Shop, name: str) -> None:
    engine = shop.watch.engine
    engine.image("shop/maker:1", cmd=["sh", "-c", f"mkdir /heavy; cd /heavy; seq {FILES} | xargs touch"])
    engine.docker("run", "--name", "maker", "shop/maker:1")
    engine.docker("commit", "--change", f"CMD {' '.join(HTTPD)}", "maker", "shop/heavy:1")
    engine.docker("rm", "maker")
    shop.open()
    before = shop.state()
    script = f"docker rm --force shop-webui-1; {MAKE} --name {name} shop/heavy:1; exec sleep 1000"
    deploying = shop.start(command=("sh", "-c", script))
    shop.watch.daemon.wait(lambda: name in shop.identities() and not shop.image_of(name), "it is not being made")
    deploying.send_signal(signal.SIGINT)
    out, _ = deploying.communicate(timeout=60)
    assert deploying.returncode == 1, out
    engine.docker("volume", "rm", "heavy")
    assert shop.state() == before
    shop.still_good()


def test_a_container_that_is_still_being_stopped_is_started_again_before_all_is_called_good(shop: Shop) -> None:
    engine = shop.watch.engine
    engine.image("shop/stubborn:1", cmd=["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
    shop.open(more=STUBBORN)
    before = engine.inspect("shop-stubborn-1")
    deploying = shop.start(command=("sh", "-c", "docker stop shop-stubborn-1; exec sleep 1000"))
    shop.watch.daemon.wait(lambda: "kill" in shop.watch.events("shop-stubborn-1"), "it is not told to end")
    deploying.send_signal(signal.SIGINT)
    assert engine.inspect("shop-stubborn-1")["State"]["Running"]
    out, _ = deploying.communicate(timeout=60)
    assert deploying.returncode == 1, out
    now = engine.inspect("shop-stubborn-1")
    assert (now["Id"], now["State"]["Running"]) == (before["Id"], True)
    assert now["State"]["StartedAt"] > before["State"]["StartedAt"]
    shop.still_good()
    assert shop.watch.daemon.incidents() == []
