"""Of tests in virtual time: they run, they can fail, and what a failed one shows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.alert_scene import HOUR, ONLY_WATCHED, AlertScene
from tests.support.failure_report import SENTENCES
from tests.support.virtual_time import VirtualLoop, virtual_time
from watchdog.model.identity import ServiceKey
from watchdog.model.settings import AlertSettings


@virtual_time
async def test_a_test_is_given_its_fixtures_and_a_loop_in_which_a_day_takes_no_time(tmp_path: Path) -> None:
    assert tmp_path.is_dir()
    loop = VirtualLoop.running()
    began = loop.time()
    await asyncio.sleep(24 * HOUR)
    assert loop.time() - began == 24 * HOUR


def test_a_test_runs_to_its_end_and_can_fail_there() -> None:
    @virtual_time
    async def fails() -> None:
        await asyncio.sleep(HOUR)
        pytest.fail("at the end")

    with pytest.raises(pytest.fail.Exception, match="at the end"):
        fails()


def test_every_example_of_hypothesis_has_a_loop_of_its_own() -> None:
    loops: list[VirtualLoop] = []

    @given(seconds=st.floats(min_value=0.0, max_value=24 * HOUR))
    @virtual_time
    async def test(seconds: float) -> None:
        loops.append(VirtualLoop.running())
        before = loops[-1].time()
        await asyncio.sleep(seconds)
        assert loops[-1].time() == pytest.approx(before + seconds)

    test()
    assert len({id(loop) for loop in loops}) == len(loops) > 10


def test_the_smallest_example_of_hypothesis_that_fails_is_found() -> None:
    @given(seconds=st.integers(min_value=0, max_value=100))
    @virtual_time
    async def test(seconds: int) -> None:
        await asyncio.sleep(seconds)
        assert seconds < 50

    with pytest.raises(AssertionError) as failure:
        test()
    assert any("seconds=50" in note for note in failure.value.__notes__)


def test_what_is_no_coroutine_function_is_refused() -> None:
    @given(st.booleans())
    async def upside_down(_: bool) -> None:
        """It stands above `@given`."""

    with pytest.raises(TypeError, match="stands right above its `async def`"):
        virtual_time(upside_down)  # pyright: ignore[reportArgumentType]  # that is the mistake


async def test_a_scene_in_real_time_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="this needs virtual time"):
        AlertScene(tmp_path)


@virtual_time
async def _broken(directory: Path, *, in_block: bool) -> None:
    here = AlertScene(directory, replace(ONLY_WATCHED, alert=AlertSettings()))
    here.engine.run("webui")
    here.engine.run("db")
    async with here.daemon("webui", "db") as daemon:
        here.breaks("webui")
        await asyncio.sleep(HOUR)
        for number in range(SENTENCES):
            await asyncio.sleep(1.0)
            daemon.journal.say(ServiceKey("", "db"), f"sentence {number}")
        assert not in_block, "in the block"
    raise AssertionError("behind it")


@pytest.mark.parametrize("in_block", [True, False])
def test_a_failure_shows_the_services_and_the_last_sentences_by_the_seconds_since_it_began(
    tmp_path: Path, *, in_block: bool
) -> None:
    with pytest.raises(AssertionError) as failure:
        _broken(tmp_path, in_block=in_block)
    (note,) = failure.value.__notes__
    state, header, webui, db, heading, *sentences = note.splitlines()
    assert state == "the daemon at 1:00:45.000: critical: 1 of 2 services well, score 0.50; webui is unhealthy."
    assert header.split() == ["service", "health", "phase", "container", "message"]
    assert webui.split()[:4] == ["webui", "unhealthy", "waiting", "webui"]
    assert webui.endswith("it exited with code 3; reported only: recovery is off (recovery.enabled)")
    assert db.split()[:4] == ["db", "healthy", "idle", "db"]
    assert heading == f"the last {SENTENCES} sentences:"
    ends = [] if in_block else [line for line in sentences if "watchdog stops" in line]
    assert len(sentences) == SENTENCES
    assert sentences[-1 - len(ends)] == f"1:00:45.000  sentence {SENTENCES - 1}  service=db"
