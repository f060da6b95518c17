"""What an answer over HTTP must hold beyond its status, and over which connection it comes."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.probes.authority import Authority
from tests.probes.servers import Loopback, http, read_request, reset
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpConnection, HttpProbe
from watchdog.probes import Prober
from watchdog.probes.ask import Ask, ProbeFailure
from watchdog.probes.body import BoundedBody
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.expectations import judge_body
from watchdog.probes.vantage import Vantages

EVALUATION = Evaluation()
"""No process is started for what is judged here."""
HEALTH = json.dumps({"status": "ok", "queue": 12, "nodes": [{"up": True}, {"up": True}]}).encode()


def check(port: int, path: str = "/", scheme: str = "http", **rest: Any) -> Check:
    probe = HttpProbe(url=f"{scheme}://127.0.0.1:{port}{path}", **rest)
    return Check(name="shop", probe=probe, timeout=5.0)


def failed(seen: Observation, trouble: str) -> bool:
    return (seen.verdict, seen.evidence.get("class")) == (Verdict.FAIL, trouble)


async def test_json_is_compared_and_what_is_wrong_is_told(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(body=HEALTH))
    good = ("$.status == 'ok'", "$.queue < 100", "$.nodes[*].up == true")
    assert (await prober.ask(check(port, body_json=good))).verdict is Verdict.PASS
    seen = await prober.ask(check(port, body_json=(*good, "$.queue < 10")))
    assert failed(seen, "body")
    assert seen.reason == "$.queue: 12 is not what is expected: < 10"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a": ', b"[" * 100_000, b"1" * 5000])
async def test_a_body_that_is_no_json_fails(prober: Prober, loopback: Loopback, body: bytes) -> None:
    seen = await prober.ask(check(await loopback.answer(http(body=body)), body_json=("$.status == 'ok'",)))
    assert failed(seen, "body")
    assert seen.reason == f"the body of {len(body)} bytes is no JSON"


async def test_json_beyond_the_bound_says_which_bound(prober: Prober, loopback: Loopback) -> None:
    seen = await prober.ask(check(await loopback.answer(http(body=HEALTH)), body_json=("$.status",), max_bytes=20))
    assert failed(seen, "too_large")
    assert seen.reason == "the body is longer than max_bytes (20): its JSON cannot be read"


async def test_text_is_looked_for_as_it_stands(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(body=gzip.compress("1 + 1 = zwö (2)".encode()), content_encoding="gzip"))
    assert (await prober.ask(check(port, body_contains="zwö (2)"))).verdict is Verdict.PASS
    seen = await prober.ask(check(port, body_contains="zwö .2."))
    assert failed(seen, "body")
    assert seen.reason.endswith("has nothing like 'zwö .2.'")


async def test_security_headers_that_are_missing_are_named(
    prober: Prober, loopback: Loopback, authority: Authority
) -> None:
    tls = authority.server(authority.issue())
    said = http(content_security_policy="frame-ancestors 'none'", x_content_type_options="nosniff")
    plain, secure = await loopback.answer(said), await loopback.answer(said, tls=tls)
    assert (await prober.ask(check(plain, security_headers=True))).verdict is Verdict.PASS
    seen = await prober.ask(check(secure, scheme="https", security_headers=True))
    assert failed(seen, "security_headers")
    assert seen.reason == f"the answer of 127.0.0.1:{secure} lacks Strict-Transport-Security"


async def test_a_header_that_comes_twice_is_judged_as_a_list(prober: Prober, loopback: Loopback) -> None:
    said = b"HTTP/1.1 200 OK\r\nVary: Accept\r\nVary: Cookie\r\nContent-Length: 0\r\n\r\n"
    port = await loopback.answer(said)
    assert (await prober.ask(check(port, headers_match={"vary": "^Accept, Cookie$"}))).verdict is Verdict.PASS


class Keeping:
    """A server that keeps its connections, as long as it is told to."""

    def __init__(self, loopback: Loopback) -> None:
        self._loopback = loopback
        self.connections = 0
        self.requests = 0
        self.ends_after = 1000
        """Requests on one connection, the last of which is not answered."""
        self.resets = False

    async def serve(self, tls: Any = None) -> int:
        return await self._loopback.serve(self._handle, tls)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for number in range(1, self.ends_after + 1):
            await read_request(reader)
            self.requests += 1
            if number == self.ends_after:
                if self.resets:
                    reset(writer)
                return
            writer.write(http(body=b"kept"))


KEPT = {"connection": HttpConnection.KEPT}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_kept_connection_has_no_phases_of_its_making(
    prober: Prober, loopback: Loopback, authority: Authority, scheme: str
) -> None:
    server = Keeping(loopback)
    port = await server.serve(authority.server(authority.issue()) if scheme == "https" else None)
    first, second, third = [await prober.ask(check(port, scheme=scheme, **KEPT)) for _ in range(3)]
    assert [seen.verdict for seen in (first, second, third)] == [Verdict.PASS] * 3
    assert "connect" in first.phases
    assert list(second.phases) == list(third.phases) == ["processing", "transfer"]
    assert second.evidence == first.evidence
    assert second.tls_not_after == first.tls_not_after
    assert server.connections == 1


async def test_two_asks_at_a_time_share_no_connection(prober: Prober, loopback: Loopback) -> None:
    server = Keeping(loopback)
    port = await server.serve()
    both = await asyncio.gather(*(prober.ask(check(port, **KEPT)) for _ in range(2)))
    assert [seen.verdict for seen in both] == [Verdict.PASS] * 2
    assert server.connections == 2


@pytest.mark.parametrize("resets", [False, True])
async def test_a_kept_connection_that_was_closed_meanwhile_is_no_failure(
    prober: Prober, loopback: Loopback, *, resets: bool
) -> None:
    server = Keeping(loopback)
    server.ends_after, server.resets = 2, resets
    port = await server.serve()
    seen = [await prober.ask(check(port, **KEPT)) for _ in range(3)]
    assert [one.verdict for one in seen] == [Verdict.PASS] * 3
    assert server.connections == 3
    assert server.requests == 5  # two of them came to connections that were about to be closed


@pytest.mark.parametrize("connection", list(HttpConnection))
@pytest.mark.parametrize("resets", [False, True])
async def test_a_new_connection_that_is_closed_is_a_failure_that_no_second_try_hides(
    *, prober: Prober, loopback: Loopback, connection: HttpConnection, resets: bool
) -> None:
    server = Keeping(loopback)
    server.ends_after, server.resets = 1, resets
    assert failed(await prober.ask(check(await server.serve(), connection=connection)), "reset")
    assert server.connections == 1


async def test_a_post_is_not_sent_twice(prober: Prober, loopback: Loopback) -> None:
    server = Keeping(loopback)
    server.ends_after = 2
    port = await server.serve()
    first, second = [await prober.ask(check(port, method="POST", body="pay", **KEPT)) for _ in range(2)]
    assert first.verdict is Verdict.PASS
    assert failed(second, "reset")
    assert server.requests == 2


async def test_closing_hangs_up_what_is_kept(prober: Prober, loopback: Loopback) -> None:
    port = await Keeping(loopback).serve()
    await prober.ask(check(port, **KEPT))
    assert loopback.open == 1
    await prober.close()
    async with asyncio.timeout(10):
        while loopback.open:  # noqa: ASYNC110 - the server says so to nobody
            await asyncio.sleep(0.01)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    raw=st.one_of(
        st.binary(max_size=200), st.text(alphabet='{}[]",:0123456789eE-+.truefalsn ', max_size=80).map(str.encode)
    )
)
def test_any_body_is_judged_or_found_wrong(raw: bytes) -> None:
    body = BoundedBody("", 100)
    body.feed(raw)
    wanted = HttpProbe(url="http://h/", body_json=("$.a == 1", "$[*]", "$.b matches /x/"), max_bytes=100)
    verdict = Verdict.PASS
    try:
        asyncio.run(judge_body(Ask(check(1), wanted, 0.0, Vantages(None).host), wanted, body, EVALUATION))
    except ProbeFailure as failure:
        verdict = failure.kind.verdict
    assert verdict in {Verdict.PASS, Verdict.FAIL}
