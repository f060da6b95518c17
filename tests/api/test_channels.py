"""The event stream as those read it who know nothing of this daemon but a socket and HTTP."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.support.value_daemon import Api, Daemon
from watchdog.api import channels
from watchdog.api.connection import CONNECTIONS
from watchdog.channels.hub import KEPT, SUBSCRIBERS, Hub
from watchdog.model.channel import Channel, ChannelMessage, message_json

ALL = "/api/v1/channels/all/events"


@dataclass
class Reader:
    """One answer of the stream, read line by line in a thread."""

    answer: http.client.HTTPResponse

    async def block(self) -> list[str]:
        """The lines up to the next empty one; none at the end of the stream."""
        return await asyncio.to_thread(self._block)

    def _block(self) -> list[str]:
        lines: list[str] = []
        while (line := self.answer.readline().decode()) not in {"\n", ""}:
            lines.append(line.rstrip("\n"))
        return lines

    async def message(self) -> Any:
        name, kind, content = await self.block()
        found = json.loads(content.removeprefix("data: "))
        assert (name, kind) == (f"id: {found['id']}", f"event: {found['kind']}")
        return found


@asynccontextmanager
async def reading(api: Api, path: str, headers: Mapping[str, str] | None = None) -> AsyncGenerator[Reader]:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    connection.sock.connect(str(api.settings.socket))
    connection.request("GET", path, headers=headers or {})
    answer = await asyncio.to_thread(connection.getresponse)
    try:
        yield Reader(answer)
    finally:
        answer.close()
        connection.close()


def told(hub: Hub, sentence: str, channel: Channel = Channel.SERVICE_STATE) -> ChannelMessage:
    return hub.publish(channel, "health", "shop/wébui", sentence, {"health": "missing"})


async def test_what_is_published_arrives_as_it_happens(api: Api, daemon: Daemon) -> None:
    told(daemon.hub, "before anybody came")
    async with reading(api, "/api/v1/channels/service_state/events") as reader:
        assert reader.answer.status == 200
        assert reader.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert reader.answer.headers["cache-control"] == "no-store"
        told(daemon.hub, "on another channel", Channel.VALIDATION_RESULTS)
        message = told(daemon.hub, "missing:\nit has no container")
        assert await reader.message() == message_json(message)


@pytest.mark.parametrize("way", ["header", "query", "both"])
async def test_who_comes_again_reads_on_after_the_last_that_it_read(api: Api, daemon: Daemon, way: str) -> None:
    messages = [told(daemon.hub, f"{number}", channel) for number, channel in enumerate([*Channel, *Channel])]
    headers = {"Last-Event-ID": messages[2].id} if way != "query" else {}
    query = {"header": "", "query": f"?after={messages[2].id}", "both": f"?after={messages[0].id}"}[way]
    async with reading(api, ALL + query, headers) as reader:
        assert [await reader.message() for _ in messages[3:]] == [message_json(one) for one in messages[3:]]


async def test_who_comes_from_another_run_is_told_that_something_may_be_missing(api: Api, daemon: Daemon) -> None:
    message = told(daemon.hub, "missing")
    async with reading(api, ALL, {"Last-Event-ID": "1-99"}) as reader:
        gap = await reader.message()
        assert gap["kind"] == "gap"
        assert gap["payload"] == {"channels": sorted(Channel)}
        assert (await reader.message()) == message_json(message)


async def test_a_quiet_stream_says_that_it_stands(api: Api, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "KEEP_ALIVE", 0.02)
    async with reading(api, ALL) as reader:
        assert await reader.block() == [": the stream stands"]
        message = told(daemon.hub, "missing")
        block = await reader.block()
        while block == [": the stream stands"]:
            block = await reader.block()
        assert block[0] == f"id: {message.id}"


async def test_the_stream_ends_with_the_daemon(api: Api, daemon: Daemon) -> None:
    async with reading(api, ALL) as reader:
        message = told(daemon.hub, "the last")
        daemon.hub.close()
        assert await reader.message() == message_json(message)
        assert await reader.block() == []


async def test_a_stream_under_way_does_not_keep_the_server_from_stopping(api: Api) -> None:
    async with reading(api, ALL):
        async with asyncio.timeout(5):
            await api.server.stop()


async def test_who_never_reads_holds_up_nobody(api: Api, daemon: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(api.settings.socket))
        deaf.sendall(f"GET {ALL} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.to_thread(deaf.recv, 16)
        async with reading(api, ALL) as reader:
            for number in range(KEPT + 500):
                message = told(daemon.hub, f"{number} {'x' * 1000}")
                assert (await reader.message())["id"] == message.id
        assert daemon.measures.channels.dropped > 0
        async with asyncio.timeout(5):
            await api.server.stop()


async def test_all_places_taken_is_said_and_one_that_goes_makes_room(api: Api) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(SUBSCRIBERS - 1):
            await stack.enter_async_context(reading(api, ALL))
        async with reading(api, ALL):
            async with reading(api, ALL) as reader:
                assert reader.answer.status == 503
                said = json.loads(await asyncio.to_thread(reader.answer.read))
                assert said["error"].startswith(f"{SUBSCRIBERS} subscribers follow the channels already")
            assert (await api.unix.get("/-/healthy")).status_code == 200

        async def there_is_room() -> bool:
            async with reading(api, ALL) as reader:
                return reader.answer.status == 200

        await eventually(there_is_room)
    assert SUBSCRIBERS < CONNECTIONS / 2


async def test_the_channels_are_listed_with_their_newest_message(api: Api, daemon: Daemon) -> None:
    message = told(daemon.hub, "missing")
    answer = await api.unix.get("/api/v1/channels")
    assert answer.json() == {
        "channels": [
            {"name": "service_state", "newest": message.id},
            {"name": "deployment_coordination", "newest": None},
            {"name": "validation_results", "newest": None},
            {"name": "recovery_coordination", "newest": None},
        ]
    }


async def test_a_channel_that_nobody_knows_is_refused_with_those_that_there_are(api: Api) -> None:
    answer = await api.unix.get("/api/v1/channels/gossip/events")
    assert answer.status_code == 404
    known = "service_state, deployment_coordination, validation_results, recovery_coordination, all"
    assert answer.json()["error"] == f"There is no channel 'gossip'; allowed: {known}."


async def test_nothing_of_it_is_served_over_tcp(api: Api) -> None:
    for path in ("/api/v1/channels", ALL):
        assert (await api.tcp.get(path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"validator": "ci", "confirm": "yes", "by": "ada"},
        {"validator": "ci", "confirm": True},
        {"validator": "", "confirm": True, "by": "ada"},
        {"validator": "ci", "confirm": False, "because": "x" * 1001, "by": "ada"},
        {"validator": "ci", "confirm": True, "by": "ada", "force": True},
    ],
)
async def test_a_wrong_confirmation_is_refused(api: Api, daemon: Daemon, body: dict[str, Any]) -> None:
    answer = await api.unix.post("/api/v1/announcements/7/confirm", json=body)
    assert (answer.status_code, answer.json()["exit_code"]) == (400, 64)
    assert daemon.asked == []
