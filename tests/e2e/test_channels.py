"""A removed service, as one hears of it who follows all channels by HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import pytest

from tests.faults.scene import Scene

pytestmark = pytest.mark.engine


def _read_until(answer: http.client.HTTPResponse, state: str) -> list[Any]:
    found: list[Any] = []
    while not found or found[-1]["payload"].get("state") != state:
        line = answer.readline().decode()
        assert line, found
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
    return found


def test_a_removed_service_is_told_of_from_missing_to_healthy_and_who_comes_late_reads_the_same(watch: Scene) -> None:
    watch.engine.run("webui")
    watch.start("webui")
    before = {one["name"]: one["newest"] for one in watch.daemon.get("/api/v1/channels").json["channels"]}
    watch.engine.docker("rm", "--force", "webui")
    watch.wait_recovered("webui")

    connection = http.client.HTTPConnection("localhost", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(20)
    connection.sock.connect(str(watch.daemon.socket))
    connection.request("GET", "/api/v1/channels/all/events", headers={"Last-Event-ID": before["service_state"]})
    found = _read_until(connection.getresponse(), "closed")
    connection.close()

    assert {one["subject"] for one in found} == {"webui"}
    told = [(one["channel"], one["payload"].get("state") or one["payload"]["health"]) for one in found]
    recovery = [what for channel, what in told if channel == "recovery_coordination"]
    assert recovery == ["opened", "intent", "outcome", "closed"]
    assert [what for _, what in told][:3] == ["missing", "opened", "intent"]
    health = [what for channel, what in told if channel == "service_state"]
    assert (health[0], health[-1]) == ("missing", "healthy")
    assert told.index(("service_state", "healthy")) < told.index(("recovery_coordination", "outcome"))
    assert found[2]["sentence"] == "will recreate: it has no container; attempt 1 of 3"

    answer = watch.daemon.request(
        "POST", "/api/v1/announcements/7/confirm", {"validator": "ci", "confirm": True, "by": "ada"}
    )
    assert (answer.status, answer.json["exit_code"]) == (400, 64)
    assert answer.json["error"] == "no announcement 7 waits for confirmation; waiting: none"
