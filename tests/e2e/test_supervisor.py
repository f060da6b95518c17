"""The daemon under a supervisor as of `Type=notify` with `WatchdogSec`: what it says on a real datagram socket."""

from __future__ import annotations

import os
import queue
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


class Supervisor:
    """Takes what is said at once, as systemd does: a socket that nobody reads is full after ten messages."""

    def __init__(self, door: socket.socket) -> None:
        self.address: str = door.getsockname()
        self._door = door
        self._said = queue.SimpleQueue[str]()
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while message := self._door.recv(4096).decode():
            self._said.put(message)

    def hear(self, *awaited: str) -> list[str]:
        """What is said until every one of these was said, in order."""
        said, missing = list[str](), list(awaited)
        while missing:
            message = self._said.get(timeout=20)
            said += message.splitlines()
            if missing[0] in message.splitlines():
                missing.pop(0)
        return said


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        yield Supervisor(door)
        door.shutdown(socket.SHUT_RD)


def test_it_says_that_it_is_ready_alive_reloading_and_stopping(watch: Scene, supervisor: Supervisor) -> None:
    watch.daemon.environment |= {"NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "1000000"}
    watch.engine.run("webui")
    watch.start("webui")
    assert supervisor.hear("READY=1", "WATCHDOG=1", "WATCHDOG=1", "STATUS=1 services are watched")[0] == "READY=1"
    os.kill(watch.daemon.pid, signal.SIGHUP)
    said = supervisor.hear("RELOADING=1", "READY=1", "WATCHDOG=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in said)
    watch.verdict()
    assert watch.daemon.stop() == 0
    supervisor.hear("STOPPING=1")
