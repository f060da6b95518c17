"""Is this the answer that was expected? Status first, then headers, body and time."""

from __future__ import annotations

import re
import zlib

import httpx

from watchdog.model.question import HttpQuestion
from watchdog.probes.ask import Ask, Finding, Trouble
from watchdog.probes.body import BoundedBody


async def judge(ask: Ask[HttpQuestion], response: httpx.Response) -> str:
    """The sentence of a PASS; raises Finding, or httpx.HTTPError when the connection fails on the way."""
    remote, status = ask.evidence["remote"], response.status_code
    if not expected(ask, status):
        wanted = ", ".join(f"{low}-{high}" if low != high else f"{low}" for low, high in ask.question.status)
        raise Finding(Trouble.STATUS, f"{remote} answers HTTP {status}; expected is {wanted}")
    _judge_headers(ask.question, response.headers)
    body = await _read(ask, response)
    if ask.question.body_matches is not None and not _found(ask.question.body_matches, body.text):
        _not_found(ask.question, body)
    seconds = ask.seconds
    if ask.question.max_latency is not None and seconds > ask.question.max_latency:
        raise Finding(
            Trouble.SLOW, f"{remote} answers right but in {seconds:.3g} s; at most {ask.question.max_latency:g}"
        )
    return f"{remote} answers HTTP {status} in {seconds * 1000:.0f} ms"


def expected(ask: Ask[HttpQuestion], status: int) -> bool:
    return any(low <= status <= high for low, high in ask.question.status)


def _judge_headers(question: HttpQuestion, headers: httpx.Headers) -> None:
    for name, pattern in question.headers_match.items():
        value = headers.get(name)
        if value is None:
            raise Finding(Trouble.HEADER, f"the answer has no header {name}")
        if not _found(pattern, value):
            raise Finding(Trouble.HEADER, f"the header {name} does not match {pattern!r}")


async def _read(ask: Ask[HttpQuestion], response: httpx.Response) -> BoundedBody:
    body = BoundedBody(response.headers.get("Content-Encoding", ""), ask.question.max_bytes)
    ask.evidence["bytes"] = 0
    try:
        async for chunk in response.aiter_raw():
            body.feed(chunk)
            ask.evidence["bytes"] = body.size
            if body.full:
                ask.evidence["truncated"] = True
                break
    except zlib.error as error:
        raise Finding(Trouble.PROTOCOL, f"{ask.evidence['remote']} sends a body that cannot be unpacked") from error
    return body


def _not_found(question: HttpQuestion, body: BoundedBody) -> None:
    if body.full:
        raise Finding(
            Trouble.TOO_LARGE,
            f"the first {question.max_bytes} bytes of the body have nothing like {question.body_matches!r}",
        )
    raise Finding(Trouble.BODY, f"the body of {body.size} bytes has nothing like {question.body_matches!r}")


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise Finding(Trouble.NOT_ASKED, f"{pattern!r} is no regular expression: {error}") from error
