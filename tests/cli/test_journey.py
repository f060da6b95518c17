"""`watchdog journey`, as a person types it: against a real web application."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.probes.journey.conftest import OFFICE
from tests.support.databases import redis_server
from tests.support.office import PASSWORD, Office


@pytest.fixture
def base() -> Iterator[str]:
    """The office on a thread of its own: the command under test has the process to itself."""
    with redis_server() as server:
        loop, ready = asyncio.new_event_loop(), threading.Event()
        addresses: list[str] = []

        async def serve() -> web.AppRunner:
            runner = web.AppRunner(Office(server.redis_url).app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            addresses.append("http://{}:{}".format(*runner.addresses[0][:2]))
            ready.set()
            return runner

        def run() -> None:
            runner = loop.run_until_complete(serve())
            loop.run_forever()
            loop.run_until_complete(runner.cleanup())

        thread = threading.Thread(target=run)
        thread.start()
        assert ready.wait(30)
        yield addresses[0]
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def journey(tmp_path: Path, base: str, *arguments: str, more: str = "") -> subprocess.CompletedProcess[str]:
    config = tmp_path / "watchdog.toml"
    config.write_text(OFFICE.replace("${OFFICE}", base).replace("${PASSWORD}", PASSWORD) + more)
    command = [sys.executable, "-m", "watchdog", "--config", str(config), "journey", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_journey_made_by_hand_is_printed_step_by_step(tmp_path: Path, base: str) -> None:
    ran = journey(tmp_path, base, "run", "office")
    assert ran.returncode == 0, ran
    lines = [line.split()[:2] for line in ran.stdout.splitlines()[1:7]]
    assert lines == [[step, "pass"] for step in ("form", "login", "documents", "letter", "calendar", "logout")]
    assert "POST /login → 303, GET /documents → 200" in ran.stdout
    assert "captured csrf" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("pass: 6 steps passed in ")


def test_a_step_that_fails_shows_what_was_asked_and_answered_and_no_secret(tmp_path: Path, base: str) -> None:
    config = '[[journey.step]]\nname = "gone"\nurl = "/nowhere?password=hunter2"\n'
    ran = journey(tmp_path, base, "run", "office", more=config)
    assert ran.returncode == 1
    assert f"gone: GET {base}/nowhere?password=***" in ran.stdout
    assert "404: Not Found" in ran.stdout
    remote = base.removeprefix("http://")
    assert ran.stdout.splitlines()[-1] == f"fail: step gone fails: {remote} answers HTTP 404; expected is 200-299"
    assert "hunter2" not in ran.stdout
    assert PASSWORD not in ran.stdout


def test_a_journey_is_printed_as_json_too(tmp_path: Path, base: str) -> None:
    ran = journey(tmp_path, base, "run", "office", "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["journey"], told["verdict"], len(told["steps"])) == (0, "office", "pass", 6)
    assert told["steps"][1]["exchanges"][0]["status"] == 303
    assert PASSWORD not in ran.stdout


def test_a_journey_that_nobody_configured_is_named_with_those_that_are(tmp_path: Path, base: str) -> None:
    ran = journey(tmp_path, base, "run", "ofice")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "there is no journey ofice; configured: office" in ran.stderr


def test_the_journeys_of_the_configuration_are_listed(tmp_path: Path) -> None:
    ran = journey(tmp_path, "http://office.test", "list")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[1].startswith("office   form, login, documents, letter, calendar, logout")
