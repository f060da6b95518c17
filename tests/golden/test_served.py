"""What is served on a recorded day, byte for byte: names of keys, metrics and labels are what others build on."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from fastapi.routing import APIRoute
from jsonschema import validate

from tests.golden.recording import Recording
from tests.support.golden import Golden
from tests.support.status_schema import STRICT
from tests.support.value_daemon import Daemon
from watchdog.api.changes import change_routes
from watchdog.api.channels import channel_routes
from watchdog.api.deployments import Deployments, deployment_routes
from watchdog.api.heartbeats import heartbeat_routes
from watchdog.api.metrics import MetricsPage
from watchdog.api.reads import read_routes

RECORDED = Path(__file__).parent / "recorded"
PARTS = (
    "alerts", "approvals", "channels", "deployment", "deployments", "engine away", "flapping", "gates", "incidents",
    "metrics", "orders", "reads", "recoveries", "state file", "refusals",
)  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_what_is_served_is_what_was_recorded(part: str, recording: Recording, golden: Golden) -> None:
    golden.text(RECORDED / f"{part}.txt", recording.text(part))


def test_everything_that_was_recorded_is_compared(recording: Recording) -> None:
    assert set(recording.transcripts) == set(PARTS)
    assert {path.stem for path in RECORDED.iterdir()} == {*PARTS, "commands", "commands without a daemon"}


def test_every_status_is_what_its_schema_says(recording: Recording) -> None:
    found = [content for _, content in recording.answers["GET", "/api/v1/status"]]
    results = [event for _, told in recording.answers["POST", "/api/v1/recover"] for event in told]
    assert found
    for status in found:
        validate(status, STRICT)
    ended = [{key: one[key] for key in one if key != "event"} for one in results if one["event"] == "result"]
    assert ended
    for result in ended:
        validate(result, {**STRICT["$defs"]["result"], "$defs": STRICT["$defs"]})


def test_every_route_is_asked(recording: Recording) -> None:
    daemon = Daemon()
    routers = (
        read_routes(daemon, MetricsPage(daemon.snapshot, daemon.measures)),
        heartbeat_routes(daemon, trusted=True),
        change_routes(daemon),
        channel_routes(daemon.hub, daemon),
        deployment_routes(cast("Deployments", None)),
    )
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    known = [(method, route) for route in routes for method in route.methods or ()]
    missing = [
        f"{method} {route.path}"
        for method, route in known
        if not any(method == by and route.path_regex.fullmatch(path) for by, path in recording.answers)
    ]
    assert missing == []
