from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from typing import Any

import pytest

from tests.probes.servers import Loopback, free_port, full_backlog, hang, http, read_request, reset
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.probes import Prober


def check(target: int | str, path: str = "/", timeout: float = 5.0, **rest: Any) -> Check:
    url = f"http://127.0.0.1:{target}{path}" if isinstance(target, int) else target
    return Check(name="shop", probe=HttpProbe(url=url, **rest), timeout=timeout)


def failed(seen: Observation, trouble: str) -> bool:
    return (seen.verdict, seen.evidence.get("class")) == (Verdict.FAIL, trouble)


async def test_a_good_answer_passes_with_its_evidence_and_phases(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(body=b"hello"))
    seen = await prober.ask(check(port))
    assert seen.verdict is Verdict.PASS
    assert seen.evidence == {
        "remote": f"127.0.0.1:{port}",
        "http_status": 200,
        "http_version": "HTTP/1.1",
        "bytes": 5,
    }
    assert list(seen.phases) == ["resolve", "connect", "processing", "transfer"]
    assert sum(seen.phases.values()) <= seen.seconds
    assert seen.reason.startswith(f"127.0.0.1:{port} answers HTTP 200 in ")


async def test_the_request_is_sent_as_configured(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http())
    await prober.ask(check(port, "/login?a=b", method="POST", headers={"X-Key": "k"}, body="näh"))
    sent = loopback.requests[0]
    assert sent.startswith(b"POST /login?a=b HTTP/1.1\r\n")
    assert b"\r\nX-Key: k\r\n" in sent
    assert b"\r\nConnection: close\r\n" in sent
    assert f"\r\nHost: 127.0.0.1:{port}\r\n".encode() in sent
    assert sent.endswith("\r\n\r\nnäh".encode())


async def test_credentials_in_the_url_are_used_and_never_shown(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(status=401))
    seen = await prober.ask(check(f"http://root:s3cr%40t@127.0.0.1:{port}/?token=t0ken"))
    assert b"Authorization: Basic cm9vdDpzM2NyQHQ=\r\n" in loopback.requests[0]
    assert not any(secret in repr(seen) for secret in ("s3cr", "t0ken", "cm9vdD"))


async def test_a_name_is_asked_by_its_own_name_at_its_address(
    prober: Prober, loopback: Loopback, resolves: Any
) -> None:
    port = await loopback.answer(http())
    resolves("shop.test", "127.0.0.1")
    assert (await prober.ask(check(f"http://shop.test:{port}/"))).verdict is Verdict.PASS
    assert f"\r\nHost: shop.test:{port}\r\n".encode() in loopback.requests[0]


async def test_every_ask_makes_a_connection_of_its_own(prober: Prober, loopback: Loopback) -> None:
    ports: set[object] = set()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            ports.add(writer.get_extra_info("peername"))
            writer.write(http())

    port = await loopback.serve(handler)
    for _ in range(3):
        assert (await prober.ask(check(port))).verdict is Verdict.PASS
    assert len(ports) == 3


async def test_no_proxy_is_taken_from_the_environment(
    prober: Prober, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    assert (await prober.ask(check(await loopback.answer(http())))).verdict is Verdict.PASS


@pytest.mark.parametrize("status", [500, 502, 503, 404, 199 + 101, 304])
async def test_an_unexpected_status_fails_and_is_named(prober: Prober, loopback: Loopback, status: int) -> None:
    seen = await prober.ask(check(await loopback.answer(http(status))))
    assert failed(seen, "status")
    assert seen.evidence["http_status"] == status
    assert f"answers HTTP {status}; expected is 200-299" in seen.reason


async def test_an_expected_status_passes_whatever_it_is(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(503))
    assert (await prober.ask(check(port, status=((200, 204), (503, 503))))).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("pattern", "verdict"), [("sho[pq]", Verdict.PASS), ("^we", Verdict.PASS), ("closed", Verdict.FAIL)]
)
async def test_the_body_is_searched_for_its_pattern(
    prober: Prober, loopback: Loopback, pattern: str, verdict: Verdict
) -> None:
    seen = await prober.ask(check(await loopback.answer(http(body=b"welcome to the shop")), body_matches=pattern))
    assert seen.verdict is verdict
    assert verdict is Verdict.PASS or failed(seen, "body")


@pytest.mark.parametrize(("pattern", "verdict"), [("^text/html", Verdict.PASS), ("json", Verdict.FAIL)])
async def test_a_header_must_match_its_pattern(
    prober: Prober, loopback: Loopback, pattern: str, verdict: Verdict
) -> None:
    port = await loopback.answer(http(content_type="text/html; charset=utf-8"))
    seen = await prober.ask(check(port, headers_match={"Content-Type": pattern}))
    assert seen.verdict is verdict
    assert verdict is Verdict.PASS or failed(seen, "header")


async def test_a_header_that_is_missing_fails(prober: Prober, loopback: Loopback) -> None:
    seen = await prober.ask(check(await loopback.answer(http()), headers_match={"X-Ready": "."}))
    assert failed(seen, "header")
    assert seen.reason == "the answer has no header X-Ready"


async def test_a_right_answer_that_comes_too_late_is_slow(prober: Prober, loopback: Loopback) -> None:
    assert failed(await prober.ask(check(await loopback.answer(http()), max_latency=1e-9)), "slow")


async def test_an_endless_body_is_read_to_the_bound_and_no_further(prober: Prober, loopback: Loopback) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    port = await loopback.serve(endless)
    seen = await prober.ask(check(port, max_bytes=100_000))
    assert (seen.verdict, seen.evidence["bytes"], seen.evidence["truncated"]) == (Verdict.PASS, 100_000, True)
    assert failed(await prober.ask(check(port, max_bytes=100_000, body_matches="y")), "too_large")


async def test_a_packed_body_is_unpacked_before_it_is_searched(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(body=gzip.compress(b"all is well"), content_encoding="gzip"))
    assert (await prober.ask(check(port, body_matches="^all is well$"))).verdict is Verdict.PASS


async def test_a_gzip_bomb_unpacks_to_the_bound_and_no_further(prober: Prober, loopback: Loopback) -> None:
    port = await loopback.answer(http(body=gzip.compress(bytes(200_000_000), 9), content_encoding="gzip"))
    await prober.ask(check(free_port()))  # what is imported once is not the bomb's
    tracemalloc.start()
    seen = await prober.ask(check(port, max_bytes=300_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (seen.verdict, seen.evidence["bytes"]) == (Verdict.PASS, 300_000)
    assert peak < 3_000_000


async def test_a_body_that_cannot_be_unpacked_fails(prober: Prober, loopback: Loopback) -> None:
    assert failed(await prober.ask(check(await loopback.answer(http(body=b"no", content_encoding="gzip")))), "protocol")


async def test_huge_headers_are_not_swallowed(prober: Prober, loopback: Loopback) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"x" * 8192 + b"\r\n")
            await writer.drain()

    assert failed(await prober.ask(check(await loopback.serve(handler))), "protocol")


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", "reset"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", "reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "protocol"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -4\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "protocol"),
        (b"\x15\x03\x01\x00\x02\x02\x16", "protocol"),
    ],
)
async def test_an_answer_that_is_broken_fails(prober: Prober, loopback: Loopback, said: bytes, trouble: str) -> None:
    assert failed(await prober.ask(check(await loopback.answer(said))), trouble)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf"])
async def test_a_reset_fails_as_a_reset(prober: Prober, loopback: Loopback, said: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        reset(writer)

    assert failed(await prober.ask(check(await loopback.serve(handler))), "reset")


async def test_nothing_that_listens_fails_as_refused(prober: Prober) -> None:
    seen = await prober.ask(check(port := free_port()))
    assert failed(seen, "refused")
    assert seen.reason == f"127.0.0.1:{port} refuses connections: nothing listens there"


async def test_slow_drip_ends_at_the_time_limit(prober: Prober, loopback: Loopback) -> None:
    dripped = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not dripped.is_set():
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    seen = await prober.ask(check(await loopback.serve(drip), timeout=1.0))
    dripped.set()
    assert failed(seen, "timeout")
    assert 1.0 <= seen.seconds < 3.0
    assert "was not done within 1 s" in seen.reason


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"", "did not answer within 1 s"),
        (b"HTTP/1.1 200 OK\r\nX-Half: ", "did not answer within 1 s"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "did not answer within 1 s"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel", "sent 3 bytes and was not done within 1 s"),
    ],
)
async def test_a_server_that_falls_silent_times_out(
    prober: Prober, loopback: Loopback, said: bytes, sentence: str
) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await hang(reader, writer)

    seen = await prober.ask(check(await loopback.serve(handler), timeout=1.0))
    assert failed(seen, "timeout")
    assert seen.seconds < 3.0
    assert seen.reason.endswith(sentence)


async def test_a_connection_that_is_never_accepted_times_out(prober: Prober) -> None:
    with full_backlog() as port:
        seen = await prober.ask(check(port, timeout=0.2))
    assert failed(seen, "timeout")
    assert seen.reason == f"127.0.0.1:{port} did not take the connection within 0.2 s"


@pytest.mark.parametrize(
    "target",
    ["ftp://shop/", "http://", "shop", "http://[::1", "http://127.0.0.1:99999/", "", "http://\x00/"],
)
async def test_what_is_no_url_is_not_asked(prober: Prober, target: str) -> None:
    seen = await prober.ask(check(target))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.UNKNOWN, "not_asked")


@pytest.mark.parametrize(
    "wrong", [{"headers": {"X-Bad": "a\nb"}}, {"body_matches": "(", "status": ((200, 200),)}, {"method": "G E T"}]
)
async def test_a_check_that_cannot_be_asked_is_unknown(prober: Prober, loopback: Loopback, wrong: Any) -> None:
    seen = await prober.ask(check(await loopback.answer(http()), **wrong))
    assert (seen.verdict, seen.evidence["class"]) == (Verdict.UNKNOWN, "not_asked")
