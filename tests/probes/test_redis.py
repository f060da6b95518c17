"""Redis is asked what its users would ask; a real server answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.probes.authority import Authority
from tests.support.databases import PASSWORD, Server, redis, redis_server
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.probes import Prober


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with redis_server() as started:
        yield started


def judged(seen: Observation) -> tuple[Verdict, Any]:
    assert PASSWORD not in repr(seen)
    return seen.verdict, seen.evidence.get("class")


async def test_a_login_and_a_ping_pass_with_their_phases(prober: Prober, server: Server) -> None:
    seen = await prober.ask(redis(server.port))
    assert judged(seen) == (Verdict.PASS, None)
    assert seen.reason == f"127.0.0.1:{server.port} answers PING with 'PONG'"
    assert seen.phases.keys() >= {"resolve", "connect", "processing"}


@pytest.mark.parametrize(
    ("query", "expect", "wrong"),
    [
        ("DBSIZE", "== 0", None),
        ("LLEN jobs", "< 100", None),
        ("GET 'a key'", "== null", None),
        ("INFO replication", "matches /role:master/", None),
        ("INFO replication", "matches /role:slave/", "is not what is expected: matches /role:slave/"),
        ("DBSIZE", "> 0", "0 is not what is expected: > 0"),
        ("PING", "== 'PANG'", "'PONG' is not what is expected: == 'PANG'"),
    ],
)
async def test_the_answer_is_compared(
    prober: Prober, server: Server, query: str, expect: str, wrong: str | None
) -> None:
    seen = await prober.ask(redis(server.port, query=query, expect=expect))
    assert judged(seen) == ((Verdict.PASS, None) if wrong is None else (Verdict.FAIL, "value")), seen.reason
    assert wrong is None or seen.reason.endswith(wrong)


@pytest.mark.parametrize(
    ("keys", "trouble"),
    [
        ({"password": "wrong"}, "login"),
        ({"password": None}, "login"),
        ({"redis": "redis://nobody@127.0.0.1:{port}/0"}, "login"),
        ({"redis": "redis://127.0.0.1:{port}/99"}, "login"),
        ({"redis": "redis://127.0.0.1:1/0"}, "refused"),
        ({"redis": "rediss://127.0.0.1:{port}/0", "timeout": 1.0}, "timeout"),
        ({"query": "LLEN"}, "query"),
    ],
)
async def test_who_is_not_let_in_fails_with_the_reason(
    prober: Prober, server: Server, keys: dict[str, Any], trouble: str
) -> None:
    given = {key: value.format(port=server.port) if key == "redis" else value for key, value in keys.items()}
    seen = await prober.ask(redis(server.port, **given))
    assert judged(seen) == (Verdict.FAIL, trouble), seen.reason


async def test_a_frozen_server_is_a_time_out(prober: Prober, server: Server) -> None:
    server.freeze()
    try:
        seen = await prober.ask(redis(server.port, timeout=0.5))
    finally:
        server.thaw()
    assert judged(seen) == (Verdict.FAIL, "timeout"), seen.reason


async def test_clients_are_counted_against_those_allowed(prober: Prober) -> None:
    with redis_server("--maxclients", "10") as server:
        few = await prober.ask(redis(server.port, connected_clients="< 90%"))
        assert judged(few) == (Verdict.PASS, None), few.reason
        async with AsyncExitStack() as held:
            for _ in range(9):
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                held.callback(writer.close)
            many = await _until(prober, redis(server.port, connected_clients="< 90%"), "value")
            assert "10 of 10, which is 100 %" in many.reason.replace("'", "")
            for _ in range(3):  # one of them takes the last place, once the probe's own has left it
                _, writer = await asyncio.open_connection("127.0.0.1", server.port)
                held.callback(writer.close)
                await asyncio.sleep(0)
            await _until(prober, redis(server.port), "full")


async def test_over_tls_the_certificate_must_be_for_the_name(prober: Prober, authority: Authority) -> None:
    for host, verdict in (("localhost", (Verdict.PASS, None)), ("elsewhere.test", (Verdict.FAIL, "tls_wrong_host"))):
        pem = str(authority.pem(authority.issue(host=host)))
        files = ("--tls-cert-file", pem, "--tls-key-file", pem, "--tls-ca-cert-file", str(authority.path))
        with redis_server("--port", "0", "--tls-port", "{port}", "--tls-auth-clients", "no", *files) as server:
            seen = await prober.ask(redis(server.port, redis=f"rediss://localhost:{server.port}"))
            assert judged(seen) == verdict, seen.reason


async def _until(prober: Prober, check: Check, trouble: str) -> Observation:
    """Who has hung up is counted until the server has noticed."""
    deadline = asyncio.get_running_loop().time() + 30
    while judged(seen := await prober.ask(check)) != (Verdict.FAIL, trouble):
        assert asyncio.get_running_loop().time() < deadline, seen.reason
        await asyncio.sleep(0.05)
    return seen
