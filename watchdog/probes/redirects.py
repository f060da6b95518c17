"""Where a redirect may lead: the same host, at most over to TLS, or a host that is allowed; never in circles."""

from __future__ import annotations

from typing import Final

from yarl import URL

from watchdog.model.probe.http import HttpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.expectations import has_status
from watchdog.probes.request import SCHEMES, Answer, Request, plain_headers

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BECOMES_GET: Final = frozenset({301, 302, 303})  # RFC 9110, 15.4: what browsers do with a POST
_OF_A_BODY: Final = ("Content-Length", "Content-Type", "Transfer-Encoding")


def next_request(ask: Ask[HttpProbe], request: Request, answer: Answer, asked: set[str]) -> Request | None:
    """The request that a redirect asks for; None when the answer is to be judged as it is.

    An expected status is never followed. `asked` holds what was asked so far, as `METHOD URL`. Raises ProbeFailure
    for a redirect that is not followed.
    """
    location = answer.headers.get("Location")
    follows = ask.probe.redirects and answer.status in _REDIRECTS and location is not None
    if not follows or location is None or has_status(ask.probe, answer.status):
        return None
    url = _target(request.url, location)
    same = _same_place(request.url, url)
    if not same and not _allowed(ask.probe, request.url, url):
        raise ProbeFailure(FailureKind.REDIRECT, f"a redirect leads away to {_origin(url)}, which is not followed")
    changes = answer.status in _BECOMES_GET and request.method != "HEAD"
    method = "GET" if changes else request.method
    if f"{method} {url}" in asked:
        raise ProbeFailure(FailureKind.REDIRECT_LOOP, f"a redirect loop: {url.path} comes back")
    if len(asked) > ask.probe.redirects:
        raise ProbeFailure(FailureKind.REDIRECT_LOOP, f"more than {ask.probe.redirects} redirects")
    ask.evidence["redirects"] = len(asked)
    headers = request.headers.copy() if same else plain_headers()  # those of the check may hold credentials
    body = request.body if method == request.method else None
    if body is None:
        for name in _OF_A_BODY:
            headers.popall(name, None)
    return Request(method=method, url=url, headers=headers, body=body)


def _target(here: URL, location: str) -> URL:
    try:
        url = here.join(URL(location)).with_fragment(None)
        if url.scheme not in SCHEMES or not url.host:
            raise ProbeFailure(
                FailureKind.REDIRECT, f"a redirect leads to something that is no web page ({url.scheme}:)"
            )
        return url.with_user(None)
    except ValueError as error:
        raise ProbeFailure(FailureKind.REDIRECT, "a redirect leads to something that is no URL") from error


def _same_place(here: URL, there: URL) -> bool:
    """The same origin, or the same host over TLS."""
    if here.raw_host != there.raw_host:
        return False
    same = (here.scheme, here.port) == (there.scheme, there.port)
    return same or (here.scheme, there.scheme) == ("http", "https")


def _allowed(probe: HttpProbe, here: URL, there: URL) -> bool:
    """Never back from TLS."""
    if (here.scheme, there.scheme) == ("https", "http"):
        return False
    host = str(there.raw_host)
    return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in probe.redirect_hosts)


def _origin(url: URL) -> str:
    return str(url.origin())
