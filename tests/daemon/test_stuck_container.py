"""A container that the engine does not tell of, or is late to: nothing is done about it, all is done about the others.

`docker pause` in the middle of a health probe makes Docker 20.10 withhold every answer about that container for 20 s.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.small_daemon import QUICK, SmallDaemon, small_daemon
from tests.support.stuck_engine import StuckEngine
from watchdog.model.health import Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Verdict
from watchdog.model.plan import RestartContainer
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Severity
from watchdog.model.settings import AlertSettings

PAGE = Check(
    name="page",
    probe=HttpProbe(url="http://127.0.0.1:8080/"),
    service=ServiceKey("", "webui"),
    interval=0.05,
    retry_interval=0.05,
)
CHECKED = replace(QUICK, endpoints=(PAGE,))


@dataclass(slots=True)
class Setting:
    engine: StuckEngine = field(default_factory=lambda: StuckEngine(time.time))
    verdicts: dict[str, Verdict] = field(default_factory=lambda: {"page": Verdict.PASS})
    webui: str = ""

    async def watched(self, watchdog: SmallDaemon) -> None:
        await eventually(lambda: all(bool(watchdog.record(name).baselines) for name in ("webui", "api")))


@pytest.fixture
def setting() -> Setting:
    setting = Setting()
    setting.webui = setting.engine.run("webui")
    setting.engine.run("api")
    return setting


def _health(watchdog: SmallDaemon, name: str) -> Health | None:
    seen = watchdog.watched(name).seen
    return seen.health if seen is not None else None


async def _is_critical(watchdog: SmallDaemon, incident: int) -> bool:
    return (await watchdog.daemon.timeline(incident))[0].severity is Severity.CRITICAL


async def _asked_again(watchdog: SmallDaemon, failures: int) -> None:
    """Its check has failed so often in a row."""

    def length() -> bool:
        streak = watchdog.watched("webui").streaks.get("page")
        return streak is not None and streak.verdict is Verdict.FAIL and streak.length >= failures

    await eventually(length)


async def test_a_container_that_the_engine_does_not_tell_of_is_unknown_and_the_others_are_cared_for(
    setting: Setting, tmp_path: Path
) -> None:
    engine = setting.engine
    async with small_daemon(engine, tmp_path, settings=CHECKED, verdicts=setting.verdicts) as watchdog:
        await setting.watched(watchdog)
        engine.stuck.add(setting.webui)
        engine.docker_pause("webui")
        setting.verdicts["page"] = Verdict.FAIL
        await eventually(lambda: _health(watchdog, "webui") is Health.UNKNOWN)
        assert watchdog.daemon.ready()[0], "the engine is there"
        engine.docker_rm("api")
        await eventually(lambda: bool(watchdog.record("api").attempts) and _health(watchdog, "api") is Health.HEALTHY)
        assert _health(watchdog, "webui") is Health.UNKNOWN
        engine.docker_unpause("webui")
        setting.verdicts["page"] = Verdict.PASS
        engine.stuck.clear()
        await eventually(lambda: _health(watchdog, "webui") is Health.HEALTHY)
        assert {incident.subject for incident in await watchdog.daemon.incidents(10, open_only=False)} == {"api"}
    assert not any(isinstance(step, RestartContainer) for step in engine.steps)


async def test_a_container_that_the_engine_cannot_tell_of_does_not_make_it_pass_for_away(
    setting: Setting, tmp_path: Path
) -> None:
    engine = setting.engine
    async with small_daemon(engine, tmp_path, settings=CHECKED, verdicts=setting.verdicts) as watchdog:
        await setting.watched(watchdog)
        engine.damaged.add(setting.webui)
        engine.crash("webui")
        await eventually(lambda: _health(watchdog, "webui") is Health.UNKNOWN)
        seen = watchdog.watched("webui").seen
        assert seen is not None
        assert "cannot be judged: the engine refused (500)" in seen.reason
        engine.docker_rm("api")
        await eventually(lambda: bool(watchdog.record("api").attempts) and _health(watchdog, "api") is Health.HEALTHY)
        assert watchdog.daemon.ready()[0]


async def test_a_container_that_nobody_can_tell_of_for_too_long_is_a_persons_business(
    setting: Setting, tmp_path: Path
) -> None:
    engine = setting.engine
    settings = replace(CHECKED, alert=AlertSettings(critical_after=0.5))
    async with small_daemon(engine, tmp_path, settings=settings, verdicts=setting.verdicts) as watchdog:
        await setting.watched(watchdog)
        engine.damaged.add(setting.webui)
        engine.docker_pause("webui")
        (incident,) = await eventually(lambda: watchdog.daemon.incidents(10, open_only=True))
        assert incident.subject == "webui"
        assert "cannot be judged: the engine refused (500)" in incident.summary
        await eventually(lambda: _is_critical(watchdog, incident.id))
        engine.damaged.clear()
        engine.docker_unpause("webui")
        await eventually(lambda: watchdog.record("webui").incident is None)
    assert engine.steps == []


async def test_a_check_that_fails_is_not_acted_upon_before_its_container_was_looked_at_afresh(
    setting: Setting, tmp_path: Path
) -> None:
    engine = setting.engine
    settings = replace(CHECKED, interval=3600.0)
    async with small_daemon(engine, tmp_path, settings=settings, verdicts=setting.verdicts) as watchdog:
        await setting.watched(watchdog)
        engine.drops_events = True
        engine.docker_pause("webui")
        setting.verdicts["page"] = Verdict.FAIL
        await eventually(lambda: _health(watchdog, "webui") is Health.PAUSED)
        assert await watchdog.daemon.incidents(10, open_only=False) == ()
    assert not any(isinstance(step, RestartContainer) for step in engine.steps)


async def test_what_failed_during_a_pause_that_was_never_seen_says_nothing(setting: Setting, tmp_path: Path) -> None:
    engine = setting.engine
    settings = replace(CHECKED, interval=3600.0)
    async with small_daemon(engine, tmp_path, settings=settings, verdicts=setting.verdicts) as watchdog:
        await setting.watched(watchdog)
        engine.stuck.add(setting.webui)
        engine.docker_pause("webui")
        await eventually(lambda: engine.asked)
        setting.verdicts["page"] = Verdict.FAIL
        await _asked_again(watchdog, PAGE.failures)
        engine.docker_unpause("webui")
        setting.verdicts["page"] = Verdict.PASS
        engine.stuck.clear()
        watched = watchdog.watched("webui")
        await eventually(lambda: watched.unpaused_at is not None and _health(watchdog, "webui") is Health.HEALTHY)
        assert await watchdog.daemon.incidents(10, open_only=False) == ()
    assert not any(isinstance(step, RestartContainer) for step in engine.steps)
