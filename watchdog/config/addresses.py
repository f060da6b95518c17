"""Rules for what is reached over the network: URLs, `host:port`, the engine, expectations of an answer."""

from __future__ import annotations

import ipaddress
import logging
import re
from typing import Any, Final
from urllib.parse import urlsplit

from watchdog.config.rules import InvalidValue, Rule, commas, is_list, listed, matching, quoted, table_of, text

_HOST: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?")
_HOST_PORT: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]*)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})")
_STATUS: Final = re.compile(r"(?P<low>[1-5][0-9][0-9])(?:\s*-\s*(?P<high>[1-5][0-9][0-9]))?|(?P<hundred>[1-5])xx")
_LAST_PORT: Final = 65535
MOST_HEADERS: Final = 64

Ranges = tuple[tuple[int, int], ...]


def checked_host(host: str) -> str:
    """The host as given; raises InvalidValue when it is neither a name nor an address."""
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise InvalidValue("has an IPv6 address that is none") from None
    elif not host:
        raise InvalidValue("has no host")
    elif not _HOST.fullmatch(host):
        raise InvalidValue("has a host that is neither a name nor an address")
    return host


def split_host_port(value: Any, *, lowest_port: int = 1) -> tuple[str, int]:
    """`host:port` or `[IPv6]:port`; raises InvalidValue with what is wrong."""
    match = _HOST_PORT.fullmatch(text(at_most=300)(value))
    if match is None:
        raise InvalidValue(f"{quoted(value)} is not host:port")
    v6, port = match["v6"], int(match["port"])
    if v6 is not None and ":" not in v6:
        raise InvalidValue(f"{quoted(value)} has an IPv6 address that is none")
    host = checked_host(v6 if v6 is not None else match["host"])
    if not lowest_port <= port <= _LAST_PORT:
        raise InvalidValue(f"port {port} is out of range")
    return host, port


def _host_name(value: Any) -> str:
    return checked_host(text(at_most=253)(value))


def _target(value: Any) -> str:
    host, port = split_host_port(value)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(value: Any) -> tuple[str, int]:
    """Host and port; `off` is ("", 0). Port 0 asks the system for a free one."""
    return ("", 0) if value == "off" else split_host_port(value, lowest_port=0)


def _url(value: Any) -> str:
    """Nothing of the value is in a message: addresses of webhooks are secrets."""
    url = text(at_most=2048, secret=True)(value)
    if " " in url or not url.isascii():
        raise InvalidValue("contains a blank or a character outside ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidValue("has a host or port that cannot be read") from None
    if parts.scheme not in {"http", "https"}:
        raise InvalidValue("does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise InvalidValue("carries a password (it would be shown)")
    checked_host(parts.hostname or "")
    if port == 0:
        raise InvalidValue("port 0 is out of range")
    return url


def _apprise(value: Any) -> str:
    """Judged by Apprise itself, which is only loaded where it is used. The address is a secret, its scheme is none."""
    import apprise
    from apprise.manager_plugins import NotificationManager

    own_log = logging.getLogger("apprise")
    own_log.propagate = False  # it quotes addresses
    if not own_log.handlers:
        own_log.addHandler(logging.NullHandler())  # without one Python prints warnings all the same
    url = text(at_most=4096, secret=True)(value)
    scheme = re.match(r"[A-Za-z0-9.+-]{1,40}(?=://)", url)
    if scheme is None:
        raise InvalidValue("does not begin with a scheme and ://")
    if scheme[0].lower() not in NotificationManager():
        raise InvalidValue(f"begins with {scheme[0]}://, which Apprise does not know")
    if apprise.Apprise.instantiate(url) is None:  # pyright: ignore[reportUnknownMemberType] - types a dict as bare
        raise InvalidValue(f"is no whole address of {scheme[0]}://")
    return url


def _reference(value: Any) -> str:
    return _url(value) if isinstance(value, str) and "/" in value else _target(value)


def _engine(value: Any) -> str:
    url = text(at_most=1024)(value)
    scheme, _, rest = url.partition("://")
    match scheme:
        case "unix" if rest.startswith("/"):
            return url
        case "tcp" | "http" | "https":
            split_host_port(rest.removesuffix("/"))
            return url.removesuffix("/")
        case "ssh":
            raise InvalidValue("ssh:// is not spoken (forward the socket with `ssh -L` and name it)")
        case _:
            raise InvalidValue(f"{quoted(value)} names no engine")


def _ranges(value: Any) -> Ranges:
    given = commas(value) if isinstance(value, str) else is_list(value) or [value]
    if not given or (isinstance(value, list) and not value):
        raise InvalidValue("is empty")
    found: list[tuple[int, int]] = []
    for one in given:
        match = _STATUS.fullmatch(str(one)) if isinstance(one, int | str) and not isinstance(one, bool) else None
        if match is None:
            raise InvalidValue(f"{quoted(one)} is no HTTP status")
        if match["hundred"]:
            low, high = int(match["hundred"]) * 100, int(match["hundred"]) * 100 + 99
        else:
            low = int(match["low"])
            high = int(match["high"] or low)
        if low > high:
            raise InvalidValue(f"{quoted(one)} ends before it begins")
        found.append((low, high))
    return tuple(found)


_HEADER_NAME: Final = matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", at_most=100)
_HEADER_VALUE: Final = matching(r"[\x20-\x7e]*", at_most=8192, secret=True)


def _redirect_host(value: Any) -> str:
    host = text(at_most=256)(value)
    try:
        return host[:2] + checked_host(host[2:]) if host.startswith("*.") else checked_host(host)
    except InvalidValue as error:
        raise InvalidValue(f"{quoted(value)} {error}") from None


URL: Final = Rule("http:// or https://, a host, perhaps a port from 1 to 65535, no user or password", _url)
APPRISE: Final = Rule("an address of https://appriseit.com/services/", _apprise)
HOST_PORT: Final = Rule('host:port with a port from 1 to 65535, as "db:5432" or "[::1]:5432"', _target)
DNS_NAME: Final = Rule(
    'a name of labels and dots, as "shop.example.org"',
    matching(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?"),
)
HOST_NAME: Final = Rule('the name or address of a host, as "db.example.org" or "::1"', _host_name)
REFERENCES: Final = listed(
    'a list of host:port or URLs, as ["1.1.1.1:53", "https://example.org/"], 16 at the most',
    _reference,
    commas,
    at_most=16,
)
LISTEN: Final = Rule('address:port, as "127.0.0.1:8080" or "[::1]:8080" (port 0: any free one), or "off"', _listen)
ENGINE: Final = Rule('"unix:///PATH", "tcp://HOST:PORT", "http://HOST:PORT" or "https://HOST:PORT"', _engine)
STATUS: Final = Rule('a status, "2xx", "200-299", or a list of these', _ranges)
HEADERS: Final = Rule(
    "a table of header = text in printable ASCII on one line",
    table_of("header", _HEADER_NAME, _HEADER_VALUE, at_most=MOST_HEADERS),
)
HEADER_NAME: Final = Rule("the name of a header", _HEADER_NAME)
REDIRECT_HOSTS: Final = listed('a list of host names, as "login.example" or "*.example"', _redirect_host, commas)
METHOD: Final = Rule("upper-case letters, as GET, HEAD or POST", matching(r"[A-Z]+", at_most=16))
BODY: Final = Rule("text of at most 65536 characters", text(at_most=65536, multi_line=True))
SECRET: Final = Rule("text in printable ASCII on one line", matching(r"[\x20-\x7e]+", at_most=8192, secret=True))
USER_NAME: Final = Rule(
    'text in printable ASCII on one line, without ":" (RFC 7617)', matching(r"[\x20-\x39\x3b-\x7e]+", at_most=256)
)
