"""Deployments on a real engine by Compose, each with its expected end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deployments.stage import HTTPD, UP, Shop
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


@pytest.fixture
def shop(watch: Scene, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(watch, folder)


def test_a_good_image_is_committed_and_becomes_what_a_recovery_brings_back(shop: Shop) -> None:
    shop.open()
    engine = shop.watch.engine
    before = shop.identities()
    new = engine.image("shop/web:2", marker="two", cmd=HTTPD)
    shop.write(image="shop/web:2")
    told = shop.deploy()
    assert told.code == 0, told.why
    assert told.end["stage"] == "committed"
    after = shop.identities()
    assert after["shop-webui-1"] != before["shop-webui-1"]
    assert after["shop-db-1"] == before["shop-db-1"]
    shop.still_good()
    engine.docker("rm", "--force", "shop-webui-1")
    shop.watch.wait_recovered("shop/webui")
    assert engine.inspect("shop-webui-1")["Image"] == new


def test_an_image_that_crashes_is_rolled_back(shop: Shop) -> None:
    shop.open()
    before = shop.watch.engine.inspect("shop-webui-1")["Image"]
    shop.watch.engine.image("shop/web:2", marker="two", cmd=["sh", "-c", "exit 3"])
    shop.write(image="shop/web:2")
    told = shop.deploy()
    assert told.code == 1, told.why
    assert told.end["stage"] == "rolled_back"
    evidence = shop.run("deployments", str(told.end["id"])).out
    assert "application ok shop/webui page" in evidence, evidence
    assert shop.watch.engine.inspect("shop-webui-1")["Image"] == before
    assert shop.serves()
    shop.still_good()


def test_a_service_removed_from_the_file_is_put_back_unless_it_is_retired(shop: Shop) -> None:
    shop.open(more="  extra: {image: 'shop/db:1', init: true, stop_grace_period: 0s}")
    shop.watch.daemon.wait_protected("shop/extra")
    shop.write()
    told = shop.deploy(command=(*UP, "--remove-orphans"))
    assert told.code == 1, told.why
    assert "shop/extra is gone" in told.end["because"]
    shop.still_good()
    shop.watch.daemon.wait_protected("shop/extra")
    told = shop.deploy("--retire", "extra", command=(*UP, "--remove-orphans"))
    assert told.code == 0, told.why
    assert "shop-extra-1" not in shop.identities()
    shop.still_good()
