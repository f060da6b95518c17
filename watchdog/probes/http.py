"""Does the URL answer as expected?"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import TYPE_CHECKING

from watchdog.model.probe.http import HttpProbe
from watchdog.probes.answer import judge
from watchdog.probes.ask import Ask
from watchdog.probes.certificates import Trust
from watchdog.probes.context import ProberContext
from watchdog.probes.dialer import Dialer
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.http1 import Http1
from watchdog.probes.redirects import next_request
from watchdog.probes.request import Answer, Request, first_request

if TYPE_CHECKING:
    from watchdog.probes.http2 import Http2


def make(context: ProberContext) -> HttpProber:
    return HttpProber(context.trust, context.evaluation)


class HttpProber:
    """Makes a request, follows where it may, and judges status, headers, body and time."""

    def __init__(self, trust: Trust, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._http1 = Http1(Dialer(trust))

    async def __call__(self, ask: Ask[HttpProbe]) -> str:
        request = first_request(ask)
        asked: set[str] = set()
        while True:
            asked.add(f"{request.method} {request.url}")
            async with self.answer(ask, request) as answer:
                ask.evidence["http_status"], ask.evidence["http_version"] = answer.status, answer.version
                following = next_request(ask, request, answer, asked)
                if following is None:
                    return await judge(ask, request, answer, self.evaluation)
            request = following

    def answer(self, ask: Ask[HttpProbe], request: Request) -> contextlib.AbstractAsyncContextManager[Answer]:
        """The answer to one request while its connection is open; raises ProbeFailure."""
        return (self._http2 if ask.probe.http2 else self._http1).answer(ask, request)

    async def close(self) -> None:
        await self._http1.close()

    @cached_property
    def _http2(self) -> Http2:
        from watchdog.probes.http2 import ALPN, Http2

        return Http2(Dialer(Trust(), speaks=ALPN))
