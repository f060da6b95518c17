"""The real server in front of a daemon made of values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.value_daemon import Api, Daemon
from watchdog.api.server import ApiServer
from watchdog.model.api import ApiSettings


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def api(daemon: Daemon, tmp_path: Path) -> AsyncIterator[Api]:
    settings = ApiSettings(port=0, socket=tmp_path / "run" / "watchdog.sock")
    server = ApiServer(settings, daemon, daemon)
    await server.start()
    tcp = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False)
    transport = httpx.AsyncHTTPTransport(uds=str(settings.socket))
    unix = httpx.AsyncClient(base_url="http://localhost", transport=transport)
    async with tcp, unix:
        yield Api(server, settings, tcp, unix)
    await server.stop()
