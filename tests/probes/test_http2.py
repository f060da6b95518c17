"""HTTP/2, by real servers that agree to it while they shake hands."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.probes.authority import Authority
from tests.probes.servers import Loopback, hang
from tests.support.eventually import eventually
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober

Respond = Callable[[h2.connection.H2Connection, int], None]


def check(port: int, path: str = "/", timeout: float = 5.0, **rest: Any) -> Check:
    probe = HttpProbe(url=f"https://127.0.0.1:{port}{path}", http2=True, **rest)
    return Check(name="shop", probe=probe, timeout=timeout)


def failed(seen: Observation, trouble: str) -> bool:
    return (seen.verdict, seen.evidence.get("class")) == (Verdict.FAIL, trouble)


class Server:
    """Speaks HTTP/2, or what a test wants to be heard instead."""

    def __init__(self, loopback: Loopback, authority: Authority) -> None:
        self._loopback = loopback
        self._tls = authority.server(authority.issue())
        self._tls.set_alpn_protocols(["h2"])
        self.requests: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    async def serve(self, respond: Respond) -> int:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
            connection.initiate_connection()
            writer.write(connection.data_to_send())
            while received := await reader.read(65536):
                for event in connection.receive_data(received):
                    self._note(event)
                    if isinstance(event, h2.events.StreamEnded):
                        respond(connection, event.stream_id)
                writer.write(connection.data_to_send())
                await writer.drain()

        return await self._loopback.serve(handler, self._tls)

    async def say(self, said: bytes, *, waits: bool = False) -> int:
        """Hangs up when it has said so much, or waits for the other side to do so."""

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(65536)
            writer.write(said)
            await writer.drain()
            if waits:
                await hang(reader, writer)

        return await self._loopback.serve(handler, self._tls)

    async def fall_silent(self) -> int:
        return await self._loopback.serve(hang, self._tls)

    def _note(self, event: Any) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.requests.append({name.decode(): value.decode() for name, value in event.headers})
        elif isinstance(event, h2.events.DataReceived):
            self.bodies.append(event.data)


@pytest.fixture
def server(loopback: Loopback, authority: Authority) -> Server:
    return Server(loopback, authority)


def answers(status: int = 200, body: bytes = b"", **headers: str) -> Respond:
    def respond(connection: h2.connection.H2Connection, stream: int) -> None:
        named = [(name.replace("_", "-"), value) for name, value in headers.items()]
        connection.send_headers(stream, [(":status", str(status)), *named])
        connection.send_data(stream, body, end_stream=True)

    return respond


async def test_an_answer_over_http2_is_judged_as_any(prober: Prober, server: Server) -> None:
    port = await server.serve(answers(body=b'{"status": "ok"}', server="x"))
    wanted = check(port, "/a?b=c", body_json=("$.status == 'ok'",), headers_match={"Server": "x"})
    seen = await prober.ask(wanted)
    assert seen.verdict is Verdict.PASS, seen.reason
    assert (seen.evidence["http_version"], seen.evidence["bytes"]) == ("HTTP/2", 16)
    assert list(seen.phases) == ["resolve", "connect", "tls", "processing", "transfer"]
    assert seen.tls_not_after is not None
    [request] = server.requests
    assert (request[":path"], request[":authority"], request[":method"]) == ("/a?b=c", f"127.0.0.1:{port}", "GET")
    assert failed(await prober.ask(check(port, body_contains="down")), "body")


async def test_a_body_is_sent(prober: Prober, server: Server) -> None:
    port = await server.serve(answers(status=201))
    seen = await prober.ask(check(port, method="POST", body="näh", headers={"X-Key": "k"}))
    assert seen.verdict is Verdict.PASS
    assert b"".join(server.bodies) == "näh".encode()
    assert server.requests[0]["x-key"] == "k"


async def test_redirects_are_followed(prober: Prober, server: Server) -> None:
    def respond(connection: h2.connection.H2Connection, stream: int) -> None:
        first = len(server.requests) == 1
        (answers(302, location="/there") if first else answers(body=b"there"))(connection, stream)

    seen = await prober.ask(check(await server.serve(respond), body_contains="there", redirects=1))
    assert seen.verdict is Verdict.PASS, seen.reason


async def test_a_server_that_does_not_offer_it_fails(prober: Prober, loopback: Loopback, authority: Authority) -> None:
    port = await loopback.answer(b"", tls=authority.server(authority.issue()))
    seen = await prober.ask(check(port))
    assert failed(seen, "protocol")
    assert seen.reason == f"127.0.0.1:{port} does not offer HTTP/2"
    await eventually(lambda: loopback.open == 0)


async def test_a_wrong_certificate_is_told_as_over_http1(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    issued = authority.issue(days=-1)
    port = await loopback.answer(b"", tls=authority.server(issued))
    seen = await prober.ask(check(port))
    assert failed(seen, "tls_expired")
    assert seen.tls_not_after == issued.ends


async def test_http1_on_the_same_prober_still_offers_no_http2(
    prober: Prober, server: Server, loopback: Loopback, authority: Authority
) -> None:
    spoken: list[str | None] = []

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        spoken.append(session.selected_alpn_protocol())
        await asyncio.sleep(0)

    await prober.ask(check(await server.serve(answers())))
    tls = authority.server(authority.issue())
    tls.set_alpn_protocols(["h2", "http/1.1"])
    port = await loopback.serve(handler, tls)
    await prober.ask(Check(name="old", probe=HttpProbe(url=f"https://127.0.0.1:{port}/"), timeout=5.0))
    assert spoken == [None]


async def test_a_server_that_falls_silent_times_out(prober: Prober, server: Server) -> None:
    seen = await prober.ask(check(await server.fall_silent(), timeout=1.0))
    assert failed(seen, "timeout")
    assert seen.reason.endswith("did not answer within 1 s")


async def test_an_endless_body_is_read_to_the_bound(prober: Prober, server: Server) -> None:
    def respond(connection: h2.connection.H2Connection, stream: int) -> None:
        connection.send_headers(stream, [(":status", "200")])
        for _ in range(3):
            connection.send_data(stream, b"x" * 16384)

    seen = await prober.ask(check(await server.serve(respond), max_bytes=20_000))
    assert (seen.verdict, seen.evidence["bytes"], seen.evidence["truncated"]) == (Verdict.PASS, 20_000, True)


async def test_a_stream_that_is_refused_is_no_answer(prober: Prober, server: Server) -> None:
    def respond(connection: h2.connection.H2Connection, stream: int) -> None:
        connection.reset_stream(stream)

    seen = await prober.ask(check(await server.serve(respond)))
    assert failed(seen, "protocol")


@pytest.mark.parametrize(("said", "trouble"), [(b"", "reset"), (b"\x00" * 200, "protocol")])
async def test_what_is_no_http2_fails(prober: Prober, server: Server, said: bytes, trouble: str) -> None:
    seen = await prober.ask(check(await server.say(said, waits=bool(said))))
    assert failed(seen, trouble), seen


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


frames = st.builds(frame, st.integers(0, 12), st.integers(0, 255), st.integers(0, 3), st.binary(max_size=40))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=st.lists(frames, max_size=5).map(b"".join) | st.binary(max_size=100))
def test_any_bytes_become_an_observation(said: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    seen = asyncio.run(_ask(said, Authority(tmp_path_factory.mktemp("authority"))))
    assert seen.verdict is Verdict.FAIL, seen
    assert seen.reason.isprintable()


async def _ask(said: bytes, authority: Authority) -> Observation:
    loopback, prober = Loopback(), Prober(lambda: 0.0)
    try:
        port = await Server(loopback, authority).say(frame(4, 0, 0, b"") + said)
        return await prober.ask(check(port, verify_tls=False))
    finally:
        await loopback.close()
        await prober.close()
