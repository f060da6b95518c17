"""Who may change something, and what an order comes to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.value_daemon import Api, Daemon
from watchdog.api.border import BODY_LIMIT
from watchdog.api.doors import RecoverOrder, Target
from watchdog.errors import ConfigurationError, EngineUnavailable, UnknownService
from watchdog.model.record import Rung

ORDERS: list[tuple[str, dict[str, Any], object]] = [
    ("/-/reload", {}, "reload"),
    (
        "/api/v1/services/pause",
        {"service": "webui", "seconds": 7200, "reason": "move", "by": "root"},
        ("pause", "webui", 7200.0, "move", "root"),
    ),
    ("/api/v1/services/resume", {"service": "webui", "by": "root"}, ("resume", "webui", "root")),
    (
        "/api/v1/services/retire",
        {"service": "webui", "reason": "old", "by": "root"},
        ("retire", "webui", "old", "root"),
    ),
    (
        "/api/v1/silences",
        {"name": "webui", "seconds": 60, "reason": "known", "by": "root"},
        ("silence", Target(name="webui"), 60.0, "known", "root"),
    ),
    (
        "/api/v1/silences",
        {"everything": True, "seconds": 60, "reason": "known", "by": "root"},
        ("silence", Target(everything=True), 60.0, "known", "root"),
    ),
    (
        "/api/v1/silences/end",
        {"project": "shop", "by": "root"},
        ("unsilence", Target(project="shop"), "root"),
    ),
    ("/api/v1/approvals/2/approve", {"by": "root"}, ("approve", 2, "", "root")),
    ("/api/v1/approvals/2/reject", {"reason": "no", "by": "root"}, ("reject", 2, "no", "root")),
    (
        "/api/v1/announcements/7/confirm",
        {"validator": "ci", "confirm": False, "because": "red", "by": "ada"},
        ("confirm", 7, "ci", False, "red", "ada"),
    ),
]
NO_TARGETS: list[dict[str, Any]] = [{}, {"name": "webui", "project": "shop"}, {"name": "webui", "everything": True}]
RECOVER = {"services": ["webui"], "by": "root"}
RESULT = {
    "event": "result",
    "project": "shop",
    "name": "webui",
    "outcome": "recovered",
    "action": "recreate",
    "attempts": 1,
    "seconds": 0.4,
    "reason": "It serves.",
    "incident": 7,
}


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(("path", "body", "order"), ORDERS)
async def test_an_order_on_the_unix_socket_is_carried_out(
    api: Api, daemon: Daemon, path: str, body: dict[str, Any], order: object
) -> None:
    answer = await api.unix.post(path, json=body)
    assert answer.status_code == 200
    assert answer.json() == {"sentence": f"Done: {order}."}
    assert daemon.asked == [order]


@pytest.mark.parametrize("path", [*(path for path, _, _ in ORDERS), "/api/v1/recover"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_is_changed_over_tcp(api: Api, daemon: Daemon, path: str, method: str) -> None:
    answer = await api.tcp.request(method, path, json=RECOVER)
    assert answer.status_code == 403
    assert f"unix socket {api.settings.socket}" in answer.json()["error"]
    assert "access-control-allow-origin" not in answer.headers
    assert daemon.asked == []


async def test_an_approval_that_there_is_not_is_404_and_a_rejection_needs_a_reason(api: Api, daemon: Daemon) -> None:
    answer = await api.unix.post("/api/v1/approvals/9/approve", json={"by": "root"})
    assert (answer.status_code, answer.json()) == (404, {"error": "There is no approval 9.", "exit_code": 64})
    for path, body in (("2/reject", {"by": "root"}), ("2/approve", {}), ("two/approve", {"by": "root"})):
        assert (await api.unix.post(f"/api/v1/approvals/{path}", json=body)).status_code == 400
    assert daemon.asked == []


@pytest.mark.parametrize("target", NO_TARGETS)
async def test_a_silence_is_for_exactly_one_thing(api: Api, daemon: Daemon, target: dict[str, Any]) -> None:
    for path, more in (("/api/v1/silences", {"seconds": 60, "reason": "known"}), ("/api/v1/silences/end", {})):
        answer = await api.unix.post(path, json={"by": "root", **more, **target})
        assert answer.status_code == 400
        assert "give exactly one of name, project and everything" in answer.json()["error"]
    assert daemon.asked == []


async def test_a_recovery_streams_its_events_and_says_when_it_is_done(api: Api, daemon: Daemon) -> None:
    daemon.events = [{"event": "progress", "service": "shop/webui", "sentence": "Created."}, RESULT]
    body: dict[str, Any] = {
        "services": [],
        "project": "shop",
        "everything": False,
        "action": "recreate",
        "dry_run": True,
        "by": "me",
    }
    answer = await api.unix.post("/api/v1/recover", json=body)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert lines(answer.text) == [*daemon.events, {"event": "done"}]
    assert daemon.asked == [RecoverOrder(project="shop", action=Rung.RECREATE, dry_run=True, by="me")]


async def test_an_ambiguous_name_ends_the_stream_with_the_candidates(api: Api, daemon: Daemon) -> None:
    daemon.error = UnknownService("webui is ambiguous.", ("shop/webui", "blog/webui"))
    answer = await api.unix.post("/api/v1/recover", json=RECOVER)
    assert lines(answer.text) == [
        {
            "event": "error",
            "error": "webui is ambiguous.",
            "exit_code": 64,
            "candidates": ["shop/webui", "blog/webui"],
        }
    ]


async def test_a_bug_in_a_recovery_ends_the_stream_with_one_sentence(api: Api, daemon: Daemon) -> None:
    daemon.error = KeyError("hunter2")
    answer = await api.unix.post("/api/v1/recover", json=RECOVER)
    (last,) = lines(answer.text)
    assert (last["event"], last["exit_code"]) == ("error", 1)
    assert "hunter2" not in answer.text


async def test_progress_arrives_while_the_recovery_goes_on(api: Api, daemon: Daemon) -> None:
    daemon.hold = asyncio.Event()
    daemon.events = [{"event": "progress", "sentence": "Created."}, RESULT]
    async with api.unix.stream("POST", "/api/v1/recover", json=RECOVER) as answer:
        arriving = answer.aiter_lines()
        assert json.loads(await anext(arriving)) == daemon.events[0]
        daemon.hold.set()
        assert [json.loads(line) async for line in arriving] == [RESULT, {"event": "done"}]


async def test_a_watcher_who_leaves_ends_the_stream(api: Api, daemon: Daemon) -> None:
    daemon.hold = asyncio.Event()
    daemon.events = [{"event": "progress", "sentence": "Created."}, RESULT]
    async with api.unix.stream("POST", "/api/v1/recover", json=RECOVER) as answer:
        await anext(answer.aiter_lines())
    await eventually(lambda: daemon.watchers == 0)


async def test_errors_of_orders_have_their_status(api: Api, daemon: Daemon) -> None:
    daemon.error = ConfigurationError("config.toml:3: watch.interval: negative; allowed is 1s and more")
    answer = await api.unix.post("/-/reload")
    assert (answer.status_code, answer.json()["error"]) == (400, str(daemon.error))
    daemon.error = UnknownService("No service is called wbeui.", ("shop/webui",))
    answer = await api.unix.post("/api/v1/services/resume", json={"service": "wbeui", "by": "root"})
    assert answer.status_code == 404
    assert answer.json() == {"error": str(daemon.error), "exit_code": 64, "candidates": ["shop/webui"]}
    daemon.error = EngineUnavailable("The engine is away.")
    answer = await api.unix.post("/api/v1/services/resume", json={"service": "webui", "by": "root"})
    assert (answer.status_code, answer.json()["exit_code"]) == (503, 3)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("recover", {"by": "root"}),
        ("recover", {"services": ["a"], "everything": True, "by": "root"}),
        ("recover", {"services": ["a"], "action": "explode", "by": "root"}),
        ("recover", {"services": ["a"], "by": "root", "force": True}),
        ("recover", {"services": "a", "by": "root"}),
        ("recover", {"services": ["a"]}),
        ("recover", ["a"]),
        ("services/pause", {"service": "a", "seconds": 0, "reason": "r", "by": "b"}),
        ("services/pause", {"service": "a", "seconds": 1e12, "reason": "r", "by": "b"}),
        ("services/pause", {"service": "a", "seconds": 60, "reason": "", "by": "b"}),
        ("services/retire", {"service": "a", "by": "b"}),
    ],
)
async def test_a_wrong_body_is_400_with_one_sentence(api: Api, daemon: Daemon, path: str, body: object) -> None:
    answer = await api.unix.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["exit_code"] == 64
    assert "\n" not in answer.json()["error"]
    assert daemon.asked == []


async def test_what_is_no_json_is_refused(api: Api, daemon: Daemon) -> None:
    text = await api.unix.post("/api/v1/recover", content=b'{"services": ["a"], "by": "b"}')
    broken = await api.unix.post("/api/v1/recover", content=b"{", headers={"content-type": "application/json"})
    assert (text.status_code, broken.status_code) == (400, 400)
    assert daemon.asked == []


async def test_a_body_that_is_too_long_is_refused_unread(api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 4096

    exact = await api.unix.post("/-/reload", content=b" " * BODY_LIMIT)
    long = await api.unix.post("/-/reload", content=b" " * (BODY_LIMIT + 1))
    assert (exact.status_code, long.status_code) == (200, 413)
    async with asyncio.timeout(10):
        answer = await api.unix.post("/-/reload", content=endless())
    assert answer.status_code == 413
