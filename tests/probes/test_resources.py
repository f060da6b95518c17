"""What a container uses, against its limits and over time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from tests.probes.inside import SERVICE, Stage
from watchdog.model.inside import Disk, Usage
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.inside import ResourcesProbe

MEGABYTE = 1 << 20
HOUR = 3600.0
USAGE = Usage(at=0.0, memory=50 * MEGABYTE, memory_limit=100 * MEGABYTE, cpu_seconds=0.0, cpus=2)
ROOT = Disk(path="/var/lib/docker", size=100 * MEGABYTE, free=40 * MEGABYTE)


@dataclass(slots=True)
class Hands:
    """A clock that the test moves."""

    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass(slots=True)
class Scene:
    stage: Stage
    clock: Hands

    async def ask(self, probe: ResourcesProbe) -> Observation:
        return await self.stage.ask(probe)

    def uses(self, *, memory: float | None = None, cpu: float | None = None) -> None:
        """From now on: so many MiB of 100, so much CPU time."""
        container = self._container
        usage = replace(self.stage.engine.inside.usages.get(container, USAGE), at=self.clock.at)
        usage = usage if memory is None else replace(usage, memory=int(memory * MEGABYTE))
        usage = usage if cpu is None else replace(usage, cpu_seconds=cpu)
        self.stage.engine.inside.usages[container] = usage

    def later(self, seconds: float, *, memory: float | None = None, cpu: float | None = None) -> None:
        self.clock.at += seconds
        self.uses(memory=memory, cpu=cpu)

    async def restart(self) -> None:
        self.stage.engine.docker_stop("db")
        self.clock.at += 1
        self.stage.engine.docker_start("db")
        await self.stage.look(self._container)

    @property
    def _container(self) -> str:
        assert self.stage.container is not None
        return self.stage.container.id


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = Hands()
    stage = Stage(now=clock)
    await stage.run()
    made = Scene(stage, clock)
    made.uses(memory=50)
    yield made
    await stage.prober.close()


def shown(observation: Observation) -> tuple[str, object, str]:
    return observation.verdict.value, observation.evidence.get("class"), observation.reason


async def test_memory_is_measured_against_its_limit(scene: Scene) -> None:
    assert shown(await scene.ask(ResourcesProbe())) == (
        *("pass", None),
        "shop/db uses 50 MiB of 100 (50%) of memory",
    )
    scene.uses(memory=91)
    found = await scene.ask(ResourcesProbe())
    assert shown(found) == (
        *("fail", "memory"),
        "shop/db: it uses 91 MiB of 100 (91%) of memory; at most 90% are expected",
    )
    assert found.evidence["memory_bytes"] == 91 * MEGABYTE
    assert found.evidence["memory_limit_bytes"] == 100 * MEGABYTE


async def test_cpu_is_measured_between_two_questions_against_all_processors(scene: Scene) -> None:
    probe = ResourcesProbe(max_cpu=0.8)
    assert "cpu_share" not in (await scene.ask(probe)).evidence
    scene.later(10, cpu=16.0)
    assert shown(await scene.ask(probe))[::2] == (
        "pass",
        "shop/db uses 50 MiB of 100 (50%) of memory and 80% of its CPU",
    )
    scene.later(0.5, cpu=17.0)
    assert "cpu_share" not in (await scene.ask(probe)).evidence
    scene.later(9.5, cpu=34.0)
    assert shown(await scene.ask(probe)) == (
        *("fail", "cpu"),
        "shop/db: it uses 90% of its CPU; at most 80% are expected",
    )


async def test_cpu_is_measured_against_its_limit_where_it_has_one(scene: Scene) -> None:
    assert scene.stage.container is not None
    scene.stage.container = replace(scene.stage.container, cpu_limit=0.5)
    await scene.ask(ResourcesProbe())
    scene.later(10, cpu=4.5)
    assert (await scene.ask(ResourcesProbe())).evidence["cpu_share"] == 0.9


async def test_a_restart_begins_the_measure_of_cpu_anew(scene: Scene) -> None:
    scene.uses(cpu=500.0)
    await scene.ask(ResourcesProbe())
    await scene.restart()
    scene.later(10, cpu=1.0)
    assert "cpu_share" not in (await scene.ask(ResourcesProbe())).evidence


async def test_restarts_are_counted_within_their_window(scene: Scene) -> None:
    probe = ResourcesProbe(max_restarts=1, restart_window=100)
    await scene.ask(probe)
    await scene.restart()
    assert (await scene.ask(probe)).evidence["restarts"] == 1
    await scene.restart()
    assert shown(await scene.ask(probe)) == (
        *("fail", "restarts"),
        "shop/db: its container was restarted 2 times within 100 s; at most 1 are expected",
    )
    scene.later(100)
    assert (await scene.ask(probe)).verdict is Verdict.PASS


async def test_docker_s_own_restarts_count_and_a_replacement_does_not(scene: Scene) -> None:
    probe = ResourcesProbe(max_restarts=1)
    await scene.ask(probe)
    assert scene.stage.container is not None
    scene.stage.container = replace(scene.stage.container, restart_count=3)
    assert (await scene.ask(probe)).evidence["restarts"] == 3
    scene.stage.prober.forget(Check(name="inside", probe=probe, service=SERVICE))
    await scene.ask(probe)
    scene.stage.engine.docker_rm("db")
    await scene.stage.run()
    scene.uses(memory=50)
    assert (await scene.ask(probe)).evidence["restarts"] == 0


async def test_each_disk_must_have_room(scene: Scene) -> None:
    scene.stage.engine.inside.disks = (ROOT, Disk(path="/srv", size=1000 * MEGABYTE, free=90 * MEGABYTE))
    found = await scene.ask(ResourcesProbe(min_free_disk=0.1))
    assert shown(found) == (
        *("fail", "disk"),
        "shop/db: the disk of /srv has 90 MiB of 1000 (9%) free; at least 10% are expected",
    )
    assert found.evidence["free_bytes /srv"] == 90 * MEGABYTE


async def test_disks_that_cannot_be_seen_are_unknown_and_hide_no_failure(scene: Scene) -> None:
    probe = ResourcesProbe(min_free_disk=0.1)
    assert shown(await scene.ask(probe)) == (
        *("unknown", "engine"),
        "the engine is on another machine: its disks cannot be looked at",
    )
    scene.uses(memory=99)
    assert shown(await scene.ask(probe))[:2] == ("fail", "memory")


async def test_an_engine_that_is_away_is_no_failure_of_the_service(scene: Scene) -> None:
    scene.stage.engine.go_away("no engine")
    assert shown(await scene.ask(ResourcesProbe())) == ("unknown", "engine", "no engine")


async def test_memory_that_will_be_used_up_is_told_before_it_is(scene: Scene) -> None:
    probe = ResourcesProbe(exhausts_within=6 * HOUR)
    for number in range(40):
        scene.later(60, memory=40 + 0.2 * number)
        await scene.ask(probe)
    assert shown(await scene.ask(probe)) == (
        "fail",
        "exhaustion",
        "shop/db: its memory is used up in 4.4 h if it goes on like this",
    )


async def test_a_disk_that_will_be_full_is_told_before_it_is(scene: Scene) -> None:
    probe = ResourcesProbe(exhausts_within=2 * HOUR)
    for number in range(40):
        scene.clock.at += 60
        scene.stage.engine.inside.disks = (replace(ROOT, free=(60 - number) * MEGABYTE),)
        await scene.ask(probe)
    assert shown(await scene.ask(probe)) == (
        *("fail", "exhaustion"),
        "shop/db: the disk of /var/lib/docker is used up in 21 min if it goes on like this",
    )


async def test_a_restart_ends_the_trend_of_memory(scene: Scene) -> None:
    probe = ResourcesProbe(exhausts_within=6 * HOUR)
    for number in range(40):
        scene.later(60, memory=40 + 0.2 * number)
        await scene.ask(probe)
    await scene.restart()
    scene.later(60, memory=48)
    assert (await scene.ask(probe)).verdict is Verdict.PASS


async def test_all_that_is_wrong_is_told_at_once(scene: Scene) -> None:
    scene.stage.engine.inside.disks = (replace(ROOT, free=1),)
    scene.uses(memory=95)
    found = await scene.ask(ResourcesProbe(min_free_disk=0.1))
    assert found.evidence["class"] == "memory"
    assert "of memory; at most 90% are expected; the disk of /var/lib/docker has 0 MiB" in found.reason
