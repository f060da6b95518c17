"""Alerts by running a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.alerts.scene import HASTE, TOKEN, running, told_to
from tests.support.alert_values import alert
from tests.support.eventually import eventually
from watchdog.model.settings import ReceiverKind, ReceiverSettings


def program(*command: str, timeout: float = 10.0) -> ReceiverSettings:
    return ReceiverSettings(name="program", kind=ReceiverKind.COMMAND, command=command, timeout=timeout)


async def test_a_program_gets_the_alert_without_the_daemons_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_ALERT__PING", TOKEN)
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    got = tmp_path / "got"
    async with running(told_to(program("sh", "-c", f"cat > {got}; env >> {got}")), tmp_path) as scene:
        await scene.tell(alert(3))
        await eventually(lambda: scene.counts.sent["program"] == 1)
    first, _, environment = got.read_text().partition("\n")
    assert json.loads(first)["incident"] == 3
    assert "PATH=" in environment
    assert TOKEN not in environment
    assert "NOTIFY_SOCKET" not in environment


@pytest.mark.parametrize("command", ["false", "/no/such/program"])
async def test_a_program_that_fails_is_tried_again(tmp_path: Path, command: str) -> None:
    async with running(told_to(program(command)), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.failed["program"] > HASTE.tries)
    assert scene.counts.sent["program"] == 0


async def test_a_program_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hangs = program("sh", "-c", f"sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; wait", timeout=0.3)
    async with running(told_to(hangs), tmp_path) as scene:
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.failed["program"] >= 2)
    started = [int(line) for line in pids.read_text().split()]
    assert len(started) >= 4
    await eventually(lambda: not any(_runs(pid) for pid in started))


def _runs(pid: int) -> bool:
    """Neither gone nor a zombie that only waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
