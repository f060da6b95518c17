"""When several unrelated checks fail, the observer's references say whether it is the observer who is blind."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.fake_engine import FakeEngine
from tests.support.small_daemon import QUICK, SmallDaemon, small_daemon
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Incident
from watchdog.model.settings import ObserverSettings, ServiceSettings

PAGES = ("webui", "blog")
REFERENCES: tuple[str, ...] = ("1.1.1.1:53", "https://example.org/")


def _page(name: str) -> tuple[ServiceKey, ServiceSettings]:
    key = ServiceKey("", name)
    check = Check(
        name=f"{name}-page",
        probe=HttpProbe(url=f"http://{name}.example/"),
        service=key,
        interval=0.1,
        retry_interval=0.1,
    )
    return key, ServiceSettings(health=QUICK.health, recovery=QUICK.recovery, checks=(check,))


SETTINGS = replace(
    QUICK, observer=ObserverSettings(references=REFERENCES), services=tuple(_page(name) for name in PAGES)
)


@asynccontextmanager
async def _blinded(
    directory: Path, references: dict[str, Verdict]
) -> AsyncGenerator[tuple[SmallDaemon, dict[str, Verdict]]]:
    """A daemon whose two services were proven, and whose checks of both have begun to fail together."""
    engine = FakeEngine(time.time)
    for name in PAGES:
        engine.run(name)
    heard = {f"{name}-page": Verdict.PASS for name in PAGES} | references
    async with small_daemon(engine, directory, settings=SETTINGS, verdicts=heard) as small:
        await eventually(lambda: all(small.knows(name) and small.record(name).baselines for name in PAGES))
        heard |= {f"{name}-page": Verdict.FAIL for name in PAGES}
        yield small, heard


async def _incidents(small: SmallDaemon) -> tuple[Incident, ...]:
    return await small.daemon.incidents(100, open_only=False)


async def test_one_reference_that_answers_makes_the_failures_the_services_own(tmp_path: Path) -> None:
    answers = {REFERENCES[0]: Verdict.FAIL, REFERENCES[1]: Verdict.PASS}
    async with _blinded(tmp_path, answers) as (small, _):
        await eventually(lambda: all(small.record(name).attempts for name in PAGES))
        assert {incident.subject for incident in await _incidents(small)} == set(PAGES)


async def test_references_that_are_silent_confirm_that_the_observer_is_blind(tmp_path: Path) -> None:
    silent = {REFERENCES[0]: Verdict.FAIL, REFERENCES[1]: Verdict.UNKNOWN}
    async with _blinded(tmp_path, silent) as (small, heard):
        said = "1.1.1.1:53, https://example.org/ do not answer either"
        await eventually(lambda: all(small.watched(name).course.message.endswith(said) for name in PAGES))
        await eventually(lambda: small.daemon.snapshot().incidents_open)
        (incident,) = await _incidents(small)
        assert (incident.subject, incident.summary.endswith(said)) == ("observer", True)
        heard.update({f"{name}-page": Verdict.PASS for name in PAGES})
        await eventually(lambda: not small.daemon.snapshot().incidents_open)
        assert not any(small.record(name).attempts for name in PAGES)


async def test_references_that_answer_again_end_the_blindness_and_the_failures_are_asked_anew(tmp_path: Path) -> None:
    async with _blinded(tmp_path, dict.fromkeys(REFERENCES, Verdict.FAIL)) as (small, heard):
        await eventually(lambda: small.daemon.snapshot().incidents_open)
        heard.update(dict.fromkeys(REFERENCES, Verdict.PASS))
        await eventually(lambda: all(small.record(name).attempts for name in PAGES))
        observer, *others = sorted(await _incidents(small), key=lambda incident: incident.id)
        assert (observer.subject, observer.closed_at is not None) == ("observer", True)
        assert {incident.subject for incident in others} == set(PAGES)
        first = min(small.record(name).attempts[0].at for name in PAGES)
        assert 0.0 < small.daemon.state.observer.sees_since <= first
