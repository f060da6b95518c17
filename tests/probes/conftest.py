from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.probes.authority import Authority
from tests.probes.servers import Loopback
from watchdog.probes import Prober

Names = Callable[..., None]


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    made = Prober(time.time)
    yield made
    await made.close()


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    made = Loopback()
    yield made
    await made.close()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this host trusts while the test runs."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.path))
    return made


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Names:
    """`resolves("shop.test", "127.0.0.2", ...)` or `resolves("shop.test", OSError(...))`, or a callable to run."""
    real = socket.getaddrinfo

    def name(host: str, *outcome: str | Exception | Callable[[], None]) -> None:
        def getaddrinfo(asked: str, port: int | None, **rest: Any) -> list[Any]:
            if asked != host:
                return list(real(asked, port, **rest))
            match outcome:
                case (Exception() as error,):
                    raise error
                case (str(), *_):
                    return [(0, 0, 0, "", (address, port)) for address in outcome]
                case _:
                    [wait] = outcome
                    assert callable(wait)
                    wait()
            return []

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return name
