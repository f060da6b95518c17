"""Faults 14 and 23 inside a deployment: recovery leaves alone what is in its scope, and takes over at its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.deployments.moments import Moments
from tests.deployments.stage import COMPOSE, PORT, Shop
from tests.e2e.receiver import receiver
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

PRUNES = "; ".join(f"docker {what} prune --force" for what in ("container", "network", "image", "volume"))
TAKES_AWAY = f"docker stop --time 0 shop-api-1; {PRUNES}; touch down; while ! test -e go; do sleep 0.05; done"
UP = f"{COMPOSE} --ansi=never up --detach"


@pytest.fixture
def shop(watch: Scene, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(watch, folder)


def test_recovery_leaves_alone_what_a_deployment_covers_and_takes_over_at_its_end(shop: Shop, tmp_path: Path) -> None:
    watch, moments = shop.watch, Moments(shop, tmp_path)
    engine, daemon = watch.engine, watch.daemon
    daemon.config = daemon.config.replace('absence_grace = "300ms"', 'absence_grace = "0s"')
    with receiver(engine.ground.host_address) as told:
        engine.run("shop-bystander")
        moments.open({}, f'[[alert.receiver]]\nname = "chat"\nwebhook = "{told.url}"\n')
        daemon.wait_protected("shop-bystander")
        command = ("sh", "-c", f"{TAKES_AWAY}; {UP}")
        stand = moments.deploy("--services", "shop/api,shop/webui", command=command)
        daemon.wait((shop.folder / "down").exists, "nothing is taken away", 30.0)
        assert "shop-api-1" not in shop.identities()
        engine.docker("rm", "--force", "shop-bystander")
        watch.wait_recovered("shop-bystander")
        refused = shop.run("recover", "shop/api")
        assert refused.code != 0
        assert f"deployment {stand.number} is under way and alone acts here" in refused.out + refused.err
        watch.two_polls()
        assert "shop-api-1" not in shop.identities()
        (shop.folder / "go").touch()
        code, said = stand.ended()
        assert code == 0, said
        assert [one["subject"] for one in daemon.incidents()] == ["shop-bystander"]
        assert not [body for body in told.got if body["subject"] != "shop-bystander"]
        assert _intents(shop, stand.number) == []
        engine.docker("rm", "--force", "shop-api-1")
        watch.wait_recovered("shop/api")
        shop.still_good()


def test_what_cannot_be_rolled_back_stays_as_it_is_until_a_person_has_helped(shop: Shop, tmp_path: Path) -> None:
    watch, engine = shop.watch, shop.watch.engine
    saved = str(tmp_path / "image")

    def stuck(number: int, service: str, command: str, because: str) -> None:
        told = shop.deploy("--services", service, command=("sh", "-c", f"{command}; exit 3"))
        assert told.code == 2, told.why
        why: str = told.end["because"]
        assert because in why
        assert f"Mend that and order `watchdog deploy rollback {number}`" in why
        there = shop.identities()
        refused = shop.run("recover", service)
        assert refused.code != 0
        assert f"deployment {number} needs a person, and everything stays as it is" in refused.out + refused.err
        watch.oracle.compare()
        assert shop.identities() == there
        (alert,) = [body for body in alerts.got if body["subject"] == f"deployment {number}"]
        assert alert["severity"] == "critical"
        assert f"watchdog deploy rollback {number}" in alert["summary"]

    def rolled_back(number: int) -> None:
        ran = shop.run("deploy", "rollback", str(number))
        assert ran.code == 1, ran
        shop.still_good()
        ends = [body["state"] for body in alerts.got if body["subject"] == f"deployment {number}"]
        assert ends == ["firing", "resolved"], ends

    with receiver(engine.ground.host_address) as alerts:
        shop.open(config=f'[[alert.receiver]]\nname = "chat"\nwebhook = "{alerts.url}"\n')
        stuck(1, "shop/db", "docker rm --force shop-db-1; docker volume rm shop_data", "DATA_GONE: volume shop_data")
        engine.docker("volume", "create", "shop_data")
        released = shop.run("deploy", "release", "1", "--reason", "an empty one is made")
        assert released.code == 0, released
        watch.wait_recovered("shop/db")
        engine.docker("exec", "shop-db-1", "sh", "-c", "echo precious > /data/precious")
        shop.still_good()

        image = engine.inspect("shop-db-1")["Image"]
        engine.docker("save", "--output", saved, "shop/db:1")
        gone = f"docker rm --force shop-db-1; docker rmi --force {image}"
        stuck(2, "shop/db", gone, "is gone from the engine")
        engine.docker("load", "--input", saved)
        rolled_back(2)

        stranger = "docker run --detach --name stranger --label watchdog.enable=false"
        stranger = f"{stranger} --publish {PORT}:80 busybox:lab"
        stuck(3, "shop/webui", f"docker rm --force shop-webui-1; {stranger}", str(PORT))
        engine.docker("rm", "--force", "stranger")
        rolled_back(3)


def _intents(shop: Shop, number: int) -> list[Any]:
    """Of anybody, for what the deployment touched while it was open."""
    timeline = shop.watch.daemon.get(f"/api/v1/deployments/{number}").json["timeline"]
    return [row for row in timeline if row["kind"] == "intent"]
