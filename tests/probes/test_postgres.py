"""PostgreSQL is asked what its users would ask; a real server answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.support.databases import PASSWORD, Server, postgres, postgres_server
from watchdog.model.observation import Observation, Verdict
from watchdog.probes import Prober


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server("max_connections=12", "superuser_reserved_connections=0", "max_wal_senders=4") as started:
        yield started


@pytest.fixture(autouse=True)
async def it_takes_logins(server: Server, prober: Prober) -> None:
    await _until(prober, postgres(server.port), Verdict.PASS)


def judged(seen: Observation) -> tuple[Verdict, Any]:
    assert PASSWORD not in repr(seen)
    return seen.verdict, seen.evidence.get("class")


async def test_a_login_and_an_answer_pass_with_their_phases(prober: Prober, server: Server) -> None:
    seen = await prober.ask(postgres(server.port))
    assert judged(seen) == (Verdict.PASS, None)
    assert seen.phases.keys() >= {"resolve", "connect", "processing"}
    assert seen.reason == f"127.0.0.1:{server.port} takes logins and answers queries"


@pytest.mark.parametrize(
    ("query", "expect", "wrong"),
    [
        ("SELECT 5", "< 9", None),
        ("SELECT 5::numeric / 2", "== 2.5", None),
        ("SELECT 'abc123'", "== 'abc123'", None),
        ("SELECT true", "== true", None),
        ("SELECT NULL", "== null", None),
        ("SELECT interval '90 seconds'", "== 90", None),
        ("SELECT now()", "matches /^20/", None),
        ("SELECT generate_series(1, 1000000)", "== 1", None),
        ("SELECT 'whatever'", None, None),
        ("SELECT 95", "< 90", "95 is not what is expected: < 90"),
        ("SELECT 'abd'", "== 'abc'", "'abd' is not what is expected: == 'abc'"),
        ("SELECT 1 WHERE false", "== 1", "the query finds nothing"),
        ("SELECT ARRAY[1,2]", "== 1", "the answer is not a single value: ask for one"),
    ],
)
async def test_the_first_value_is_compared(
    prober: Prober, server: Server, query: str, expect: str | None, wrong: str | None
) -> None:
    seen = await prober.ask(postgres(server.port, query=query, expect=expect))
    assert judged(seen) == ((Verdict.PASS, None) if wrong is None else (Verdict.FAIL, "value")), seen.reason
    assert wrong is None or seen.reason.endswith(wrong)


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE t (a int)",
        "SELECT 1; COMMIT; CREATE TABLE t (a int)",
        "COMMIT; CREATE TABLE t (a int)",
        "SET TRANSACTION READ WRITE",
        "SELECT nonsense",
        "SELECT set_config('transaction_read_only', 'off', false)",
    ],
)
async def test_nothing_can_be_written(prober: Prober, server: Server, query: str) -> None:
    seen = await prober.ask(postgres(server.port, query=query))
    assert judged(seen)[0] is Verdict.FAIL
    there = postgres(server.port, query="SELECT count(*) FROM pg_tables WHERE tablename = 't'", expect="== 0")
    assert judged(await prober.ask(there)) == (Verdict.PASS, None)


@pytest.mark.parametrize(
    ("keys", "trouble", "said"),
    [
        ({"password": "wrong"}, "login", "password authentication failed"),
        ({"password": None}, "login", "no password supplied"),
        ({"postgres": "postgresql://postgres@127.0.0.1:{port}/nowhere"}, "login", 'database "nowhere" does not exist'),
        ({"postgres": "postgresql://nobody@127.0.0.1:{port}/postgres"}, "login", "authentication failed"),
        ({"postgres": "postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=require"}, "tls_handshake", "SSL"),
        ({"postgres": "postgresql://postgres@127.0.0.1:1/postgres"}, "refused", "nothing listens there"),
    ],
)
async def test_who_is_not_let_in_fails_with_the_reason(
    prober: Prober, server: Server, keys: dict[str, Any], trouble: str, said: str
) -> None:
    given = {key: value.format(port=server.port) if key == "postgres" else value for key, value in keys.items()}
    seen = await prober.ask(postgres(server.port, **given))
    assert judged(seen) == (Verdict.FAIL, trouble), seen.reason
    assert said in seen.reason


async def test_a_query_that_takes_too_long_is_ended_by_the_server(prober: Prober, server: Server) -> None:
    seen = await prober.ask(postgres(server.port, timeout=1.0, query="SELECT pg_sleep(60)"))
    assert judged(seen) == (Verdict.FAIL, "timeout")
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    assert judged(await prober.ask(postgres(server.port, query=asleep, expect="== 0"))) == (Verdict.PASS, None)


async def test_a_frozen_server_is_a_time_out_within_its_time(prober: Prober, server: Server) -> None:
    server.freeze()
    try:
        seen = await prober.ask(postgres(server.port, timeout=1.0))
    finally:
        server.thaw()
    assert judged(seen) == (Verdict.FAIL, "timeout"), seen.reason


async def test_connections_are_counted_against_those_allowed(prober: Prober, server: Server) -> None:
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{server.port}/postgres"
    few = await prober.ask(postgres(server.port, connections_used="< 80%"))
    assert judged(few) == (Verdict.PASS, None), few.reason
    held = [await psycopg.AsyncConnection.connect(url) for _ in range(10)]
    try:
        many = await prober.ask(postgres(server.port, connections_used="< 80%"))
        assert judged(many) == (Verdict.FAIL, "value")
        assert "of 12, which is" in many.reason
        held += [await psycopg.AsyncConnection.connect(url) for _ in range(2)]
        full = await prober.ask(postgres(server.port, connections_used="< 80%"))
        assert judged(full) == (Verdict.FAIL, "full"), full.reason
    finally:
        for connection in held:
            await connection.close()


async def test_a_primary_is_no_standby(prober: Prober, server: Server) -> None:
    seen = await prober.ask(postgres(server.port, replication_lag=30.0))
    assert judged(seen) == (Verdict.FAIL, "value")
    assert "is no standby" in seen.reason


async def test_a_standby_that_replays_no_more_lags_behind(prober: Prober, server: Server) -> None:
    with postgres_server("max_connections=12", "max_wal_senders=4", copy_of=server) as standby:
        lag = postgres(standby.port, replication_lag=1.0)
        url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:{{}}/postgres"
        async with await psycopg.AsyncConnection.connect(url.format(server.port), autocommit=True) as primary:
            await primary.execute("CREATE TABLE IF NOT EXISTS beats (at timestamptz)")
            await primary.execute("INSERT INTO beats VALUES (now())")
            there = postgres(standby.port, query="SELECT count(*) FROM beats", expect="> 0")
            await _until(prober, there, Verdict.PASS)
            await _until(prober, lag, Verdict.PASS)
            async with await psycopg.AsyncConnection.connect(url.format(standby.port), autocommit=True) as told:
                await told.execute("SELECT pg_wal_replay_pause()")
                await primary.execute("INSERT INTO beats VALUES (now())")
                await _until(prober, lag, Verdict.FAIL)
                assert "replication lag" in (await prober.ask(lag)).reason
                await told.execute("SELECT pg_wal_replay_resume()")
            await _until(prober, lag, Verdict.PASS)


async def _until(prober: Prober, check: Any, verdict: Verdict) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while (seen := await prober.ask(check)).verdict is not verdict:
        assert asyncio.get_running_loop().time() < deadline, seen.reason
        await asyncio.sleep(0.05)
