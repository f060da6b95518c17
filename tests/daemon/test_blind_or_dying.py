"""Checks that fail because containers are dying, or while nobody knows how they are, do not make the observer blind."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.small_daemon import QUICK, SmallDaemon, small_daemon
from tests.support.stuck_engine import StuckEngine
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.settings import EngineSettings, Settings

NAMES = ("webui", "blog")
PAGES = tuple(
    Check(
        name=f"{name}-page",
        probe=HttpProbe(url=f"http://{name}.example/"),
        service=ServiceKey("", name),
        interval=0.05,
        retry_interval=0.05,
    )
    for name in NAMES
)
SETTINGS = replace(QUICK, endpoints=PAGES, interval=3600.0)
NOT_SETTLED = replace(SETTINGS, engine=EngineSettings(settle=3600.0))
ENOUGH = 6
"""Failures in a row, more than the threshold: whoever would have called the observer blind has done so."""

Setting = tuple[StuckEngine, dict[str, Verdict], SmallDaemon]


@asynccontextmanager
async def _watched(tmp_path: Path, settings: Settings = SETTINGS) -> AsyncGenerator[Setting]:
    engine = StuckEngine(time.time, patience=60.0)
    verdicts = {page.name: Verdict.PASS for page in PAGES}
    for name in NAMES:
        engine.run(name)
    async with small_daemon(engine, tmp_path, settings=settings, verdicts=verdicts) as watchdog:
        await eventually(lambda: all(bool(watchdog.record(name).baselines) for name in NAMES))
        yield engine, verdicts, watchdog


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    async with _watched(tmp_path) as setting:
        yield setting


async def _fail(setting: Setting, times: int = ENOUGH) -> None:
    _, verdicts, watchdog = setting
    verdicts.update(dict.fromkeys(verdicts, Verdict.FAIL))
    streaks = [watchdog.watched(name).streaks for name in NAMES]
    await eventually(
        lambda: all(
            own[page.name].length >= times and own[page.name].verdict is Verdict.FAIL
            for own, page in zip(streaks, PAGES, strict=True)
        )
    )


async def _of_observer(watchdog: SmallDaemon) -> list[str]:
    incidents = await watchdog.daemon.incidents(10, open_only=False)
    return [incident.summary for incident in incidents if incident.subject == "observer"]


async def test_whoever_sees_that_all_checks_fail_while_the_containers_are_fine_is_blind(setting: Setting) -> None:
    *_, watchdog = setting
    await _fail(setting)
    assert len(await _of_observer(watchdog)) == 1


async def test_containers_that_were_told_to_end_and_do_not_serve_any_more_blind_nobody(setting: Setting) -> None:
    engine, _, watchdog = setting
    for name in NAMES:
        engine.docker_kill(name, signal=15)
    await eventually(lambda: all(watchdog.watched(name).signals.stop_heard_at is not None for name in NAMES))
    await _fail(setting)
    assert await _of_observer(watchdog) == []


async def test_deaths_that_were_heard_of_and_not_looked_into_blind_nobody(setting: Setting) -> None:
    engine, _, watchdog = setting
    engine.stuck |= {str(watchdog.running(name)) for name in NAMES}
    for name in NAMES:
        engine.crash(name)
    await eventually(lambda: all(watchdog.watched(name).signals.failed_at is not None for name in NAMES))
    await _fail(setting)
    assert await _of_observer(watchdog) == []


async def test_what_fails_while_the_engine_is_away_blinds_nobody(setting: Setting) -> None:
    engine, _, watchdog = setting
    engine.go_away()
    await eventually(lambda: not watchdog.daemon.ready()[0])
    await _fail(setting)
    assert await _of_observer(watchdog) == []


async def test_what_fails_until_things_have_settled_under_an_engine_that_came_back_blinds_nobody(
    tmp_path: Path,
) -> None:
    async with _watched(tmp_path, NOT_SETTLED) as setting:
        engine, _, watchdog = setting
        engine.go_away()
        await eventually(lambda: not watchdog.daemon.ready()[0])
        engine.come_back()
        await eventually(lambda: watchdog.daemon.ready()[0])
        await _fail(setting)
        assert await _of_observer(watchdog) == []
