"""The dead-man ping tells as long as watchdog works, and only then."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import structlog

from tests.alerts.scene import Hook, running
from tests.support.alert_values import alert
from tests.support.eventually import eventually
from watchdog.model.settings import AlertSettings


async def test_it_is_fetched_again_and_again_whatever_it_answers(tmp_path: Path, hook: Hook) -> None:
    hook.answers = [200, 500, 500]
    with structlog.testing.capture_logs() as logs:
        async with running(AlertSettings(ping=hook.url, ping_interval=0.02), tmp_path) as scene:
            await eventually(lambda: scene.counts.pings >= 3)
    assert scene.counts.ping_failures == 2
    assert scene.counts.pinged_at is not None
    assert all(head.startswith("GET /hook/") for head in hook.heads)
    assert [line["event"] for line in logs if "ping" in line["event"]] == [
        "The ping failed: the ping's receiver at 127.0.0.1 answered 500."
    ]


async def test_there_is_none_while_watchdog_does_not_work(tmp_path: Path, hook: Hook) -> None:
    async with running(AlertSettings(ping=hook.url, ping_interval=0.01), tmp_path, works=False) as scene:
        await scene.tell(*(alert(number) for number in range(20)))
        await eventually(lambda: scene.counts.sent["files"] == 20)
    assert hook.heads == []


async def test_new_settings_move_it_and_end_it(tmp_path: Path, hook: Hook) -> None:
    settings = AlertSettings(ping="http://127.0.0.1:1/", ping_interval=3600.0)
    async with running(settings, tmp_path) as scene:
        await eventually(lambda: scene.counts.ping_failures == 1)
        await scene.alerter.reconfigure(replace(settings, ping=hook.url))
        await eventually(lambda: scene.counts.pings == 1)
        await scene.alerter.reconfigure(AlertSettings())
        await scene.tell(alert(1))
        await eventually(lambda: scene.counts.sent["files"] == 1)
    assert (scene.counts.pings, scene.counts.ping_failures) == (1, 1)
