"""What is sent and what came back, whatever version of HTTP carries it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from watchdog import __version__
from watchdog.model.probe.http import HttpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure

SCHEMES: Final = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`headers` hold everything that is sent, Host and Connection excepted."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer whose body is not read yet; `chunks` gives it as it was sent, packed if it is."""

    status: int
    version: str
    """As `HTTP/1.1`."""
    headers: CIMultiDictProxy[str]
    chunks: AsyncIterator[bytes]

    def header(self, name: str) -> str | None:
        """The value of a header; those of one that comes repeatedly as a list with commas (RFC 9110, 5.2)."""
        values = self.headers.getall(name, [])
        return ", ".join(values) if values else None


def first_request(ask: Ask[HttpProbe]) -> Request:
    """The request as configured; credentials in the URL become a header and are gone from then on."""
    probe = ask.probe
    try:
        url = URL(probe.url, encoded=True)
        usable = url.scheme in SCHEMES and bool(url.host) and probe.url.isprintable()
    except ValueError as error:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"the check's target is no URL: {error}") from error
    if not usable:
        raise ProbeFailure(
            FailureKind.NOT_ASKED, "the check's target is no URL: it starts with http:// or https:// and a host"
        )
    headers = plain_headers()
    if url.user is not None:
        headers["Authorization"] = aiohttp.encode_basic_auth(url.user, url.password or "")
        url = url.with_user(None)
    headers.update(probe.headers)
    body = probe.body.encode() if probe.body is not None else None
    return Request(method=probe.method, url=url.with_fragment(None), headers=headers, body=body)


def plain_headers() -> CIMultiDict[str]:
    """Those that give nothing away."""
    return CIMultiDict({"User-Agent": f"watchdog/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"})
