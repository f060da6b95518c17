"""Sends requests as a browser does: cookies kept, redirects followed, and told where it comes from."""

from __future__ import annotations

import time
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from watchdog.model.probe.http import HttpProbe
from watchdog.probes.answer import read_body
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.expectations import judge_body, judge_head, judge_time
from watchdog.probes.http import HttpProber
from watchdog.probes.journey.evidence import Heard
from watchdog.probes.journey.masking import Mask
from watchdog.probes.journey.page import Page
from watchdog.probes.redirects import next_request
from watchdog.probes.request import Answer, Request, first_request

_MOST_COOKIES: Final = 200
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Browser:
    """One per run: its cookie jar is empty at first."""

    def __init__(self, http: HttpProber, mask: Mask) -> None:
        self._http = http
        self.evaluation = http.evaluation
        self._mask = mask
        self._jar = aiohttp.CookieJar(unsafe=True, quote_cookie=False)  # unsafe: hosts may be addresses
        self._referer: URL | None = None

    async def visit(self, ask: Ask[HttpProbe], heard: list[Heard]) -> Page:
        """The answer that a step is judged by; every request is noted. Raises ProbeFailure."""
        request = first_request(ask)
        if not _named(ask.probe, request.url):
            away = f"{request.url.origin()} is no host that the journey names: it is not asked"
            raise ProbeFailure(FailureKind.REDIRECT, away)
        asked: set[str] = set()
        while True:
            request = self._dressed(request)
            asked.add(f"{len(asked)} {request.method} {request.url}")  # a loop that sets cookies on its way is none
            found = await self._exchange(ask, request, asked, heard)
            if isinstance(found, Page):
                self._referer = found.url
                return found
            request = found

    async def _exchange(
        self, ask: Ask[HttpProbe], request: Request, asked: set[str], heard: list[Heard]
    ) -> Page | Request:
        """The page, or what a redirect asks for."""
        began = time.monotonic()
        answer: Answer | None = None
        text, seconds = "", 0.0
        try:
            async with self._http.answer(ask, request) as answer:
                self._keep_cookies(answer, request.url)
                following = next_request(ask, request, answer, asked)
                if following is not None:
                    return following
                remote = str(ask.evidence["remote"])
                try:
                    body = await read_body(ask, answer)
                    text, seconds = body.head, ask.seconds
                finally:
                    await judge_head(ask, ask.probe, request, answer, self.evaluation)
            await judge_body(ask, ask.probe, body, self.evaluation)
            judge_time(ask.probe, remote, seconds)
            return Page(url=request.url, head=answer, body=body)
        except ProbeFailure as failure:
            if len(asked) > 1 and failure.kind not in {FailureKind.REDIRECT, FailureKind.REDIRECT_LOOP}:
                raise ProbeFailure(failure.kind, f"{failure}, redirected to {request.url.path}") from failure
            raise
        finally:
            heard.append(Heard(request=request, answer=answer, text=text, seconds=time.monotonic() - began))

    def cookie(self, name: str) -> str | None:
        """The value of a cookie that is in the jar."""
        return next((cookie.value for cookie in self._jar if cookie.key == name), None)

    def _dressed(self, request: Request) -> Request:
        """With what a browser would send along."""
        headers = CIMultiDict(request.headers)
        kept = self._jar.filter_cookies(request.url)
        own = headers.popall("Cookie", [])
        jar = [f"{name}={morsel.value}" for name, morsel in kept.items()]
        if jar or own:
            sent = "; ".join(dict.fromkeys([*own, *jar]))
            headers["Cookie"] = sent.encode("utf-8", "replace").decode()  # what was no UTF-8 cannot be sent back
        if self._referer is not None and "Referer" not in headers:
            headers["Referer"] = str(self._referer.with_fragment(None))
        if request.method not in _SAFE and "Origin" not in headers:
            headers["Origin"] = str(request.url.origin())
        return Request(method=request.method, url=request.url, headers=headers, body=request.body)

    def _keep_cookies(self, answer: Answer, url: URL) -> None:
        if len(self._jar) < _MOST_COOKIES:
            self._jar.update_cookies_from_headers(answer.headers.getall("Set-Cookie", []), url)
        for cookie in self._jar:
            self._mask.add_cookie(cookie.value)


def _named(probe: HttpProbe, url: URL) -> bool:
    return url.raw_host in probe.redirect_hosts
