"""A job calls in at a real daemon, which is killed; who looks without it reads what it wrote."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.scene import Scene
from tests.lab.watch import QUICK

pytestmark = pytest.mark.engine

BACKUP = """
[[endpoint]]
name = "backup"
heartbeat = "1h"
"""


def _backup(snapshot: Any) -> Any:
    return next(one for one in snapshot["endpoints"] if one["name"] == "backup")


def test_a_call_outlives_the_daemon_that_heard_it(watch: Scene) -> None:
    daemon = watch.daemon
    daemon.config = QUICK + BACKUP
    daemon.start()
    unknown = daemon.cli("heartbeat", "bakcup")
    assert (unknown.code, unknown.err) == (64, "no check is called in as 'bakcup'; there are: backup\n")
    called = daemon.cli("heartbeat", "backup")
    assert (called.code, called.out) == (0, "backup is heard\n")
    daemon.wait(lambda: _backup(daemon.status())["verdict"] == "pass", "the call is not seen")
    daemon.kill()
    assert _backup(daemon.cli("check", "--json").json)["verdict"] == "pass"
    daemon.start()
    daemon.wait(lambda: _backup(daemon.status())["verdict"] == "pass", "the call is forgotten")
    assert daemon.cli("heartbeat", "backup", "--exit-code", "3", "--message", "disk full").code == 0
    daemon.wait(lambda: _backup(daemon.status())["verdict"] == "fail", "the failure is not seen")
    assert _backup(daemon.status())["reason"].endswith("that it failed with 3: disk full")
