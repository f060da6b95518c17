"""Fault 33: the receiver of alerts hangs. Nothing waits for it, and nothing that it should hear is lost."""

from __future__ import annotations

import re

import pytest

from tests.e2e.doors import recover
from tests.e2e.receiver import receiver
from tests.faults.scene import Scene

pytestmark = pytest.mark.engine

FRAGILE = ("-v", "flag:/flag", "--", "sh", "-c", "test ! -e /flag/broken && sleep 1000000")
"""Runs until somebody touches /flag/broken and it crashes; then it ends at every start, on its writable volume."""


def figure(scene: Scene, metric: str) -> float:
    found = re.search(rf'^watchdog_{metric}{{receiver="chat"}} (\S+)$', scene.daemon.metrics(), re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_services_come_back_while_it_hangs_and_it_hears_all_in_order_though_the_daemon_was_killed(watch: Scene) -> None:
    with receiver(watch.engine.ground.host_address) as chat:
        chat.answers.clear()
        watch.engine.run("webui", *FRAGILE)
        watch.engine.run("db")
        more = f'[[alert.receiver]]\nname = "chat"\nwebhook = "{chat.url}"\ntimeout = "500ms"\n'
        watch.start("webui", "db", more=more)
        watch.engine.docker("exec", "webui", "touch", "/flag/broken")
        watch.engine.crash("webui")
        watch.daemon.wait(lambda: watch.service("webui")["quarantined"], "webui is not handed over", 40.0)
        watch.daemon.wait(lambda: figure(watch, "alert_failures_total") >= 1, "it was not tried")
        assert figure(watch, "alerts_queued") >= 1

        watch.engine.docker("rm", "--force", "db")
        watch.wait_recovered("db")

        watch.daemon.kill()
        watch.daemon.start()
        watch.engine.docker("run", "--rm", "-v", "flag:/flag", "busybox:lab", "rm", "/flag/broken")
        code, (result,) = recover(watch, "webui")
        assert (code, result["outcome"]) == (0, "recovered")
        assert chat.got == []
        chat.answers.set()

        def states() -> list[str]:
            return [body["state"] for body in chat.got if body["subject"] == "webui"]

        watch.daemon.wait(lambda: "resolved" in states(), "it does not hear of the end", 90.0)
        assert states()[0] == "firing"
        assert states()[-1] == "resolved"
        watch.daemon.wait(lambda: figure(watch, "alerts_queued") == 0, "something still waits")
        assert figure(watch, "alerts_dropped_total") == 0
