"""What the fake engine and a real one have in common: the same sentences hold for both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.lab.engine import LabEngine
from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from watchdog.engine.docker import DockerEngine
from watchdog.engine.protocol import Connected, Engine, EngineEvent, Signal
from watchdog.errors import Conflict, EngineUnavailable, NotFound
from watchdog.model.container import ContainerState, RestartPolicy
from watchdog.model.plan import (
    CreateContainer,
    CreateNetwork,
    RemoveContainer,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    StopContainer,
)
from watchdog.model.settings import EngineSettings

NOBODY = "0" * 64


@dataclass(slots=True)
class Bench:
    """An engine and what somebody else does to it."""

    engine: Engine
    run: Callable[[str], str]
    crash: Callable[[str], None]
    remove: Callable[[str], None]
    remove_volume: Callable[[str], None]
    remove_network: Callable[[str], None]
    go_away: Callable[[], None]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "fake":
        yield _fake()
        return
    lab: LabEngine = request.getfixturevalue("clean_engine")
    engine = DockerEngine(EngineSettings(host=lab.host, timeout=30.0))
    away = DockerEngine(EngineSettings(host="unix:///nowhere/docker.sock"))
    bench = _real(lab, engine, away)
    yield bench
    await engine.close()
    await away.close()


def _fake() -> Bench:
    fake = FakeEngine(now=time.time)
    return Bench(
        engine=fake,
        run=lambda name: fake.run(
            name, labels={"shop": "yes"}, volumes={f"{name}-v": "/data"}, networks=(f"{name}-n",)
        ),
        crash=lambda name: fake.crash(name, 137),
        remove=fake.docker_rm,
        remove_volume=fake.remove_volume,
        remove_network=fake.remove_network,
        go_away=fake.go_away,
    )


def _real(lab: LabEngine, engine: DockerEngine, away: DockerEngine) -> Bench:
    def run(name: str) -> str:
        lab.docker("network", "create", f"{name}-n")
        return lab.run(name, "--label", "shop=yes", "--volume", f"{name}-v:/data", "--network", f"{name}-n", "--init")

    bench = Bench(
        engine=engine,
        run=run,
        crash=lab.crash,
        remove=lambda name: void(lab.docker("rm", "--force", name)),
        remove_volume=lambda name: void(lab.docker("volume", "rm", name)),
        remove_network=lambda name: void(lab.docker("network", "rm", name)),
        go_away=lambda: setattr(bench, "engine", away),
    )
    return bench


def void(_printed: str) -> None:
    return


@dataclass(slots=True)
class Heard:
    signals: list[Signal] = field(default_factory=list[Signal])

    def actions(self, container: str) -> list[str]:
        events = [signal for signal in self.signals if isinstance(signal, EngineEvent)]
        return [event.action for event in events if event.kind == "container" and event.actor == container]


@asynccontextmanager
async def listening(engine: Engine) -> AsyncGenerator[Heard]:
    heard = Heard()

    async def listen() -> None:
        async for signal in engine.signals():
            heard.signals.append(signal)

    task = asyncio.create_task(listen())
    await eventually(lambda: heard.signals)
    yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_running_container_is_listed_and_inspected(bench: Bench) -> None:
    container = bench.run("web")
    (line,) = await bench.engine.list_containers()
    assert (line.id, line.name, line.state, line.labels["shop"]) == (container, "web", "running", "yes")
    found = await bench.engine.inspect(container)
    assert (found.id, found.name, found.state) == (container, "web", ContainerState.RUNNING)
    assert (found.image, found.image_id) == (line.image, line.image_id)
    assert found.started_at is not None
    assert found.started_at >= found.created_at > 0
    assert found.writable_mounts


async def test_a_stop_is_heard_as_kill_die_and_stop(bench: Bench) -> None:
    container = bench.run("web")
    async with listening(bench.engine) as heard:
        await bench.engine.execute(StopContainer(container, 5))
        await eventually(lambda: {"stop", "die"} <= set(heard.actions(container)))
    actions = heard.actions(container)
    assert actions[0] == "kill"
    assert set(actions) == {"kill", "die", "stop"}
    assert (await bench.engine.inspect(container)).state is ContainerState.EXITED


async def test_who_was_told_to_end_is_remembered(bench: Bench) -> None:
    before, (told, fine) = time.time(), (bench.run("web"), bench.run("api"))
    await bench.engine.execute(StopContainer(told, 5))
    bench.crash("api")
    found = await bench.engine.told_to_end()
    assert fine not in found
    assert before <= found[told] <= time.time()


async def test_a_crash_is_heard_as_die_alone(bench: Bench) -> None:
    container = bench.run("web")
    async with listening(bench.engine) as heard:
        bench.crash("web")
        assert await eventually(lambda: heard.actions(container)) == ["die"]
    found = await bench.engine.inspect(container)
    assert (found.state, found.exit_code) == (ContainerState.EXITED, 137)


async def test_a_forced_removal_is_heard_as_kill_die_and_destroy(bench: Bench) -> None:
    container = bench.run("web")
    async with listening(bench.engine) as heard:
        bench.remove("web")
        await eventually(lambda: heard.actions(container)[-1:] == ["destroy"])
    assert heard.actions(container) == ["kill", "die", "destroy"]
    with pytest.raises(NotFound):
        await bench.engine.inspect(container)


async def test_the_first_signal_says_who_is_connected(bench: Bench) -> None:
    async with listening(bench.engine) as heard:
        first = heard.signals[0]
    assert isinstance(first, Connected)
    assert first.first
    assert first.identity == await bench.engine.identify()


async def test_starting_and_stopping_what_is_so_already_succeeds(bench: Bench) -> None:
    container = bench.run("web")
    await bench.engine.execute(StartContainer(container))
    await bench.engine.execute(StopContainer(container, 5))
    await bench.engine.execute(StopContainer(container, 5))
    await bench.engine.execute(RestartContainer(container, 5))
    assert (await bench.engine.inspect(container)).running


async def test_a_removed_container_comes_back_from_its_spec_as_it_was(bench: Bench) -> None:
    spec = await bench.engine.capture(bench.run("web"))
    bench.remove("web")
    made = await bench.engine.execute(CreateContainer(spec.id, "web.new", spec.image_id), spec)
    assert (await bench.engine.inspect(made)).state is ContainerState.CREATED
    await bench.engine.execute(RenameContainer(made, "web"))
    await bench.engine.execute(StartContainer(made))
    assert (await bench.engine.inspect(made)).running
    assert await bench.engine.capture(made) == spec


async def test_a_taken_name_is_a_conflict(bench: Bench) -> None:
    one, two = bench.run("web"), bench.run("api")
    spec = await bench.engine.capture(one)
    with pytest.raises(Conflict):
        await bench.engine.execute(RenameContainer(two, "web"))
    with pytest.raises(Conflict):
        await bench.engine.execute(CreateContainer(spec.id, "api", spec.image_id), spec)


async def test_what_does_not_exist_is_not_found(bench: Bench) -> None:
    for step in (
        StartContainer(NOBODY),
        StopContainer(NOBODY, 1),
        RemoveContainer(NOBODY),
        RenameContainer(NOBODY, "xx"),
    ):
        with pytest.raises(NotFound):
            await bench.engine.execute(step)
    with pytest.raises(NotFound):
        await bench.engine.capture(NOBODY)


async def test_a_survey_tells_what_is_gone(bench: Bench) -> None:
    container = bench.run("web")
    spec = await bench.engine.capture(container)
    survey = await bench.engine.survey(spec)
    assert (survey.image_present, survey.volumes_gone, survey.networks_gone) == (True, (), ())
    assert survey.name_holder == container
    bench.remove("web")
    bench.remove_volume("web-v")
    bench.remove_network("web-n")
    survey = await bench.engine.survey(spec)
    assert (survey.volumes_gone, survey.networks_gone, survey.name_holder) == (("web-v",), ("web-n",), None)


async def test_a_removed_network_is_made_again_before_its_container(bench: Bench) -> None:
    spec = await bench.engine.capture(bench.run("web"))
    bench.remove("web")
    bench.remove_network("web-n")
    await bench.engine.execute(CreateNetwork(spec.id, "web-n"), spec)
    await bench.engine.execute(CreateNetwork(spec.id, "web-n"), spec)
    made = await bench.engine.execute(CreateContainer(spec.id, "web", spec.image_id), spec)
    await bench.engine.execute(StartContainer(made))
    assert (await bench.engine.survey(spec)).networks_gone == ()


async def test_a_restart_policy_is_changed(bench: Bench) -> None:
    container = bench.run("web")
    await bench.engine.execute(SetRestartPolicy(container, "on-failure", 3))
    found = await bench.engine.inspect(container)
    assert (found.restart_policy, found.restart_retries) == (RestartPolicy.ON_FAILURE, 3)


async def test_an_engine_that_is_away_is_unavailable_and_nothing_else(bench: Bench) -> None:
    container = bench.run("web")
    bench.go_away()
    for call in (bench.engine.identify(), bench.engine.list_containers(), bench.engine.inspect(container)):
        with pytest.raises(EngineUnavailable):
            await call
    with pytest.raises(EngineUnavailable):
        await bench.engine.execute(StartContainer(container))


async def test_a_pinned_image_can_be_pinned_and_unpinned_again(bench: Bench) -> None:
    image_id = (await bench.engine.inspect(bench.run("web"))).image_id
    for _ in range(2):
        await bench.engine.pin_image(image_id, "shop/Web_UI#2")
    for _ in range(2):
        await bench.engine.unpin_image(image_id, "shop/Web_UI#2")
