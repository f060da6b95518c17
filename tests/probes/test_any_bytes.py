"""Whatever a server says, an ask ends as an observation, in time and within bytes."""

from __future__ import annotations

import asyncio
import time

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.probes.servers import Loopback
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober
from watchdog.probes.ask import REASON_LIMIT

MAX_BYTES = 64
TIMEOUT = 2.0

token = st.sampled_from(
    [b"Content-Length", b"Transfer-Encoding", b"Content-Encoding", b"Content-Type", b"Location", b"Connection", b"X"]
)
value = st.one_of(
    st.sampled_from([b"0", b"5", b"99999999999", b"-1", b"chunked", b"gzip", b"deflate", b"/", b"close", b"\xff", b""]),
    st.binary(max_size=20).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"")),
)
status = st.one_of(st.sampled_from([b"200", b"100", b"101", b"204", b"302", b"500"]), st.binary(max_size=4))


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    version = draw(st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2", b"HTTP/1.2"]))
    headers = draw(st.lists(st.tuples(token, value), max_size=4))
    lines = [version + b" " + draw(status) + b" x", *(name + b": " + content for name, content in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + draw(st.binary(max_size=200))


async def ask(said: bytes) -> Observation:
    loopback, prober = Loopback(), Prober(time.time)
    try:
        port = await loopback.answer(said)
        return await prober.ask(
            Check(
                name="any",
                probe=HttpProbe(url=f"http://127.0.0.1:{port}/", max_bytes=MAX_BYTES, redirects=2, body_matches="a|^"),
                timeout=TIMEOUT,
            )
        )
    finally:
        await loopback.close()
        await prober.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=st.one_of(st.binary(max_size=300), answers()))
@example(said=b"HTTP/1.1 302 x\r\nLocation: http://\xff\xfe/\r\n\r\n")
@example(said=b"HTTP/1.1 302 x\r\nLocation: http://" + b"a" * 300 + b"/\r\n\r\n")
@example(said=b"HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b")
@example(said=b"HTTP/1.1 301 x\r\nLocation: \xad\x9b\r\n\r\n")
@example(said=b"HTTP/0.0 200\n\n")
@example(said=b"HTTP/1.1 101 x\r\n\r\nraw")
def test_any_bytes_become_an_observation_within_time_and_bytes(said: bytes) -> None:
    seen = asyncio.run(ask(said))
    assert seen.verdict in {Verdict.PASS, Verdict.FAIL}, seen  # UNKNOWN: the asker stumbled over the answer
    assert seen.seconds < TIMEOUT
    assert int(seen.evidence.get("bytes") or 0) <= MAX_BYTES
    assert len(seen.reason) <= REASON_LIMIT
    assert seen.reason.isprintable()
    if seen.verdict is Verdict.PASS:
        assert said.startswith(b"HTTP/")  # the parser takes any digits for the version
        assert 200 <= int(seen.evidence["http_status"] or 0) <= 299
