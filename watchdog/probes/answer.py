"""Judges an answer while it is read: status and headers first, then the body, then the time."""

from __future__ import annotations

import zlib

from watchdog.model.probe.http import HttpProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.body import BoundedBody
from watchdog.probes.evaluation import Evaluation
from watchdog.probes.expectations import judge_body, judge_head, judge_time
from watchdog.probes.request import Answer, Request


async def judge(ask: Ask[HttpProbe], request: Request, answer: Answer, evaluation: Evaluation) -> str:
    """The sentence of a PASS; raises ProbeFailure, or what the connection raises that breaks on the way."""
    remote = str(ask.evidence["remote"])
    await judge_head(ask, ask.probe, request, answer, evaluation)
    body = await read_body(ask, answer)
    seconds = ask.seconds
    await judge_body(ask, ask.probe, body, evaluation)
    judge_time(ask.probe, remote, seconds)
    return f"{remote} answers HTTP {answer.status} in {seconds * 1000:.0f} ms"


async def read_body(ask: Ask[HttpProbe], answer: Answer) -> BoundedBody:
    body = BoundedBody(answer.header("Content-Encoding") or "", ask.probe.max_bytes)
    ask.evidence["bytes"] = 0
    try:
        async for chunk in answer.chunks:
            body.feed(chunk)
            ask.evidence["bytes"] = body.size
            if body.full:
                ask.evidence["truncated"] = True
                break
    except zlib.error as error:
        raise ProbeFailure(
            FailureKind.PROTOCOL, f"{ask.evidence['remote']} sends a body that cannot be unpacked"
        ) from error
    return body
