"""Does PostgreSQL let us in, and is its answer the expected one?"""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from watchdog.config.databases import read_database
from watchdog.model.probe.reports import PostgresProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.context import ProberContext
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.failures import explain
from watchdog.probes.network import endpoint, first_to_connect, resolve
from watchdog.probes.values import expect_value

CONNECTIONS: Final = "SELECT sum(numbackends), current_setting('max_connections')::int FROM pg_stat_database"
"""Both figures are readable by everybody, unlike the rows of pg_stat_activity."""
LAG: Final = """SELECT pg_is_in_recovery(), CASE
  WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT 1 FROM pg_stat_wal_receiver) THEN 0
  ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END"""
"""Seconds, by PostgreSQL's manual 27.2.5; a standby that has replayed all of a primary that writes nothing has none."""
SHARE: Final = 0.9
"""Of the time that is left, for the server to end the statement itself: then it says so."""

_FULL: Final = ("too many clients", "too many connections", "remaining connection slots")
_ERRNOS: Final = (
    errno.ECONNREFUSED, errno.ECONNRESET, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETUNREACH, errno.ENETDOWN,
    errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM,
)  # fmt: skip

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


def make(context: ProberContext) -> PostgresProber:
    return PostgresProber(context.evaluation)


class PostgresProber:
    """One connection for each ask, one transaction that can only read and is rolled back."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def __call__(self, ask: Ask[PostgresProbe]) -> str:
        database = read_database(ask.probe.postgres)
        addresses = await resolve(ask, database.host)

        async def connect(address: str, seconds: float | None) -> Connection:
            ask.enter(ProbePhase.CONNECT)
            ask.evidence["remote"] = where = endpoint(address, database.port)
            try:
                async with asyncio.timeout(seconds):
                    opened = await psycopg.AsyncConnection.connect(
                        make_conninfo(**database.options),
                        host=database.host,
                        hostaddr=address,
                        port=database.port,
                        user=database.user or None,
                        password=ask.probe.password,
                        dbname=database.name or None,
                        application_name="watchdog",
                    )
            except psycopg.Error as error:  # it holds the password: it is nobody's cause
                raise _not_connected(str(error), where) from None
            except TimeoutError as error:
                raise explain(error, where) from error
            ask.note_connection(address)
            return opened

        connection = await first_to_connect(ask, addresses, connect)
        try:
            return await _judge(ask, connection, self._evaluation)
        except psycopg.errors.QueryCanceled:
            raise ProbeFailure(
                FailureKind.TIMEOUT, f"{ask.evidence['remote']} did not answer the query in time"
            ) from None
        except psycopg.Error as error:
            raise ProbeFailure(
                FailureKind.QUERY, f"{ask.evidence['remote']} refuses the query: {_first_line(error)}"
            ) from None
        finally:
            with suppress(psycopg.Error):
                await connection.close()


async def _judge(ask: Ask[PostgresProbe], connection: Connection, evaluation: Evaluation) -> str:
    async def expect(what: str, value: Any, wanted: str | None, whole: Any = None) -> str:
        return await expect_value(ask, evaluation, what, value, wanted, whole=whole)

    probe, remote = ask.probe, ask.evidence["remote"]
    ask.enter(ProbePhase.PROCESSING)
    try:
        async with asyncio.timeout(ask.seconds_left * (1 + SHARE) / 2):
            await connection.set_read_only(True)
            milliseconds = max(1, int(ask.seconds_left * SHARE * 1000))
            await connection.execute(f"SET LOCAL statement_timeout = {milliseconds}".encode())
            if probe.connections_used is not None:
                used, allowed = await _row(connection, CONNECTIONS)
                return await expect_value(
                    ask, evaluation, "connections used", used, probe.connections_used, whole=allowed
                )
            if probe.replication_lag is not None:
                standby, lag = await _row(connection, LAG)
                if not standby:
                    raise ProbeFailure(FailureKind.VALUE, f"{remote} is no standby")
                if lag is None:
                    raise ProbeFailure(
                        FailureKind.VALUE, f"{remote} lags behind and has replayed nothing since its start"
                    )
                return await expect_value(
                    ask, evaluation, "seconds of replication lag", lag, f"<= {probe.replication_lag:g}"
                )
            if probe.query is None:
                await _row(connection, "SELECT 1")
                return f"{remote} takes logins and answers queries"
            row = await _row(connection, probe.query)
            return await expect("the query", row[0], probe.expect)
    except TimeoutError:  # a server that is frozen ends nothing by itself
        raise ProbeFailure(FailureKind.TIMEOUT, f"{remote} did not answer the query in time") from None


async def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    """The first row; of a large answer no more than a second one is read. One statement only: no way out of the
    transaction.
    """
    rows: list[tuple[Any, ...]] = []
    async for row in connection.cursor().stream(query.encode()):
        rows.append(row)
        if len(rows) > 1:
            break
    if not rows or not rows[0]:
        raise ProbeFailure(FailureKind.VALUE, "the query finds nothing")
    return rows[0]


def _not_connected(message: str, where: str) -> ProbeFailure:
    """Libpq tells of failures only by text: the system's error at the end of it, or the server's own words."""
    text = message.partition(" failed: ")[2].rpartition(" failed: ")[2] or message
    for number in _ERRNOS:
        if os.strerror(number) in text:
            return explain(OSError(number, ""), where)
    said = text.strip().splitlines()[0].removeprefix("FATAL:").strip() if text.strip() else "no reason given"
    if any(full in said for full in _FULL):
        return ProbeFailure(FailureKind.FULL, f"{where} takes no more connections: {said}")
    if "certificate" in said or "SSL" in said:
        return ProbeFailure(FailureKind.TLS_HANDSHAKE, f"{where} does not complete a TLS handshake: {said}")
    if "server closed the connection" in text:
        return ProbeFailure(FailureKind.RESET, f"{where} closed the connection")
    return ProbeFailure(FailureKind.LOGIN, f"{where} does not let watchdog in: {said}")


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip().splitlines()[0]
