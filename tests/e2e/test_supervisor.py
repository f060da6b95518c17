"""The daemon under a supervisor as of `Type=notify` with `WatchdogSec`: what it says on a real datagram socket."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(20)
        yield door


def _hear(door: socket.socket, *awaited: str) -> list[str]:
    """What is said until every one of these was said, in order."""
    said, missing = list[str](), list(awaited)
    while missing:
        message = door.recv(4096).decode()
        said += message.splitlines()
        if missing[0] in message.splitlines():
            missing.pop(0)
    return said


def test_it_says_that_it_is_ready_alive_reloading_and_stopping(watch: Scene, supervisor: socket.socket) -> None:
    watch.daemon.environment |= {"NOTIFY_SOCKET": supervisor.getsockname(), "WATCHDOG_USEC": "1000000"}
    watch.engine.run("webui")
    watch.start("webui")
    assert _hear(supervisor, "READY=1", "WATCHDOG=1", "WATCHDOG=1", "STATUS=1 services are watched")[0] == "READY=1"
    os.kill(watch.daemon.pid, signal.SIGHUP)
    said = _hear(supervisor, "RELOADING=1", "READY=1", "WATCHDOG=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in said)
    watch.verdict()
    assert watch.daemon.stop() == 0
    _hear(supervisor, "STOPPING=1")
