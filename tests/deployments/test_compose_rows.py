"""What a Compose file or command may change beside images, and how its deployment ends."""

from __future__ import annotations

import pytest

from tests.deployments.stage import STACK, UP, Shop

pytestmark = pytest.mark.engine

ORPHANS = (*UP, "--remove-orphans")
DOWN = (*UP[:2], "down", "--timeout", "0")
EXTRA = "  extra: {image: 'shop/db:1', init: true, stop_grace_period: 0s, volumes: ['VOLUME:/data']}"
RENAMED = STACK.replace("  webui:\n", "  front:\n")
NETWORK = STACK + "networks: {{default: {{ipam: {{config: [{{subnet: 10.77.0.0/24}}]}}}}}}\n"


def test_a_service_that_is_removed_or_renamed_is_put_back_unless_it_is_retired(shop: Shop) -> None:
    shop.open(more=EXTRA.replace("VOLUME", "data"))
    shop.write()
    shop.rolls_back("shop/extra is gone and nothing replaced it: say --retire shop/extra", command=ORPHANS)
    shop.write()
    shop.commits("--retire", "extra", command=ORPHANS)
    assert set(shop.identities()) == {"shop-db-1", "shop-api-1", "shop-webui-1"}
    shop.write(text=RENAMED)
    shop.rolls_back("shop/webui is gone", command=ORPHANS)
    shop.write(text=RENAMED)
    told = shop.commits("--retire", "webui", command=ORPHANS)
    assert told.end["touched"] == ["shop/front", "shop/webui"]
    assert set(shop.identities()) == {"shop-db-1", "shop-api-1", "shop-front-1"}
    assert shop.serves()


def test_another_volume_is_committed_and_the_old_one_keeps_what_it_holds(shop: Shop) -> None:
    both = STACK.replace("volumes: {{data: {{}}}}", "volumes: {{data: {{}}, pages: {{}}}}")
    shop.open(more=EXTRA.replace("VOLUME", "data"))
    shop.write(text=both, more=EXTRA.replace("VOLUME", "pages"))
    told = shop.commits()
    assert told.end["touched"] == ["shop/extra"]
    mounted = shop.watch.engine.inspect("shop-extra-1")["Mounts"]
    assert [one["Name"] for one in mounted] == ["shop_pages"]
    shop.write(text=both, more=EXTRA.replace("VOLUME", "data").replace("shop/db:1", shop.web("fails", "exit 1")))
    shop.rolls_back("it ended with code 1")
    volumes = shop.watch.engine.api("GET", "/volumes").json["Volumes"]
    assert {one["Name"] for one in volumes} == {"shop_data", "shop_pages"}


def test_another_network_is_committed_or_rolled_back_with_all_that_is_on_it(shop: Shop) -> None:
    shop.open()
    shop.write(text=NETWORK, image=shop.web("fails", "exit 1"))
    shop.rolls_back("it ended with code 1")
    shop.write(text=NETWORK)
    shop.commits()
    endpoint = shop.watch.engine.inspect("shop-webui-1")["NetworkSettings"]["Networks"]["shop_default"]
    assert endpoint["IPAddress"].startswith("10.77.0.")


def test_making_everything_anew_and_scaling_are_committed(shop: Shop) -> None:
    shop.open()
    before = shop.identities()
    told = shop.commits(command=(*UP, "--force-recreate"))
    assert told.end["touched"] == ["shop/api", "shop/db", "shop/webui"]
    assert not set(before.values()) & set(shop.identities().values())
    shop.write(text=STACK.replace("  api:\n", "  api:\n    scale: 3\n"))
    shop.commits()
    assert {name for name in shop.identities() if "api" in name} == {"shop-api-1", "shop-api-2", "shop-api-3"}
    shop.watch.daemon.wait(lambda: scaled(shop) == 3, "the new replicas are not protected")
    shop.write()
    told = shop.commits()
    assert told.of("scaled")[0]["services"] == ["shop/api#2", "shop/api#3"]
    assert "shop-api-2" not in shop.identities()
    assert scaled(shop) == 1


def scaled(shop: Shop) -> int:
    """Replicas of the API that are protected."""
    found = shop.watch.daemon.status()["services"]
    return len([one for one in found if one["name"].startswith("api") and one["protected"]])


def test_taking_everything_down_is_rolled_back_unless_everything_is_retired(shop: Shop) -> None:
    shop.open()
    told = shop.rolls_back("shop/api, shop/db, shop/webui is gone", command=DOWN)
    assert told.of("touched")
    shop.rolls_back("production: public", "--retire", "db,api,webui", command=DOWN)
    told = shop.deploy("--retire", "db,api,webui", "--excuse", "public", command=DOWN)
    shop.proves(told, 0, "committed")
    assert shop.identities() == {}
    assert list(shop.state()["volumes"]) == ["shop_data"]
    told_of = {one["subject"] for one in shop.watch.daemon.incidents()}
    assert told_of <= {"endpoint public"}, "of its production URL people are told, of no service"
