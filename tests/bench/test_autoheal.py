"""Whom watchdog is compared with does what the original does."""

from __future__ import annotations

import pytest

from bench.autoheal import LABEL, autoheal
from bench.outside import wait
from tests.lab.engine import LabEngine

pytestmark = pytest.mark.engine

ALWAYS_UNHEALTHY = ("--health-cmd=false", "--health-interval=200ms", "--health-retries=1", "--stop-timeout=0")


def test_autoheals_loop_restarts_what_is_unhealthy_and_labelled_and_nothing_else(clean_engine: LabEngine) -> None:
    def started_at(name: str) -> str:
        return str(clean_engine.inspect(name)["State"]["StartedAt"])

    clean_engine.run(
        "labelled", "--label", LABEL, *ALWAYS_UNHEALTHY, "--", "sh", "-c", "trap exit TERM; sleep 99 & wait"
    )
    clean_engine.run("plain", *ALWAYS_UNHEALTHY)
    clean_engine.run("well", "--label", LABEL)
    before = {name: started_at(name) for name in ("labelled", "plain", "well")}
    for name in ("labelled", "plain"):
        wait(lambda name=name: clean_engine.inspect(name)["State"]["Health"]["Status"] == "unhealthy")
    with autoheal(clean_engine):
        wait(lambda: started_at("labelled") != before["labelled"])
    assert {name: started_at(name) for name in ("plain", "well")} == {name: before[name] for name in ("plain", "well")}
