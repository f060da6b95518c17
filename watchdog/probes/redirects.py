"""Where a redirect may lead: the same host, at most over to TLS, never in circles."""

from __future__ import annotations

from typing import Final

import httpx

from watchdog.model.question import HttpQuestion
from watchdog.probes.answer import expected
from watchdog.probes.ask import Ask, Finding, Trouble

_BECOMES_GET: Final = frozenset({301, 302, 303})  # RFC 9110, 15.4: what browsers do with a POST


def next_request(
    ask: Ask[HttpQuestion], request: httpx.Request, response: httpx.Response, asked: set[str]
) -> httpx.Request | None:
    """The request that a redirect asks for; None when the answer is to be judged as it is.

    An expected status is never followed. `asked` holds what was asked so far, as `METHOD URL`. Raises Finding
    for a redirect that is not followed.
    """
    if not ask.question.redirects or not response.has_redirect_location or expected(ask, response.status_code):
        return None
    try:
        url = request.url.join(response.headers["Location"]).copy_with(userinfo=b"", fragment=None)
    except httpx.InvalidURL as error:
        raise Finding(Trouble.REDIRECT, "a redirect leads to something that is no URL") from error
    if not _same_place(request.url, url):
        raise Finding(Trouble.REDIRECT, f"a redirect leads away to {_origin(url)}, which is not followed")
    changes = response.status_code in _BECOMES_GET and request.method != "HEAD"
    method = "GET" if changes else request.method
    if f"{method} {url}" in asked:
        raise Finding(Trouble.REDIRECT_LOOP, f"a redirect loop: {url.path} comes back")
    if len(asked) > ask.question.redirects:
        raise Finding(Trouble.REDIRECT_LOOP, f"more than {ask.question.redirects} redirects")
    ask.evidence["redirects"] = len(asked)
    headers = request.headers.copy()
    headers["Host"] = url.netloc.decode("ascii")
    if method == request.method:
        return httpx.Request(method, url, headers=headers, stream=request.stream)
    for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
        headers.pop(name, None)
    return httpx.Request(method, url, headers=headers)


def _same_place(here: httpx.URL, there: httpx.URL) -> bool:
    """Headers of the check may hold credentials: they go to the same origin, or to the same host over TLS."""
    if here.raw_host != there.raw_host:
        return False
    same = (here.scheme, here.port) == (there.scheme, there.port)
    return same or (here.scheme, there.scheme) == ("http", "https")


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
