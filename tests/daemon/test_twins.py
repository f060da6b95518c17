"""Labels travel: a container that bears a service's labels is not thereby the service."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.fake_container import Behaviour
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import SmallDaemon, small_daemon
from watchdog.daemon.state.service import ServiceState
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Outcome

WEB = ServiceKey("shop", "web")
LABELS: Mapping[str, str] = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "1",
}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(time.time)


def web(watchdog: SmallDaemon) -> ServiceState:
    return watchdog.daemon.state.services.known[WEB]


def stands(watchdog: SmallDaemon) -> str | None:
    """Full ID of the container that is the service."""
    service = watchdog.daemon.state.services.known.get(WEB)
    return service.container.id if service is not None and service.container is not None else None


async def proven(engine: FakeEngine, watchdog: SmallDaemon) -> str:
    real = engine.run("shop-web-1", "web:1", labels=LABELS)
    await eventually(lambda: WEB in watchdog.daemon.state.services.known and bool(web(watchdog).record.baselines))
    return real


def committed(engine: FakeEngine, name: str = "twin") -> str:
    """`docker commit` of the service's container, and a container that is run from that."""
    engine.image("copied:1", Behaviour(labels=LABELS))
    return engine.run(name, "copied:1", labels=LABELS)


async def polled(watchdog: SmallDaemon) -> None:
    polls = watchdog.daemon.measures.polls
    await eventually(lambda: watchdog.daemon.measures.polls > polls + 2)


def reason(watchdog: SmallDaemon) -> str:
    (found,) = (one for one in watchdog.daemon.snapshot().services if one.service == WEB)
    return found.reason


@pytest.mark.parametrize("gracefully", [True, False])
async def test_a_twin_is_told_and_the_real_one_is_made_again(
    engine: FakeEngine, tmp_path: Path, *, gracefully: bool
) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        real = await proven(engine, watchdog)
        twin = committed(engine)
        await eventually(lambda: "not the service, though labelled as it: twin" in reason(watchdog))
        assert stands(watchdog) == real
        if gracefully:
            engine.docker_stop("shop-web-1")
        engine.docker_rm("shop-web-1")
        await eventually(lambda: any(one.outcome is Outcome.RECOVERED for one in web(watchdog).record.attempts))
        made = stands(watchdog)
        assert made not in {real, twin, None}
        assert (await engine.inspect(str(made))).name == "shop-web-1"
        assert (await engine.inspect(twin)).running
        engine.docker_rm("twin")
        await eventually(lambda: "twin" not in reason(watchdog))


async def test_labels_by_hand_are_not_enough_where_the_real_one_was_torn_away(
    engine: FakeEngine, tmp_path: Path
) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        real = await proven(engine, watchdog)
        twin = engine.run("twin", "web:1", labels=LABELS)
        engine.docker_rm("shop-web-1")
        await eventually(lambda: stands(watchdog) not in {real, twin, None})


async def test_a_name_is_not_enough_for_what_is_run_from_a_committed_image(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        await proven(engine, watchdog)
        engine.docker_stop("shop-web-1")
        engine.docker_rm("shop-web-1")
        twin = committed(engine, "shop-web-1")
        await polled(watchdog)
        assert stands(watchdog) is None
        assert "not the service, though labelled as it: shop-web-1" in reason(watchdog)
        engine.docker_rm("shop-web-1")
        await eventually(lambda: stands(watchdog) not in {twin, None})


async def test_nor_does_a_twin_take_over_while_no_daemon_looks(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        real = await proven(engine, watchdog)
    twin = committed(engine)
    engine.docker_rm("shop-web-1")
    async with small_daemon(engine, tmp_path) as watchdog:
        await eventually(lambda: stands(watchdog) not in {real, twin, None})
        await polled(watchdog)
        assert (await engine.inspect(str(stands(watchdog)))).name == "shop-web-1"


async def test_a_new_revision_of_the_same_name_is_the_service(engine: FakeEngine, tmp_path: Path) -> None:
    async with small_daemon(engine, tmp_path) as watchdog:
        await proven(engine, watchdog)
        engine.docker_stop("shop-web-1")
        engine.docker_rm("shop-web-1")
        newer = engine.run("shop-web-1", "web:2", labels=LABELS)
        await eventually(lambda: stands(watchdog) == newer and len(web(watchdog).record.baselines) == 2)
        assert not web(watchdog).record.attempts


async def test_a_name_that_changed_with_the_one_that_was_stopped_and_removed_is_the_service(
    engine: FakeEngine, tmp_path: Path
) -> None:
    """As `docker compose up` does after a change of `container_name`, and deployers that start the new one first."""
    async with small_daemon(engine, tmp_path) as watchdog:
        await proven(engine, watchdog)
        renamed = engine.run("web", "web:2", labels=LABELS)
        engine.docker_stop("shop-web-1")
        engine.docker_rm("shop-web-1")
        await eventually(lambda: stands(watchdog) == renamed)
        await polled(watchdog)
        assert stands(watchdog) == renamed
        assert not web(watchdog).record.attempts
        assert web(watchdog).record.container_name == "web"
        twin = engine.run("twin", "web:1", labels=LABELS)
        engine.docker_rm("web")
        await eventually(lambda: stands(watchdog) not in {renamed, twin, None})
