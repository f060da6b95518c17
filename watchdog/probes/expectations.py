"""Is this the answer that was expected? Shared by all that ask over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from watchdog.model.probe.http import StatusRanges
from watchdog.policy.expectations import parse_expectation
from watchdog.policy.patterns import read_pattern
from watchdog.policy.security_headers import missing_security_headers
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure
from watchdog.probes.body import BoundedBody
from watchdog.probes.evaluation import Evaluation, quick
from watchdog.probes.request import Answer, Request


class Expectations(Protocol):
    """Named as in the configuration, and as in `model.probe.HttpProbe`, which is one."""

    @property
    def status(self) -> StatusRanges: ...
    @property
    def headers_match(self) -> Mapping[str, str]: ...
    @property
    def security_headers(self) -> bool: ...
    @property
    def body_contains(self) -> str | None: ...
    @property
    def body_matches(self) -> str | None: ...
    @property
    def body_json(self) -> tuple[str, ...]: ...
    @property
    def max_latency(self) -> float | None: ...
    @property
    def max_bytes(self) -> int: ...


async def judge_head(
    ask: AnyAsk, wanted: Expectations, request: Request, answer: Answer, evaluation: Evaluation
) -> None:
    """Status and headers; raises ProbeFailure."""
    remote = str(ask.evidence["remote"])
    if not has_status(wanted, answer.status):
        ranges = ", ".join(f"{low}-{high}" if low != high else f"{low}" for low, high in wanted.status)
        raise ProbeFailure(FailureKind.STATUS, f"{remote} answers HTTP {answer.status}; expected is {ranges}")
    for name, pattern in wanted.headers_match.items():
        value = answer.header(name)
        if value is None:
            raise ProbeFailure(FailureKind.HEADER, f"the answer has no header {name}")
        if not await evaluation.found(ask, value.encode("utf-8", "replace"), pattern):
            raise ProbeFailure(FailureKind.HEADER, f"the header {name} does not match {pattern!r}")
    if wanted.security_headers:
        missing = missing_security_headers(answer.header, https=request.url.scheme == "https")
        if missing:
            raise ProbeFailure(FailureKind.SECURITY_HEADERS, f"the answer of {remote} lacks {', '.join(missing)}")


def has_status(wanted: Expectations, status: int) -> bool:
    return any(low <= status <= high for low, high in wanted.status)


async def judge_body(ask: AnyAsk, wanted: Expectations, body: BoundedBody, evaluation: Evaluation) -> None:
    """Raises ProbeFailure."""
    if wanted.body_contains is None and wanted.body_matches is None and not wanted.body_json:
        return
    patterns = [read_pattern(wanted.body_matches)] if wanted.body_matches is not None else []
    expected = [parse_expectation(text) for text in wanted.body_json]
    patterns += [pattern for one in expected for pattern in one.patterns]
    wrong = await evaluation.judge(
        "body_wrong",
        body.content,
        at_once=quick(body.content, patterns, [one.path for one in expected]),
        seconds=ask.time_to_judge(),
        contains=wanted.body_contains,
        matches=wanted.body_matches,
        expected=wanted.body_json,
    )
    match wrong:
        case None:
            return
        case {"missing": what} if body.full:
            sentence = f"the first {wanted.max_bytes} bytes of the body have nothing like {what!r}"
            raise ProbeFailure(FailureKind.TOO_LARGE, sentence)
        case {"missing": what}:
            raise ProbeFailure(FailureKind.BODY, f"the body of {body.size} bytes has nothing like {what!r}")
        case {"wrong": sentence}:
            raise ProbeFailure(FailureKind.BODY, sentence)
        case _ if body.full:
            sentence = f"the body is longer than max_bytes ({wanted.max_bytes}): its JSON cannot be read"
            raise ProbeFailure(FailureKind.TOO_LARGE, sentence)
        case _:
            raise ProbeFailure(FailureKind.BODY, f"the body of {body.size} bytes is no JSON")


def judge_time(wanted: Expectations, remote: str, seconds: float) -> None:
    """Raises ProbeFailure."""
    if wanted.max_latency is not None and seconds > wanted.max_latency:
        raise ProbeFailure(
            FailureKind.SLOW, f"{remote} answers right but in {seconds:.3g} s; at most {wanted.max_latency:g}"
        )
