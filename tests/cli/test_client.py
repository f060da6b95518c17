"""The client against the daemon's real API: what one writes the other reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli import answers
from tests.support.value_daemon import INCIDENT, ROW, Daemon
from watchdog.api.doors import RecoverOrder
from watchdog.api.server import ApiServer
from watchdog.cli.client import DaemonClient, DaemonRefused
from watchdog.errors import DaemonUnreachable, EngineUnavailable, UnknownService
from watchdog.model.api import ApiSettings
from watchdog.model.record import Rung
from watchdog.model.views import incident_json, row_json

ORDER = RecoverOrder(project="shop", action=Rung.RECREATE, dry_run=True, by="ada")


@pytest.fixture
def values() -> Daemon:
    return Daemon()


@pytest.fixture
async def client(values: Daemon, tmp_path: Path) -> AsyncIterator[DaemonClient]:
    settings = ApiSettings(host="", socket=tmp_path / "run" / "watchdog.sock")
    server = ApiServer(settings, values, values)
    await server.start()
    async with DaemonClient(settings.socket) as connected:
        yield connected
    await server.stop()


async def test_what_the_daemon_knows_arrives_unchanged(client: DaemonClient, values: Daemon) -> None:
    assert await client.status() == values.now.as_json()
    assert await client.incidents(5, open_only=True) == [incident_json(INCIDENT)]
    assert values.asked == [(5, True)]
    assert await client.timeline(7) == {"incident": incident_json(INCIDENT), "timeline": [row_json(ROW)]}


async def test_health_comes_with_its_sentence(client: DaemonClient, values: Daemon) -> None:
    assert await client.health() == values.alive()
    values.good = False
    assert await client.health() == values.alive()


async def test_orders_arrive_as_they_were_given(client: DaemonClient, values: Daemon) -> None:
    values.events = [answers.plan("webui"), answers.result("webui", "recovered")]
    assert [event async for event in client.recover(ORDER)] == values.events
    assert (await client.pause("webui", 60.0, "disk", "ada")).startswith("Done")
    assert (await client.resume("webui", "ada")).startswith("Done")
    assert (await client.retire("webui", "gone", "ada")).startswith("Done")
    assert values.asked == [
        ORDER,
        ("pause", "webui", 60.0, "disk", "ada"),
        ("resume", "webui", "ada"),
        ("retire", "webui", "gone", "ada"),
    ]


@pytest.mark.parametrize("error", [UnknownService("No service nope.", ("shop/db",)), EngineUnavailable("It is away.")])
async def test_errors_keep_their_sentence_and_exit_code(
    client: DaemonClient, values: Daemon, error: UnknownService | EngineUnavailable
) -> None:
    values.error = error
    with pytest.raises(DaemonRefused) as pause_refused:
        await client.pause("nope", 60.0, "disk", "ada")
    with pytest.raises(DaemonRefused) as recover_refused:
        _ = [event async for event in client.recover(ORDER)]
    for refused in (pause_refused.value, recover_refused.value):
        assert (str(refused), refused.exit_code) == (str(error), error.exit_code)


async def test_nobody_at_the_socket_is_no_daemon(tmp_path: Path) -> None:
    async with DaemonClient(tmp_path / "nobody.sock") as lonely:
        with pytest.raises(DaemonUnreachable, match=r"nobody\.sock \(No such file or directory\)"):
            await lonely.status()
