"""The two listeners: who reaches them, how they start, and how they end."""

from __future__ import annotations

import asyncio
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest

from tests.support.eventually import eventually
from tests.support.value_daemon import Api, Daemon
from watchdog.api import border, connection
from watchdog.api.server import ApiServer
from watchdog.errors import WatchdogError
from watchdog.model.api import ApiSettings


async def refusal(settings: ApiSettings) -> str:
    """The sentence with which a server that cannot listen ends its start."""
    with pytest.raises(WatchdogError) as raised:
        await ApiServer(settings, Daemon(), Daemon()).start()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:8080", "10.1.2.3:80"]
)
async def test_addresses_and_localhost_are_names_of_the_daemon(api: Api, name: str) -> None:
    assert (await api.tcp.get("/-/healthy", headers={"host": name})).status_code == 200


async def test_the_machines_own_name_is_a_name_of_the_daemon(api: Api) -> None:
    assert (await api.tcp.get("/-/healthy", headers={"host": f"{socket.gethostname()}:8080"})).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example:8080", "localhost.evil.example", "", "[::1].evil", "a" * 9000]
)
async def test_a_web_page_cannot_read_under_its_own_name(api: Api, name: str) -> None:
    answer = await api.tcp.get("/api/v1/status", headers={"host": name})
    assert answer.status_code == 403
    assert "[api] listen" in answer.json()["error"]
    assert len(answer.json()["error"]) < 300


async def test_the_unix_socket_is_its_owners_alone(api: Api) -> None:
    mode = api.settings.socket.stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(api.settings.socket.parent.stat().st_mode) == 0o755
    assert list(api.settings.socket.parent.iterdir()) == [api.settings.socket]


async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "watchdog.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = ApiServer(ApiSettings(port=0, socket=path), Daemon(), Daemon())
    await server.start()
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path))) as client:
        assert (await client.get("http://localhost/-/ready")).status_code == 200
    await server.stop()
    assert not path.exists()


async def test_a_live_socket_is_not_replaced(api: Api) -> None:
    assert "Another daemon already answers" in await refusal(ApiSettings(port=0, socket=api.settings.socket))
    assert (await api.unix.get("/-/healthy")).status_code == 200


async def test_a_file_in_the_sockets_place_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "watchdog.sock"
    path.write_text("precious")
    assert "is no socket" in await refusal(ApiSettings(port=0, socket=path))
    assert path.read_text() == "precious"


async def test_stopping_leaves_the_socket_of_a_successor(api: Api) -> None:
    api.settings.socket.unlink()
    successor = ApiServer(ApiSettings(port=0, socket=api.settings.socket), Daemon(), Daemon())
    await successor.start()
    await api.server.stop()
    assert api.settings.socket.exists()
    await successor.stop()


async def test_what_cannot_be_listened_on_is_one_sentence(api: Api, tmp_path: Path) -> None:
    path = tmp_path / "other.sock"
    (tmp_path / "file").write_text("")
    taken = await refusal(ApiSettings(port=api.server.port or 0, socket=path))
    assert f"127.0.0.1:{api.server.port}: another program already does" in taken
    assert not path.exists()
    assert "no address of this machine" in await refusal(ApiSettings(host="192.0.2.1", port=0, socket=path))
    assert "no address of this machine" in await refusal(ApiSettings(host="no.such.invalid", port=0, socket=path))
    assert "too long" in await refusal(ApiSettings(port=0, socket=tmp_path / ("x" * 120)))
    assert f"File exists: {tmp_path / 'file'}" in await refusal(
        ApiSettings(port=0, socket=tmp_path / "file" / "watchdog.sock")
    )


async def test_localhost_listens_on_each_of_its_addresses(daemon: Daemon, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = ApiServer(ApiSettings(host="localhost", port=port, socket=tmp_path / "s"), daemon, daemon)
    await server.start()
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/-/ready")).status_code == 200
    await server.stop()


async def test_without_a_host_there_is_only_the_unix_socket(daemon: Daemon, tmp_path: Path) -> None:
    server = ApiServer(ApiSettings(host="", port=0, socket=tmp_path / "s"), daemon, daemon)
    await server.start()
    assert server.port is None
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(tmp_path / "s"))) as client:
        assert (await client.get("http://localhost/-/ready")).status_code == 200
    await server.stop()


async def test_signals_stay_with_the_daemon(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    server = ApiServer(ApiSettings(port=0, socket=tmp_path / "s"), Daemon(), Daemon())
    await server.start()
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    await server.stop()


async def test_stopping_waits_for_nobody(api: Api, daemon: Daemon) -> None:
    daemon.hold = asyncio.Event()
    daemon.events = [{"event": "progress"}, {"event": "result"}]
    idle = await asyncio.open_unix_connection(api.settings.socket)
    await api.tcp.get("/-/healthy")
    async with api.unix.stream("POST", "/api/v1/recover", json={"everything": True, "by": "root"}) as answer:
        arriving = answer.aiter_lines()
        await anext(arriving)
        started = time.monotonic()
        await api.server.stop()
        assert time.monotonic() - started < 2.0
        with pytest.raises(httpx.TransportError):
            await anext(arriving)
    idle[1].close()
    await eventually(lambda: daemon.watchers == 0)
    assert not api.settings.socket.exists()
    with pytest.raises(httpx.ConnectError):
        await api.tcp.get("/-/healthy")


async def test_an_asker_who_never_finishes_is_sent_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    monkeypatch.setattr(border, "BODY_SECONDS", 0.05)
    body = b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
    for sent, expected in ((b"", b""), (b"GET / HT", b""), (body, b"HTTP/1.1 408")):
        reader, writer = await asyncio.open_unix_connection(api.settings.socket)
        writer.write(sent)
        assert (await _end(reader)).startswith(expected)
        writer.close()
    reader, writer = await asyncio.open_unix_connection(api.settings.socket)
    writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"progress.\n")
    writer.write(b"GET / HT")
    assert await _end(reader) == b""
    writer.close()


async def test_more_connections_than_allowed_are_closed_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECTIONS", 3)
    held = [await asyncio.open_unix_connection(api.settings.socket) for _ in range(3)]
    reader, writer = await asyncio.open_unix_connection(api.settings.socket)
    assert await _end(reader) == b""
    for _, other in [*held, (reader, writer)]:
        other.close()
    await eventually(lambda: _answers(api))


async def _end(reader: asyncio.StreamReader) -> bytes:
    """What arrives until the connection is closed, or reset: as the kernel likes."""
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""


async def _answers(api: Api) -> bool:
    try:
        return (await api.unix.get("/-/healthy")).status_code == 200
    except httpx.TransportError:
        return False


async def test_what_is_no_http_hurts_nobody(api: Api) -> None:
    for garbage in (
        b"\x00\xff" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", api.server.port)
        writer.write(garbage)
        writer.write_eof()
        await _end(reader)
        writer.close()
    assert (await api.tcp.get("/-/healthy")).status_code == 200
