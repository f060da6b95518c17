from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.databases import redis_server
from tests.support.office import PASSWORD, Office
from watchdog.config.load import load_settings
from watchdog.model.observation import Check
from watchdog.probes import Prober

JourneyOf = Callable[..., Check]


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    made = Prober(time.time)
    yield made
    await made.close()


@pytest.fixture
def journey_of(tmp_path: Path) -> JourneyOf:
    """The only journey of a configuration with this text, as `watchdog` reads it."""

    def read(text: str, **environ: str) -> Check:
        file = tmp_path / "journeys.toml"
        file.write_text(text)
        (journey,) = load_settings(file, environ).journeys
        return journey

    return read


@pytest.fixture
def redis_url() -> Iterator[str]:
    with redis_server() as server:
        yield server.redis_url


@dataclass(frozen=True, slots=True)
class Running:
    office: Office
    base: str

    async def empty_the_session_store(self) -> None:
        await self.office.sessions.flushall()


@pytest.fixture
async def office(redis_url: str) -> AsyncIterator[Running]:
    made = Office(redis_url)
    runner = web.AppRunner(made.app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield Running(made, f"http://{host}:{port}")
    await runner.cleanup()


OFFICE = """
[[journey]]
name = "office"
base = "${OFFICE}"
redact = ["csrf"]
secrets = { password = "${PASSWORD}" }
timeout = "20s"

[[journey.step]]
name = "form"
url = "/login"
capture.csrf = { html = "input[name=csrf]", attribute = "value" }

[[journey.step]]
name = "login"
url = "/login"
form = { user = "ann", password = "{{ password }}", csrf = "{{ csrf }}" }
body_contains = "Documents of ann"

[[journey.step]]
name = "documents"
url = "/documents"
body_contains = "Documents of ann"
capture.letter = { html = "a.doc", attribute = "href" }

[[journey.step]]
name = "letter"
url = "{{ letter }}"
body_json = ["$.user == 'ann'", "$.sessions < 2"]

[[journey.step]]
name = "calendar"
url = "/calendar"
body_matches = "Calendar of \\\\w+"

[[journey.step]]
name = "logout"
url = "/logout"
method = "POST"
always_run = true
"""


@pytest.fixture
def office_journey(office: Running, journey_of: JourneyOf) -> Check:
    return journey_of(OFFICE, OFFICE=office.base, PASSWORD=PASSWORD)
