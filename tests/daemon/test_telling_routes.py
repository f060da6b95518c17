"""Who is told, and of how much at once: in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import HOUR, MAIL, ONLY_WATCHED, AlertScene, labels, with_alert
from tests.support.virtual_time import virtual_time
from watchdog.model.alert import FILES
from watchdog.model.alerting import GroupBy, Route
from watchdog.model.record import Severity

pytestmark = pytest.mark.usefixtures("takers")


@virtual_time
async def test_warnings_of_a_project_are_one_message_and_resolved_by_one(tmp_path: Path) -> None:
    here = AlertScene(tmp_path, with_alert(ONLY_WATCHED, critical_after=9e9))
    names = ("shop-a-1", "shop-b-1", "shop-c-1")
    for name in names:
        here.engine.run(name, labels=labels("shop", name[5]))
    async with here.daemon("shop/a", "shop/b", "shop/c"):
        here.breaks(*names)
        await asyncio.sleep(HOUR)
        for name in names:
            here.mends(name)
            await asyncio.sleep(HOUR)
    warning, resolved = here.alerts()
    assert (warning.key, warning.subject, warning.command) == (
        "group-1",
        "shop: 3 incidents",
        "watchdog incidents --open",
    )
    assert all(f"shop/{name}: " in warning.summary for name in "abc")
    assert (resolved.key, resolved.resolved) == ("group-1", True)
    assert here.heard()[1][0] > 3 * HOUR
    assert len(here.alerts(FILES)) == 6


@virtual_time
async def test_many_incidents_at_once_are_all_told_and_all_resolved(tmp_path: Path) -> None:
    names = [f"webui{number}" for number in range(250)]
    here = AlertScene(tmp_path, with_alert(ONLY_WATCHED, critical_after=9e9))
    for name in names:
        here.engine.run(name)
    async with here.daemon(*names):
        here.breaks(*names)
        await asyncio.sleep(100.0)
        here.mends(*names)
        await asyncio.sleep(100.0)
    warned = [alert for alert in here.alerts(FILES) if not alert.resolved]
    assert sorted(alert.subject for alert in warned) == sorted(names)
    assert sum(alert.resolved for alert in here.alerts(FILES)) == len(names)
    firing = [alert.key for alert in here.alerts() if not alert.resolved]
    assert 1 < len(firing) < 10
    assert sorted(firing) == sorted(alert.key for alert in here.alerts() if alert.resolved)


@virtual_time
async def test_whoever_wants_them_one_by_one_gets_them_so(tmp_path: Path) -> None:
    here = AlertScene(tmp_path, with_alert(ONLY_WATCHED, group_by=GroupBy.NONE))
    here.engine.run("webui")
    here.engine.run("db")
    async with here.daemon("webui", "db"):
        here.breaks("webui", "db")
        await asyncio.sleep(100.0)
    assert sorted(alert.subject for alert in here.alerts()) == ["db", "webui"]


@virtual_time
async def test_the_boss_hears_of_what_lasts(tmp_path: Path) -> None:
    boss = replace(MAIL, name="boss")
    routes = (
        Route(receivers=("mail",)),
        Route(receivers=("boss",), severity=Severity.CRITICAL, after=900.0),
    )
    here = AlertScene(tmp_path, with_alert(ONLY_WATCHED, receivers=(MAIL, boss), routes=routes))
    here.engine.run("webui")
    async with here.daemon("webui"):
        here.breaks("webui")
        await asyncio.sleep(HOUR)
        here.mends("webui")
        await asyncio.sleep(HOUR)
    assert [at for at, _, _ in here.heard("boss")][:1] == [900]
    assert [word for _, _, word in here.heard("boss")] == ["critical", "resolved"]
