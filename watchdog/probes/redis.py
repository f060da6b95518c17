"""Does Redis let us in, and is its answer the expected one?"""

from __future__ import annotations

import asyncio
import shlex
import ssl
from contextlib import suppress
from typing import Any, Final

import redis.exceptions
from redis.asyncio import Connection, SSLConnection

from watchdog.config.databases import Database, read_database
from watchdog.model.probe.reports import RedisProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.certificates import distrust
from watchdog.probes.context import ProberContext
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.failures import chain, explain
from watchdog.probes.network import endpoint, first_to_connect, resolve
from watchdog.probes.values import expect_value

PING: Final = "PING"
FULL: Final = "max number of clients"
CLIENTS: Final = ("connected_clients", "maxclients")


def make(context: ProberContext) -> RedisProber:
    return RedisProber(context.evaluation)


class RedisProber:
    """One connection for each ask, one command, whose answer is a single value."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    async def __call__(self, ask: Ask[RedisProbe]) -> str:
        probe, database = ask.probe, read_database(ask.probe.redis)
        addresses = await resolve(ask, database.host)

        async def connect(address: str, seconds: float | None) -> Connection:
            ask.enter(ProbePhase.CONNECT)
            ask.evidence["remote"] = where = endpoint(address, database.port)
            connection = _connection(database, address, probe.password)
            try:
                async with asyncio.timeout(seconds):
                    await connection.connect()
            except (redis.exceptions.RedisError, OSError) as error:
                await _hang_up(connection)
                raise _not_connected(ask, error, database.host, where) from error
            except BaseException:
                await _hang_up(connection)
                raise
            ask.note_connection(address)
            return connection

        connection = await first_to_connect(ask, addresses, connect)
        try:
            ask.enter(ProbePhase.PROCESSING)
            if probe.connected_clients is not None:
                figures = _figures(str(await _answer(connection, "INFO clients")))
                used, most = (figures.get(name) for name in CLIENTS)
                return await expect_value(ask, self._evaluation, "clients", used, probe.connected_clients, whole=most)
            query = probe.query or PING
            return await expect_value(ask, self._evaluation, query, await _answer(connection, query), probe.expect)
        except redis.exceptions.ResponseError as error:
            raise ProbeFailure(FailureKind.QUERY, f"{ask.evidence['remote']} refuses the command: {error}") from error
        except (redis.exceptions.RedisError, OSError) as error:
            raise _not_connected(ask, error, database.host, str(ask.evidence["remote"])) from error
        finally:
            await _hang_up(connection)


def _connection(database: Database, address: str, password: str | None) -> Connection:
    given: dict[str, Any] = {
        "port": database.port,
        "db": int(database.name or 0),
        "username": database.user or None,
        "password": password,
        "protocol": 2,  # what every server speaks
        "decode_responses": True,
        "encoding_errors": "replace",
    }
    if database.tls:
        return SSLConnection(host=database.host, **given)  # its certificate is for the name
    return Connection(host=address, **given)


async def _answer(connection: Connection, query: str) -> Any:
    await connection.send_command(*shlex.split(query))
    return await connection.read_response()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # untyped there


async def _hang_up(connection: Connection) -> None:
    with suppress(redis.exceptions.RedisError, OSError):
        await connection.disconnect(nowait=True)


def _figures(info: str) -> dict[str, str]:
    return dict(line.split(":", 1) for line in info.splitlines() if ":" in line)


def _not_connected(ask: Ask[RedisProbe], error: Exception, host: str, where: str) -> ProbeFailure:
    distrusted = next((cause for cause in chain(error) if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if distrusted is not None:
        return distrust(distrusted, ask, host)
    match error:
        case redis.exceptions.ConnectionError() if FULL in str(error):
            return ProbeFailure(FailureKind.FULL, f"{where} takes no more connections: {error}")
        case redis.exceptions.AuthenticationError() | redis.exceptions.ResponseError():
            return ProbeFailure(FailureKind.LOGIN, f"{where} does not let watchdog in: {error}")
        case _:
            return explain(error, where)
