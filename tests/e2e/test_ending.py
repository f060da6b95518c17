"""SIGTERM ends the daemon before systemd would kill it, whatever it does; the next one makes good what was left."""

from __future__ import annotations

import threading
import time

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

PROMISED = 15.0
"""`TimeoutStopSec` of deploy/systemd/watchdog.service."""
STUBBORN = ("--stop-timeout", "15", "--", "sh", "-c", "trap '' TERM; while true; do sleep 1; done")
"""Ignores TERM: stopping it takes longer than the daemon may take to end."""


def _stops_in_time(scene: Scene) -> None:
    began = time.monotonic()
    assert scene.daemon.stop() == 0
    assert time.monotonic() - began < PROMISED
    assert not scene.daemon.socket.exists()


def test_an_idle_daemon_ends_with_0_and_says_so_in_the_ledger(watch: Scene) -> None:
    old = watch.engine.run("webui")
    watch.start("webui")
    watch.verdict()
    _stops_in_time(watch)
    assert watch.daemon.cli("ledger", "verify").code == 0
    assert "watchdog stops on request" in (watch.daemon.state / "ledger.db").read_bytes().decode(errors="replace")
    assert watch.containers() == [old]


def _converged(scene: Scene) -> bool:
    """One container, good, and nobody works on it."""
    service = scene.service("webui")
    return len(scene.containers()) == 1 and service["health"] == "healthy" and service["incident"] is None


@pytest.mark.parametrize("action", [pytest.param("restart", marks=pytest.mark.long), "recreate"])
def test_in_the_middle_of_a_recovery_it_hands_over_and_the_next_one_converges(watch: Scene, action: str) -> None:
    watch.engine.run("webui", *STUBBORN)
    watch.start("webui")
    ordering = threading.Thread(target=watch.daemon.cli, args=("recover", "webui", "--action", action))
    since = watch.moment()
    ordering.start()
    watch.daemon.wait(lambda: "kill webui" in watch.happened(since), "nothing is being stopped")
    _stops_in_time(watch)
    ordering.join()
    watch.daemon.start()
    watch.daemon.wait(lambda: _converged(watch), "it does not converge", 60.0)
    watch.two_polls()
    assert _converged(watch)
    (container,) = watch.containers()
    assert watch.engine.inspect(container)["Name"] == "/webui"
    watch.oracle.compare()
