"""Keys of checks that ask a database: PostgreSQL, Redis."""

from __future__ import annotations

import shlex
from importlib.util import find_spec
from typing import Any, ClassVar, Final

from pydantic import Field

from watchdog.config.checks.secrets import secret
from watchdog.config.checks.section import KindSection
from watchdog.config.fields import AbsolutePath, Expectation, PostgresUrl, Query, RedisUrl, Secret, Window
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.reports import PostgresProbe, RedisProbe

READING: Final = frozenset({
    "DBSIZE", "EXISTS", "GET", "GETRANGE", "HEXISTS", "HGET", "HLEN", "INFO", "LASTSAVE", "LINDEX", "LLEN", "PING",
    "PTTL", "SCARD", "SISMEMBER", "STRLEN", "TTL", "TYPE", "XLEN", "ZCARD", "ZCOUNT", "ZSCORE",
})  # fmt: skip
"""Commands of Redis that change nothing and answer with one value."""


class SqlSection(KindSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset({"postgres", "redis", "password", "password_file"})
    client: ClassVar[str]
    """The package that asks."""

    password: Secret | None = Field(default=None, description="Password of the user in the URL.")
    password_file: AbsolutePath | None = Field(default=None, description="File that holds `password`.")
    expect: Expectation | None = Field(default=None, description="What the value must be, as `< 90` or `== 'abc'`.")

    def asked(self, path: KeyPath, problems: Problems, kind: str, ready: tuple[str, ...]) -> dict[str, Any]:
        """The keys of the probe. `ready` are those that ask by themselves, one at the most."""
        given = self.own()
        if find_spec(self.client) is None:
            wrong = f"needs the package {self.client}, which is not installed"
            problems.add((*path, kind), f'{wrong}; allowed: after pip install "infra-watchdog[sql]"')
        told = [key for key in (*ready, "query") if key in given]
        for key in told[1:]:
            problems.add((*path, key), f"stands beside {told[0]}; allowed: one of {', '.join([*ready, 'query'])}")
        if "expect" in given and "query" not in given:
            problems.add((*path, "expect"), "has no query whose answer it expects; allowed: beside query")
        elif "expect" in given and given["expect"].percent:
            problems.add((*path, "expect"), f"is a part of nothing known; allowed: a percentage in {', '.join(ready)}")
        password = secret(type(self), given, "password", path, problems)
        given.pop("password_file", None)
        spelled = {key: str(given[key]) for key in ("expect", "connections_used", "connected_clients") if key in given}
        return given | spelled | {"password": password}


class PostgresSection(SqlSection):
    client = "psycopg"

    postgres: PostgresUrl = Field(description="Ask PostgreSQL; alone whether it takes the login and answers.")
    query: Query | None = Field(
        default=None, description="One statement that reads; the first column of its first row is the value."
    )
    connections_used: Expectation | None = Field(
        default=None, description="Connections against `max_connections`, as `< 80%`."
    )
    replication_lag: Window | None = Field(default=None, description="How far a standby may lag behind.")

    def probe(self, path: KeyPath, problems: Problems) -> PostgresProbe:
        given = self.asked(path, problems, "postgres", ("connections_used", "replication_lag"))
        return PostgresProbe(**given)


class RedisSection(SqlSection):
    client = "redis"

    redis: RedisUrl = Field(description="Ask Redis; alone whether it takes the login and answers PING.")
    query: Query | None = Field(default=None, description="One command that reads a single value, as `LLEN jobs`.")
    connected_clients: Expectation | None = Field(default=None, description="Clients against `maxclients`, as `< 90%`.")

    def probe(self, path: KeyPath, problems: Problems) -> RedisProbe:
        given = self.asked(path, problems, "redis", ("connected_clients",))
        try:
            words = shlex.split(given.get("query", "PING"))
        except ValueError:
            words = []
        if not words or words[0].upper() not in READING:
            allowed = ", ".join(sorted(READING))
            problems.add((*path, "query"), f"is no command that only reads one value; allowed: {allowed}")
        return RedisProbe(**given)
