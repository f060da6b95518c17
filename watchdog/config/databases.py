"""Addresses of databases: URLs that say everything but the password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from watchdog.config.addresses import checked_host
from watchdog.config.rules import InvalidValue, Rule, text

_PORTS: Final = {"postgresql": 5432, "postgres": 5432, "redis": 6379, "rediss": 6379}
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_LAST_DATABASE: Final = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    host: str
    port: int
    user: str
    name: str
    """Of the database; for Redis a number."""
    tls: bool
    """Asked for by the scheme: `rediss`."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of libpq."""


def read_database(url: str) -> Database:
    """The parts of a URL; raises InvalidValue, which shows nothing of it: a password may stand at the wrong place."""
    if " " in url or not url.isascii():
        raise InvalidValue("contains a blank or a character outside ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise InvalidValue("has a host, port or option that cannot be read") from None
    if parts.scheme not in _PORTS:
        raise InvalidValue("does not begin with the scheme of a database")
    if parts.password is not None or "password" in options:
        raise InvalidValue("carries a password (it would be shown)")
    if port == 0 or parts.fragment:
        raise InvalidValue("has a port 0 or a fragment")
    return Database(
        host=checked_host(parts.hostname or ""),
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        name=unquote(parts.path.removeprefix("/")),
        tls=parts.scheme == "rediss",
        options=_options(parts, options),
    )


def _options(parts: SplitResult, given: dict[str, str]) -> dict[str, str]:
    known = {"sslmode", "sslrootcert"} if parts.scheme.startswith("postgres") else set[str]()
    if given.keys() - known:
        raise InvalidValue("has an option that is not known")
    if given.get("sslmode", "prefer") not in _SSL_MODES:
        raise InvalidValue("has an sslmode that is none")
    return given


def _postgres(value: Any) -> str:
    url = text(at_most=2048, secret=True)(value)
    if not url.startswith(("postgresql://", "postgres://")):
        raise InvalidValue("does not begin with postgresql://")
    read_database(url)
    return url


def _redis(value: Any) -> str:
    url = text(at_most=2048, secret=True)(value)
    if not url.startswith(("redis://", "rediss://")):
        raise InvalidValue("does not begin with redis:// or rediss://")
    name = read_database(url).name
    if name and not (name.isascii() and name.isdigit() and int(name) <= _LAST_DATABASE):
        raise InvalidValue("has a database that is no number")
    return url


POSTGRES: Final = Rule("postgresql://USER@HOST:PORT/NAME, perhaps ?sslmode= and sslrootcert=, no password", _postgres)
REDIS: Final = Rule("redis://USER@HOST:PORT/NUMBER, or rediss:// for TLS, no password", _redis)
QUERY: Final = Rule("one statement or command of at most 4096 characters", text(multi_line=True))
