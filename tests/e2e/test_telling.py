"""Silences, maintenance and hand-over through the doors that people use, on a real engine and a real webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.doors import one_sentence
from tests.e2e.receiver import Receiver, receiver
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

FRAGILE = ("-v", "flag:/flag", "--", "sh", "-c", "test ! -e /flag/broken && sleep 1000000")
"""Runs until somebody touches /flag/broken and it crashes; then it ends at every start, on its writable volume."""


@pytest.fixture
def told(watch: Scene) -> Iterator[Receiver]:
    with receiver(watch.engine.ground.host_address) as one:
        yield one


def _alert(one: Receiver, **keys: Any) -> str:
    own = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f'\n[alert]\n{own}[[alert.receiver]]\nname = "chat"\nwebhook = "{one.url}"\n'


def _only_watched(scene: Scene) -> None:
    scene.daemon.config = scene.daemon.config.replace("[recovery]\n", "[recovery]\nenabled = false\n")


def _said(one: Receiver) -> list[tuple[str, str, str]]:
    return [(body["subject"], body["severity"], body["state"]) for body in one.got]


def test_who_is_handed_over_sends_one_message_with_all_that_is_known_and_one_when_a_person_mended_it(
    watch: Scene, told: Receiver
) -> None:
    watch.engine.run("webui", *FRAGILE)
    watch.engine.run("page", "--label", "watchdog.depends-on=webui")
    watch.start("webui", "page", more=_alert(told))
    watch.engine.docker("exec", "webui", "touch", "/flag/broken")
    watch.engine.crash("webui")
    watch.daemon.wait(lambda: told.got, "nobody is told", 60.0)
    (alert,) = told.got
    assert (alert["subject"], alert["severity"], alert["state"]) == ("webui", "critical", "firing")
    assert alert["summary"].endswith("A person is needed.")
    assert [one.split(" ")[0] for one in alert["tried"]] == ["start", "recreate", "recreate"]
    assert alert["dependents"] == ["page"]
    assert alert["todo"] == "Deploy a version of webui that works."
    assert alert["runbook"] == "docs/runbook.md#-there-is-no-other-proven-deployment-to-go-back-to"
    assert alert["since"] is not None
    assert watch.daemon.cli(*alert["command"].split()[1:]).code == 0
    assert 'watchdog_alerts_firing{severity="critical"} 1.0' in watch.daemon.metrics()
    watch.engine.docker("run", "--rm", "-v", "flag:/flag", "busybox:lab", "rm", "/flag/broken")
    assert watch.daemon.cli("recover", "webui").code == 0
    watch.daemon.wait(lambda: len(told.got) > 1, "it was not told that it is over")
    watch.two_polls()
    assert _said(told) == [("webui", "critical", "firing"), ("webui", "critical", "resolved")]
    assert told.got[1]["key"] == alert["key"]
    assert 'watchdog_alerts_firing{severity="critical"} 0.0' in watch.daemon.metrics()


def test_what_is_silenced_is_told_when_the_silence_ends_over_a_killed_daemon(watch: Scene, told: Receiver) -> None:
    _only_watched(watch)
    watch.engine.run("webui")
    watch.start("webui", more=_alert(told, group_wait='"0s"'))
    said = watch.daemon.cli("silence", "webui", "--for", "2h", "--reason", "known")
    assert said.code == 0
    assert said.out.startswith("webui is silenced until ")
    assert watch.daemon.cli("silences").out.splitlines()[-1].startswith("webui ")
    watch.engine.crash("webui")
    watch.wait_incident("webui")
    watch.two_polls()
    watch.daemon.kill()
    watch.daemon.start()
    watch.two_polls()
    assert told.got == []
    assert watch.service("webui")["silenced_until"] is not None
    assert "nobody is told until" in watch.daemon.cli("status").out
    (listed,) = watch.daemon.cli("silences", "--json").json
    assert (listed["what"], listed["reason"]) == ("webui", "known")
    assert watch.daemon.cli("unsilence", "webui").out.startswith("the silence of webui is ended by ")
    watch.daemon.wait(lambda: told.got, "nobody is told after the silence")
    watch.daemon.kill()
    watch.daemon.start()
    watch.two_polls()
    watch.engine.docker("start", "webui")
    watch.daemon.wait(lambda: len(told.got) > 1, "it was not told that it is over")
    watch.two_polls()
    assert _said(told) == [("webui", "warning", "firing"), ("webui", "warning", "resolved")]
    assert watch.daemon.cli("silences").out == "Nothing is silenced.\n"


def test_a_silence_needs_one_target_an_end_and_a_reason(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    for wrong in (
        ("webui", "--for", "1h"),
        ("webui", "--reason", "x"),
        ("webui", "--for", "soon", "--reason", "x"),
        ("--for", "1h", "--reason", "x"),
        ("webui", "--all", "--for", "1h", "--reason", "x"),
        ("nope", "--for", "1h", "--reason", "x"),
        ("--project", "nope", "--for", "1h", "--reason", "x"),
    ):
        one_sentence(watch.daemon.cli("silence", *wrong), 64)
    assert watch.daemon.cli("silences", "--json").json == []
    assert watch.daemon.cli("unsilence", "engine").out == "engine is not silenced\n"


def test_in_a_maintenance_window_nothing_is_done_or_told_and_status_says_so(watch: Scene, told: Receiver) -> None:
    now = datetime.now(UTC)
    window = (
        f'\n[[maintenance]]\nname = "disks"\nservices = ["webui"]\nfrom = {now.isoformat()}\n'
        f"until = {(now + timedelta(hours=2)).isoformat()}\n"
    )
    watch.engine.run("webui")
    watch.start("webui", more=_alert(told, group_wait='"0s"', critical_after='"1s"') + window)
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_incident("webui")
    watch.two_polls()
    service = watch.service("webui")
    assert service["recovery"].startswith('in maintenance window "disks" until ')
    assert service["maintenance_until"] is not None
    assert service["health"] == "missing"
    assert "watchdog_alerts_held 1.0" in watch.daemon.metrics()
    assert watch.intents() == []
    assert told.got == []
    watch.daemon.write_config(watch.daemon.config.replace(window, ""))
    assert watch.daemon.request("POST", "/-/reload").status == 200
    watch.wait_recovered("webui")
    watch.daemon.wait(
        lambda: told.states()[-1:] == ["resolved"], "what is told after the window is not told to be over"
    )
