"""Acting and looking on a real engine, where names, tags and signals can mislead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.lab.engine import LabEngine
from watchdog.engine.docker import DockerEngine
from watchdog.engine.look import Look
from watchdog.model.plan import CreateContainer, StopContainer
from watchdog.model.settings import EngineSettings

pytestmark = pytest.mark.engine


@pytest.fixture
async def engine(clean_engine: LabEngine) -> AsyncIterator[DockerEngine]:
    engine = DockerEngine(EngineSettings(host=clean_engine.host, timeout=30.0))
    yield engine
    await engine.close()


def names(lab: LabEngine) -> set[str]:
    return set(lab.docker("ps", "--all", "--format", "{{.Names}}").split())


async def test_a_tag_that_moves_while_it_is_created_does_not_change_the_image(
    clean_engine: LabEngine, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean_engine.image("shop/web:1")
    spec = await engine.capture(clean_engine.run("old", image="shop/web:1"))
    clean_engine.image("shop/web:1", marker="broken")

    async def stale_answer(_self: Look, _image: str, _image_id: str) -> bool:
        return True

    monkeypatch.setattr(Look, "means", stale_answer)
    made = await engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)
    assert clean_engine.inspect(made)["Image"] == spec.image_id
    assert names(clean_engine) == {"old", "web"}


async def test_an_image_without_its_name_is_created_by_its_id_at_once(
    clean_engine: LabEngine, engine: DockerEngine
) -> None:
    clean_engine.image("shop/web:1")
    spec = await engine.capture(clean_engine.run("old", image="shop/web:1"))
    clean_engine.image("shop/web:1", marker="broken")
    before = clean_engine.api("GET", "/info").json["SystemTime"]
    made = await engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)
    after = clean_engine.api("GET", "/info").json["SystemTime"]
    created = clean_engine.docker(
        *("events", "--since", before, "--until", after, "--filter", "event=create", "--filter", "type=container"),
        *("--format", "{{.Actor.ID}}"),
    )
    assert created == made


async def test_the_beginning_of_an_id_is_no_name(clean_engine: LabEngine, engine: DockerEngine) -> None:
    container = clean_engine.run("web")
    network = clean_engine.docker("network", "create", "lan")
    spec = await engine.capture(container)
    lookalike = replace(spec, container_name=container[:12], networks={network[:12]: {"Name": network[:12]}})
    survey = await engine.survey(lookalike)
    assert survey.name_holder is None
    assert survey.networks_gone == (network[:12],)


async def test_a_linked_container_is_listed_under_its_own_name(clean_engine: LabEngine, engine: DockerEngine) -> None:
    clean_engine.run("zz")
    clean_engine.run("aa", "--link", "zz:alias")
    assert {line.name for line in await engine.list_containers()} == {"aa", "zz"}


async def test_a_stop_waits_as_long_as_the_step_says(clean_engine: LabEngine, engine: DockerEngine) -> None:
    container = clean_engine.run("deaf", "--stop-timeout", "600")  # sleep as first process ignores TERM
    async with asyncio.timeout(20):
        await engine.execute(StopContainer(container, 0.5))
    assert (await engine.inspect(container)).exit_code == 137


async def test_what_an_inspect_says_is_understood(clean_engine: LabEngine, engine: DockerEngine) -> None:
    clean_engine.image("shop/sick:1", healthcheck="--interval=1s --retries=1 --start-period=3s CMD echo no; exit 1")
    options = ("--restart", "on-failure:4", "--stop-timeout", "7", "--tmpfs", "/t", "--volume", "/etc:/etc2:ro")
    found = await engine.inspect(clean_engine.run("web", *options, image="shop/sick:1"))
    assert (found.restart_policy.value, found.restart_retries, found.stop_timeout) == ("on-failure", 4, 7.0)
    assert (found.start_period, found.healthcheck.value) == (3.0, "starting")
    assert found.healthcheck_period == 31.0, "its interval and the default time-out"
    assert (found.writable_mounts, found.auto_remove) == (False, False)
    assert found.finished_at is None
