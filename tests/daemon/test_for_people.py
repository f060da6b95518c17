"""A check whose failure is for people degrades its service and tells them; nothing is done, and nothing held up."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import QUICK, SmallDaemon, small_daemon
from watchdog.model.health import Cause, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, OnFailure, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Incident, Outcome, Severity
from watchdog.model.settings import ServiceSettings

KEY = ServiceKey("", "webui")
PAGE = Check(name="page", probe=HttpProbe(url="http://127.0.0.1/"), service=KEY, interval=0.1, retry_interval=0.1)
REPORT = replace(PAGE, name="report", on_failure=OnFailure.ALERT)
WEBUI = ServiceSettings(health=QUICK.health, recovery=QUICK.recovery, checks=(PAGE, REPORT))
SETTINGS = replace(QUICK, services=((KEY, WEBUI),))


@asynccontextmanager
async def _proven(
    directory: Path, heard: dict[str, Verdict], engine: FakeEngine | None = None
) -> AsyncGenerator[tuple[FakeEngine, SmallDaemon]]:
    if engine is None:
        engine = FakeEngine(time.time)
        engine.run("webui")
    async with small_daemon(engine, directory, settings=SETTINGS, verdicts=heard) as small:
        await eventually(lambda: small.knows("webui") and small.record("webui").baselines)
        yield engine, small


def _health(small: SmallDaemon) -> Health:
    (service,) = small.daemon.snapshot().services
    return service.health


async def _incidents(small: SmallDaemon) -> tuple[Incident, ...]:
    return await small.daemon.incidents(100, open_only=False)


async def test_it_degrades_and_has_an_incident_of_its_own_and_nothing_is_done(tmp_path: Path) -> None:
    heard = {"page": Verdict.PASS, "report": Verdict.PASS}
    async with _proven(tmp_path, heard) as (_, small):
        heard["report"] = Verdict.FAIL
        await eventually(lambda: small.daemon.snapshot().incidents_open)
        (incident,) = await _incidents(small)
        assert (incident.subject, incident.cause) == ("check webui report", Cause.FOR_PEOPLE)
        assert (incident.severity, incident.summary) == (Severity.WARNING, "it is a fail")
        assert _health(small) is Health.DEGRADED
        heard["report"] = Verdict.PASS
        await eventually(lambda: not small.daemon.snapshot().incidents_open)
        (incident,) = await _incidents(small)
        assert incident.recovered_at is not None
        assert _health(small) is Health.HEALTHY
        assert small.record("webui").attempts == ()


async def test_it_is_in_the_way_of_no_verification(tmp_path: Path) -> None:
    heard = {"page": Verdict.PASS, "report": Verdict.PASS}
    async with _proven(tmp_path, heard) as (engine, small):
        heard["report"] = Verdict.FAIL
        await eventually(lambda: _health(small) is Health.DEGRADED)
        engine.crash("webui")
        await eventually(lambda: [one.outcome for one in small.record("webui").attempts] == [Outcome.RECOVERED])
        await eventually(lambda: small.record("webui").incident is None)
        subjects = {incident.subject: incident for incident in await _incidents(small)}
        assert subjects.keys() == {"webui", "check webui report"}
        assert subjects["webui"].recovered_at is not None
        assert subjects["check webui report"].closed_at is None


async def test_it_goes_on_where_an_earlier_daemon_left_it(tmp_path: Path) -> None:
    heard = {"page": Verdict.PASS, "report": Verdict.PASS}
    async with _proven(tmp_path, heard) as (engine, small):
        heard["report"] = Verdict.FAIL
        await eventually(lambda: small.daemon.snapshot().incidents_open)
        (before,) = await _incidents(small)
    async with _proven(tmp_path, heard, engine) as (_, small):
        await eventually(lambda: _health(small) is Health.DEGRADED)
        assert await _incidents(small) == (before,)
        heard["report"] = Verdict.PASS
        await eventually(lambda: not small.daemon.snapshot().incidents_open)
        (incident,) = await _incidents(small)
        assert incident.id == before.id


async def test_what_fails_with_its_service_has_no_incident_of_its_own(tmp_path: Path) -> None:
    heard = {"page": Verdict.PASS, "report": Verdict.PASS}
    async with _proven(tmp_path, heard) as (_, small):
        heard.update({"page": Verdict.FAIL, "report": Verdict.FAIL})
        await eventually(lambda: small.record("webui").attempts)
        assert {incident.subject for incident in await _incidents(small)} == {"webui"}
