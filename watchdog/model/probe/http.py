"""What is asked over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from watchdog.model.probe import Probe

StatusRanges = tuple[tuple[int, int], ...]
"""Inclusive."""


class HttpConnection(StrEnum):
    """Over which connection a request goes."""

    NEW = "new"
    KEPT = "kept"
    """The last one to that origin as long as it lasts, as a browser does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpProbe(Probe):
    kind: ClassVar[str] = "http"
    over_network: ClassVar[bool] = True

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: str | None = field(default=None, repr=False)
    connection: HttpConnection = HttpConnection.NEW
    http2: bool = False
    """Whether it must be HTTP/2."""
    status: StatusRanges = ((200, 299),)
    body_contains: str | None = None
    body_matches: str | None = None
    """A regular expression that must be found in the first `max_bytes` of the body."""
    body_json: tuple[str, ...] = ()
    """Expectations of the body as JSON, by `policy.expectations`."""
    headers_match: Mapping[str, str] = field(default_factory=dict[str, str])
    """Header name → regular expression that its value must match."""
    security_headers: bool = False
    """Whether the headers that protect a browser's user must be there."""
    max_latency: float | None = None
    """Slower than this is a FAIL though the answer was right."""
    max_bytes: int = 1_048_576
    redirects: int = 0
    redirect_hosts: tuple[str, ...] = ()
    """Other hosts to which a redirect may lead; `*.example.org` is any below that one."""
    verify_tls: bool = True

    @property
    def target(self) -> str:
        return self.url
