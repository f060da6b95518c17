"""What systemd hears, on a real datagram socket."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchdog.daemon.process.systemd import Supervisor


@pytest.fixture(params=["path", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    address = str(tmp_path / "notify") if request.param == "path" else f"@watchdog-test-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address.replace("@", "\0", 1) if request.param == "abstract" else address)
        listening.settimeout(5)
        yield listening, {"NOTIFY_SOCKET": address}


def test_systemd_hears_each_change(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    notifier = Supervisor.from_environment(environ)
    for tell, expected in (
        (notifier.ready, b"READY=1"),
        (notifier.alive, b"WATCHDOG=1"),
        (notifier.stopping, b"STOPPING=1"),
    ):
        tell()
        assert listening.recv(4096) == expected


def test_a_reload_says_when_it_began(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    Supervisor.from_environment(environ).reloading()
    reloading, began = listening.recv(4096).decode().splitlines()
    assert reloading == "RELOADING=1"
    assert before <= int(began.removeprefix("MONOTONIC_USEC=")) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_a_status_is_one_assignment_whatever_it_says(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    Supervisor.from_environment(environ).status("webui\nMAINPID=1\r\nis missing" + "x" * 1000)
    heard = listening.recv(4096).decode()
    assert heard.startswith("STATUS=webui MAINPID=1 is missing")
    assert len(heard.splitlines()) == 1
    assert len(heard) < 300


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_systemd_nobody_is_told(environ: dict[str, str]) -> None:
    notifier = Supervisor.from_environment(environ)
    notifier.ready()
    notifier.status("good")
    assert notifier.watchdog_interval is None


def test_a_supervisor_that_is_gone_hurts_nobody(tmp_path: Path) -> None:
    Supervisor.from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_the_interval_is_ours_only_if_it_is_meant_for_us(given: dict[str, str], seconds: float | None) -> None:
    assert Supervisor.from_environment({"NOTIFY_SOCKET": "/run/n", **given}).watchdog_interval == seconds
