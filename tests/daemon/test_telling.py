"""When somebody is told: in virtual time, with the timings that watchdog has without configuration."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.alert_scene import (
    BEGAN,
    HOUR,
    ONLY_WATCHED,
    WATCHED,
    AlertScene,
    with_alert,
)
from tests.support.fake_container import Behaviour
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.api.doors import Target
from watchdog.model.alert import FILES
from watchdog.model.alerting import Maintenance, Once, Route
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Kept, Severity
from watchdog.model.settings import ServiceSettings, Settings

WEBUI = ServiceKey("", "webui")
PAGE = Check(name="page", probe=HttpProbe(url="http://127.0.0.1/"))


pytestmark = pytest.mark.usefixtures("takers")


def scene(loop: VirtualLoop, directory: Path, settings: Settings = WATCHED) -> AlertScene:
    found = AlertScene(loop, directory, settings)
    found.engine.run("webui")
    return found


def test_what_watchdog_mends_in_time_pages_nobody_and_is_in_the_files(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            here.breaks("webui")
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    assert here.heard() == []
    (alert,) = here.alerts(FILES)
    assert (alert.key, alert.severity, alert.resolved) == ("info-1", Severity.INFO, False)
    assert "exited with code 3" in alert.summary
    assert [one.partition(" at ")[0] for one in alert.tried] == ["start"]


def test_what_stays_broken_is_a_warning_then_critical_then_a_reminder_and_resolved_once_it_is_mended(
    tmp_path: Path,
) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, with_alert(ONLY_WATCHED, repeat=HOUR / 2))
        async with here.daemon("webui"):
            here.breaks("webui")
            await asyncio.sleep(1.2 * HOUR)
            here.mends("webui")
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    *firing, resolved = here.heard()
    assert firing == [
        (30, "incident-1", "warning"),
        (300, "incident-1", "critical"),
        (300 + 1800, "incident-1", "critical"),
        (300 + 3600, "incident-1", "critical"),
    ]
    assert resolved[1:] == ("incident-1", "resolved")
    assert [alert.reminder for alert in here.alerts()[:-1]] == [0, 1, 2, 3]
    assert [word for _, _, word in here.heard(FILES)] == ["warning", "critical", "resolved"]
    assert here.alerts()[1].summary.startswith("webui is down for 5 min: ")


def test_a_service_says_how_much_downtime_it_is_allowed_and_so_does_its_label(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        allowed = ServiceSettings(configured=True, critical_after=60.0, recovery=ONLY_WATCHED.recovery)
        here = scene(loop, tmp_path, replace(ONLY_WATCHED, services=((WEBUI, allowed),)))
        here.engine.run("db", labels={"watchdog.critical-after": "2m"})
        async with here.daemon("webui", "db"):
            here.breaks("webui", "db")
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    when = {here.alerts()[place].subject: at for place, (at, _, word) in enumerate(here.heard()) if word == "critical"}
    assert when == {"webui": 60, "db": 120}


def test_who_is_handed_over_sends_one_message_that_says_everything_and_one_when_it_is_over(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        routes = (Route(receivers=("mail",), label={"team": "w*"}),)
        here = AlertScene(loop, tmp_path, with_alert(WATCHED, routes=routes))
        image = here.engine.image("shop/webui:1")
        own = {"team": "web", "secret": "s3cret", "watchdog.owner": "ada"}
        here.engine.run("webui", "shop/webui:1", labels=own)
        here.engine.run("api", labels={"watchdog.depends-on": "webui"})
        here.engine.run("page", labels={"watchdog.depends-on": "api"})
        async with here.daemon("webui", "api", "page"):
            here.engine.behaviours[image] = Behaviour(exits_after=0.1)
            here.engine.docker_rm("webui")
            here.breaks()
            await asyncio.sleep(280.0)
            here.engine.behaviours[image] = Behaviour()
            here.engine.docker_rm("webui")
            here.engine.run("webui", "shop/webui:1", labels=own)
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    *_, alert, over = here.alerts()
    assert [word for _, _, word in here.heard()] == ["warning", "critical", "resolved"]
    assert alert.summary.endswith(". A person is needed.")
    assert (alert.subject, alert.root, alert.owner) == ("webui", "", "ada")
    assert alert.labels == over.labels == {"team": "web"}
    assert alert.since is not None
    assert abs(alert.since - (BEGAN + here.since)) < 1.0
    assert alert.dependents == ("api", "page")
    assert [one.partition(" at ")[0] for one in alert.tried] == ["recreate", "recreate", "recreate"]
    assert all(" failed: " in one for one in alert.tried)
    assert "Deploy a version of webui that works" in alert.todo
    assert alert.runbook == "docs/runbook.md#-there-is-no-other-proven-deployment-to-go-back-to"
    assert alert.command == "watchdog show 1"
    assert (over.todo, over.runbook) == ("", "")
    assert "s3cret" not in repr(here.ears.heard)


def test_a_silence_holds_the_alert_until_it_ends_and_recovery_goes_on(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            await daemon.silence(Target(name="webui"), 2 * HOUR, "known", "ada")
            (silence,) = await daemon.silences()
            assert (silence["what"], silence["by"], silence["reason"]) == ("webui", "ada", "known")
            here.breaks("webui")
            await asyncio.sleep(3 * HOUR)
            assert await daemon.silences() == []
        return here

    here = run_virtually(story)
    assert here.heard() == [(2 * HOUR, "incident-1", "critical")]
    assert [word for _, _, word in here.heard(FILES)] == ["warning", "critical"]


def test_what_is_silenced_is_recovered_all_the_same(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> str:
        here = scene(loop, tmp_path)
        async with here.daemon("webui") as daemon:
            await daemon.silence(Target(everything=True), 2 * HOUR, "known", "ada")
            here.breaks("webui")
            await asyncio.sleep(60.0)
            return daemon.snapshot().services[0].health

    assert run_virtually(story) == "healthy"


@pytest.mark.parametrize("target", [Target(name="webui"), Target(everything=True)])
def test_who_ends_a_silence_hears_at_once_what_is_still_broken(tmp_path: Path, target: Target) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            await daemon.silence(target, 2 * HOUR, "known", "ada")
            here.breaks("webui")
            await asyncio.sleep(100.0)
            assert (await daemon.unsilence(target, "bob")).startswith("the silence of ")
            assert (await daemon.unsilence(target, "bob")).endswith(" is not silenced")
            await asyncio.sleep(1.0)
        return here

    assert run_virtually(story).heard() == [(100, "incident-1", "warning")]


def test_a_resolution_is_told_through_a_silence(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            here.breaks("webui")
            await asyncio.sleep(100.0)
            await daemon.silence(Target(everything=True), 2 * HOUR, "known", "ada")
            here.mends("webui")
            await asyncio.sleep(100.0)
        return here

    assert [word for _, _, word in run_virtually(story).heard()] == ["warning", "resolved"]


def test_in_a_maintenance_window_action_and_alerts_wait_and_afterwards_recovery_has_its_turn_first(
    tmp_path: Path,
) -> None:
    async def story(loop: VirtualLoop) -> tuple[AlertScene, list[str]]:
        window = Maintenance(name="disks", when=Once(begins=BEGAN, ends=BEGAN + 2 * HOUR), services=("webui",))
        here = scene(loop, tmp_path, replace(WATCHED, maintenance=(window,)))
        here.engine.run("db")
        async with here.daemon("webui", "db") as daemon:
            here.breaks("webui", "db")
            await asyncio.sleep(HOUR / 2)
            during = {service.service.name: service for service in daemon.snapshot().services}
            said = [during["webui"].recovery, during["webui"].health, during["db"].health]
            await asyncio.sleep(2 * HOUR)
            after = {service.service.name: service for service in daemon.snapshot().services}
            said.append(after["webui"].health)
        return here, said

    here, said = run_virtually(story)
    assert said == ['in maintenance window "disks" until 2023-11-15T00:13:20.000Z', "unhealthy", "healthy", "healthy"]
    assert here.heard() == []


def test_a_pause_holds_the_alert_too_and_afterwards_recovery_has_its_turn_first(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui") as daemon:
            await daemon.pause("webui", HOUR, "moving the disk", "ada")
            here.breaks("webui")
            await asyncio.sleep(2 * HOUR)
        return here

    assert run_virtually(story).heard() == []


def test_a_pause_that_is_ended_before_its_time_gives_recovery_its_turn_from_then(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            await daemon.pause("webui", HOUR, "moving the disk", "ada")
            here.breaks("webui")
            await asyncio.sleep(600.0)
            await daemon.resume("webui", "ada")
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    assert here.heard() == [(630, "incident-1", "warning"), (900, "incident-1", "critical")]


def test_a_daemon_that_is_restarted_neither_repeats_nor_forgets(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        page = replace(PAGE, name="shop")
        here = scene(loop, tmp_path, replace(with_alert(ONLY_WATCHED, repeat=1200.0), endpoints=(page,)))
        here.verdicts["shop"] = Verdict.PASS
        async with here.daemon("webui"):
            await asyncio.sleep(200.0)
            here.verdicts["shop"] = Verdict.FAIL
            here.breaks("webui")
            await asyncio.sleep(400.0)
        for _ in range(3):
            async with here.daemon():
                await asyncio.sleep(400.0)
        async with here.daemon():
            await asyncio.sleep(400.0)
            here.verdicts["shop"] = Verdict.PASS
            here.mends("webui")
            await asyncio.sleep(400.0)
        return here

    here = run_virtually(story)
    found: dict[str, list[str]] = {}
    for alert in here.alerts():
        found.setdefault(alert.subject, []).append("resolved" if alert.resolved else f"{alert.severity}")
    assert found == {
        "webui": ["warning", "critical", "critical", "resolved"],
        "endpoint shop": ["warning", "critical", "critical", "resolved"],
    }


def test_silences_outlive_the_daemon(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            await daemon.silence(Target(name="webui"), 2 * HOUR, "known", "ada")
        async with here.daemon():
            here.breaks("webui")
            await asyncio.sleep(3 * HOUR)
        return here

    ((at, _, word),) = run_virtually(story).heard()
    assert word == "critical"
    assert at <= 2 * HOUR


def test_what_was_kept_and_is_damaged_stops_nobody(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path, ONLY_WATCHED)
        async with here.daemon("webui") as daemon:
            await daemon.silence(Target(name="webui"), HOUR, "known", "ada")
            here.breaks("webui")
            await asyncio.sleep(10.0)
            damaged = [Kept("alert", "1", "[1]"), Kept("silence", "subject webui", '{"scope": 3}')]
            await daemon.journal.write(kept=damaged)
        async with here.daemon():
            await asyncio.sleep(100.0)
        return here

    assert [word for _, _, word in run_virtually(story).heard()] == ["warning"]


def test_an_engine_that_is_away_is_told_once_over_a_restart_and_resolved(tmp_path: Path) -> None:
    async def story(loop: VirtualLoop) -> AlertScene:
        here = scene(loop, tmp_path)
        async with here.daemon("webui"):
            here.engine.go_away()
            await asyncio.sleep(HOUR)
        async with here.daemon():
            await asyncio.sleep(HOUR)
            here.engine.come_back()
            await asyncio.sleep(HOUR)
        return here

    here = run_virtually(story)
    assert [alert.subject for alert in here.alerts()] == ["engine"] * 3
    assert [word for _, _, word in here.heard()] == ["warning", "critical", "resolved"]
    assert here.alerts()[0].todo.startswith("Bring the engine back")
