"""Containers that are nobody's service are in no output, are never protected and are never touched."""

from __future__ import annotations

import pytest

from tests.e2e.doors import check, compose_labels, healths
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

ONE_OFF = ("--label", "com.docker.compose.oneoff=True")
SWARM = ("--label", "com.docker.swarm.service.id=x1", "--label", "com.docker.swarm.service.name=shop_db")
NOT_SERVICES = {
    "shop-run-1": (*compose_labels("shop", "run"), *ONE_OFF),
    "shop_db.1.x1": SWARM,
    "0123456789ab_shop-webui-1": compose_labels("shop", "webui"),
    "once": ("--rm",),
}


def test_what_is_no_service_is_neither_shown_nor_protected_nor_brought_back(watch: Scene) -> None:
    made = {name: watch.engine.run(name, *options) for name, options in NOT_SERVICES.items()}
    watch.engine.run("webui")
    watch.start("webui")
    assert [service["name"] for service in watch.daemon.status()["services"]] == ["webui"]
    ran = check(watch)
    assert (healths(ran), ran.json["absence_not_judged"]) == ({"webui": "healthy"}, [])
    for name in made:
        watch.engine.docker("rm", "--force", name)
    watch.two_polls()
    assert [service["name"] for service in watch.daemon.status()["services"]] == ["webui"]
    assert watch.daemon.incidents() == []
    assert len(watch.containers()) == 1


def test_what_was_stopped_at_first_sight_is_reported_and_not_started(watch: Scene) -> None:
    watch.engine.run("old", "--stop-timeout", "0")
    watch.engine.docker("stop", "old")
    watch.engine.run("job", "--", "true")
    watch.start()
    watch.two_polls()
    status = watch.daemon.status()
    assert [absent["name"] for absent in status["absence_not_judged"]] == ["old"]
    assert [(one["name"], one["health"]) for one in status["services"]] == [("job", "done")]
    assert watch.daemon.incidents() == []
    assert not watch.engine.inspect("old")["State"]["Running"]
