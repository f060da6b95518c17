"""What the fake engine and a real one have in common inside of containers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab.engine import LabEngine
from tests.support.eventually import eventually, eventually_sync
from tests.support.fake_engine import FakeEngine
from tests.support.fake_inside import HANGS
from watchdog.engine import processes
from watchdog.engine.docker import DockerEngine
from watchdog.engine.protocol import Engine
from watchdog.errors import Conflict, NotFound, OutOfReach
from watchdog.model.inside import Disk, Ended, LogLine, Usage
from watchdog.model.settings import EngineSettings

NOBODY = "0" * 64
MEGABYTE = 1 << 20
FAILS = ("sh", "-c", "echo out; exit 3")
SLEEPS = ("sh", "-c", "sleep 1000; true")
CHATTERS = ("yes",)
TRUE = ("true",)


@dataclass(slots=True)
class Bench:
    """An engine with the running container `web`, and what somebody else does."""

    engine: Engine
    container: str
    say: Callable[[str], None]
    stop: Callable[[], None]

    async def run(self, *command: str, seconds: float = 30.0, at_most: int = MEGABYTE) -> tuple[str, Ended]:
        execution = await self.engine.prepare_inside(self.container, command, user="", environment={})
        return execution, await self.engine.run_inside(execution, seconds=seconds, at_most=at_most)

    async def texts(self, *, since: float = 0.0, at_most: int = 100) -> list[str]:
        found = self.engine.log(self.container, since=since, at_most=at_most, follow=False)
        return [line.text for lines in [some async for some in found] for line in lines]


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.engine)])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "fake":
        yield _fake()
        return
    lab: LabEngine = request.getfixturevalue("clean_engine")
    engine = DockerEngine(EngineSettings(host=lab.host, timeout=30.0))
    yield _real(lab, engine)
    await engine.close()


def _fake() -> Bench:
    fake = FakeEngine(now=time.time)
    container = fake.run("web")
    fake.inside.programs = {
        FAILS: Ended(exit_code=3, output=b"out\n"),
        SLEEPS: HANGS,
        CHATTERS: Ended(exit_code=0, output=b"y\n" * MEGABYTE),
        TRUE: Ended(exit_code=0, output=b""),
    }
    fake.inside.usages[container] = Usage(
        at=time.time(), memory=MEGABYTE, memory_limit=100 * MEGABYTE, cpu_seconds=0.1, cpus=2
    )
    fake.inside.disks = (Disk(path="/var/lib/docker", size=1000, free=100),)
    return Bench(
        engine=fake,
        container=container,
        say=lambda text: fake.inside.say(container, text),
        stop=lambda: fake.docker_stop("web"),
    )


def _real(lab: LabEngine, engine: DockerEngine) -> Bench:
    container = lab.run("web", "--init", "--memory=100m", "--stop-timeout=1")

    def say(text: str) -> None:
        lab.docker("exec", container, "sh", "-c", f"echo '{text}' > /proc/1/fd/1")

    def stop() -> None:
        lab.docker("stop", container)

    return Bench(engine=engine, container=container, say=say, stop=stop)


async def test_a_command_says_how_it_ended_and_what_it_printed(bench: Bench) -> None:
    _, ended = await bench.run(*FAILS)
    assert ended == Ended(exit_code=3, output=b"out\n")


async def test_a_command_that_is_no_program_ends_with_126_or_127(bench: Bench) -> None:
    _, ended = await bench.run("no-such-program")
    assert ended.exit_code in {126, 127}
    assert b"executable file not found" in ended.output


async def test_a_command_that_does_not_end_is_left_running_and_can_be_killed(bench: Bench) -> None:
    execution, ended = await bench.run(*SLEEPS, seconds=0.3)
    assert ended == Ended(exit_code=None, output=b"")
    assert await bench.engine.runs_inside(execution)
    assert await bench.engine.end_inside(execution)
    await eventually(lambda: _over(bench, execution))


async def _over(bench: Bench, execution: str) -> bool:
    return not await bench.engine.runs_inside(execution)


async def test_a_command_that_prints_for_ever_is_read_no_further_than_agreed(bench: Bench) -> None:
    execution, ended = await bench.run(*CHATTERS, at_most=1000)
    assert (ended.exit_code, ended.output, ended.too_much) == (None, b"y\n" * 500, True)
    assert await bench.engine.end_inside(execution)


async def test_nothing_runs_in_what_does_not_run(bench: Bench) -> None:
    bench.stop()
    with pytest.raises(Conflict):
        await bench.run(*TRUE)
    with pytest.raises(NotFound):
        await bench.engine.prepare_inside(NOBODY, TRUE, user="", environment={})
    assert not await bench.engine.runs_inside(NOBODY)


async def test_a_log_begins_where_it_is_asked_for_and_ends_with_its_newest_lines(bench: Bench) -> None:
    for text in ("one", "two", "three"):
        bench.say(text)
        said = time.time()
        await eventually(lambda said=said: time.time() > said + 0.001)  # the fake is faster than its clock
    await eventually(lambda: _has(bench, "three"))
    assert await bench.texts() == ["one", "two", "three"]
    assert await bench.texts(at_most=2) == ["two", "three"]
    (first, *_) = [lines async for lines in bench.engine.log(bench.container, since=0, at_most=9, follow=False)]
    assert await bench.texts(since=first[0].at + 1e-5) == ["two", "three"]
    assert await bench.texts(since=time.time() + 60) == []


async def _has(bench: Bench, text: str) -> bool:
    return text in await bench.texts()


async def test_who_follows_a_log_hears_each_line_until_the_container_ends(bench: Bench) -> None:
    heard: list[LogLine] = []

    async def follow() -> None:
        async with aclosing(bench.engine.log(bench.container, since=0, at_most=10, follow=True)) as log:
            async for lines in log:
                heard.extend(lines)

    before = time.time()
    bench.say("before")
    task = asyncio.create_task(follow())
    await eventually(lambda: heard)
    bench.say("after")
    await eventually(lambda: len(heard) == 2)
    bench.stop()
    await asyncio.wait_for(task, 30)
    assert [line.text for line in heard] == ["before", "after"]
    assert before - 1 <= heard[0].at <= heard[1].at <= time.time() + 1


async def test_the_log_of_nobody_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        _ = [lines async for lines in bench.engine.log(NOBODY, since=0, at_most=1, follow=True)]


async def test_usage_is_told_of_what_runs(bench: Bench) -> None:
    usage = await bench.engine.usage(bench.container)
    assert 0 < usage.memory < usage.memory_limit == 100 * MEGABYTE
    assert 0 < usage.cpu_seconds < 60
    assert usage.cpus >= 1
    assert abs(usage.at - time.time()) < 60
    with pytest.raises(NotFound):
        await bench.engine.usage(NOBODY)


async def test_each_file_system_is_told_once(bench: Bench) -> None:
    (disk,) = await bench.engine.disks(())
    assert 0 < disk.free < disk.size


@pytest.fixture
async def real(clean_engine: LabEngine) -> AsyncIterator[DockerEngine]:
    engine = DockerEngine(EngineSettings(host=clean_engine.host, timeout=30.0))
    yield engine
    await engine.close()


@pytest.mark.engine
async def test_a_terminal_s_log_is_told_like_any_other(clean_engine: LabEngine, real: DockerEngine) -> None:
    container = clean_engine.run("tty", "--tty", "--", "sh", "-c", "echo one; printf '\\377\\000two\\n'; sleep 1000")
    await eventually(lambda: _lines(real, container, 2))
    assert await _lines(real, container, 2) == ["one", "\ufffd\0two"]


async def _lines(engine: DockerEngine, container: str, at_least: int) -> list[str]:
    found = [line.text async for some in engine.log(container, since=0, at_most=99, follow=False) for line in some]
    return found if len(found) >= at_least else []


@pytest.mark.engine
async def test_both_streams_and_lines_beyond_all_bounds_are_read(clean_engine: LabEngine, real: DockerEngine) -> None:
    script = "echo err >&2; head -c 100000 /dev/zero | tr '\\0' x; echo; sleep 0.3; echo end; sleep 1000"
    container = clean_engine.run("long", "--", "sh", "-c", script)
    await eventually(lambda: _lines(real, container, 3))
    found = await _lines(real, container, 3)
    assert {"err", "end"} < set(found)  # in which order the two streams come is the engine's affair
    long = max(found, key=len)
    assert set(long) == {"x"}
    assert len(long) < 4096


@pytest.mark.engine
@pytest.mark.parametrize("driver", ["json-file", "local"])
async def test_each_log_driver_that_keeps_lines_can_be_read(
    clean_engine: LabEngine, real: DockerEngine, driver: str
) -> None:
    container = clean_engine.run("web", f"--log-driver={driver}", "--", "sh", "-c", "echo one; echo two; sleep 1000")
    assert await eventually(lambda: _lines(real, container, 2)) == ["one", "two"]
    found = real.log(container, since=0, at_most=1, follow=True)
    assert [line.text for line in await anext(found)] == ["two"]
    await found.aclose()


@pytest.mark.engine
async def test_a_log_that_nobody_can_read_is_refused(clean_engine: LabEngine, real: DockerEngine) -> None:
    container = clean_engine.run("none", "--log-driver=none")
    with pytest.raises(OutOfReach, match="log driver"):
        await _lines(real, container, 1)


@pytest.mark.engine
async def test_more_than_a_hundred_followed_logs_leave_the_engine_room_to_answer(
    clean_engine: LabEngine, real: DockerEngine
) -> None:
    container = clean_engine.run("web", "--", "sh", "-c", "echo hello; sleep 1000")
    heard = 0

    async def follow() -> None:
        nonlocal heard
        async for lines in real.log(container, since=0, at_most=1, follow=True):
            heard += len(lines)

    followers = [asyncio.create_task(follow()) for _ in range(120)]
    await eventually(lambda: heard == 120)
    assert (await real.inspect(container)).running
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


@pytest.mark.engine
async def test_what_a_command_started_is_killed_with_it_and_nothing_else(
    clean_engine: LabEngine, real: DockerEngine
) -> None:
    container = clean_engine.run("web", "--init")
    execution = await real.prepare_inside(
        container, ("sh", "-c", "sleep 7777 & sleep 7778"), user="1000", environment={"WHO": "me"}
    )
    await real.run_inside(execution, seconds=0.3, at_most=100)
    inside = _sleepers("777")
    assert len(inside) == 2
    assert await real.end_inside(execution)
    await eventually(lambda: not _sleepers("777"))
    assert (await real.inspect(container)).running


@pytest.mark.engine
async def test_a_command_that_ends_by_itself_when_it_is_to_be_killed_has_ended(
    clean_engine: LabEngine, real: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = await real.prepare_inside(clean_engine.run("web"), ("sleep", "6666"), user="", environment={})
    await real.run_inside(execution, seconds=0.3, at_most=100)
    end = processes.end

    def too_late(process: int, container: str) -> bool:
        os.kill(process, signal.SIGKILL)
        eventually_sync(lambda: not _sleepers("6666"))
        return end(process, container)

    monkeypatch.setattr(processes, "end", too_late)
    assert await real.end_inside(execution)


def _sleepers(seconds: str) -> list[int]:
    """Processes of this machine that sleep that long."""
    found: list[int] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sleep" and words[1].startswith(seconds.encode()):
            found.append(int(file.parent.name))
    return found


@pytest.mark.engine
async def test_volumes_and_root_on_one_file_system_are_one_disk(clean_engine: LabEngine, real: DockerEngine) -> None:
    container = clean_engine.run("web", "--volume", "shop:/data", "--tmpfs", "/scratch", "--cpus=0.5")
    found = await real.inspect(container)
    (path,) = found.writes_to
    assert found.cpu_limit == 0.5
    assert [disk.path for disk in await real.disks((path,))] == [str(clean_engine.ground.directory / "data")]
    with pytest.raises(OutOfReach, match="cannot be looked at from here"):
        await real.disks(("/no/such/place",))


async def test_the_disks_of_another_machine_are_out_of_reach() -> None:
    far = DockerEngine(EngineSettings(host="tcp://127.0.0.1:1"))
    with pytest.raises(OutOfReach, match="another machine"):
        await far.disks(())
    await far.close()


def test_a_process_of_nobody_s_container_is_not_killed() -> None:
    from watchdog.engine import processes

    assert not processes.end(os.getpid(), NOBODY)
    assert not processes.end(1 << 30, NOBODY)
