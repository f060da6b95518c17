"""Is this the answer that was expected? Shared by all that ask over HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from watchdog.model.probe.http import StatusRanges
from watchdog.policy.expectations import parse_expectation
from watchdog.policy.security_headers import missing_security_headers
from watchdog.probes.ask import FailureKind, ProbeFailure
from watchdog.probes.body import BoundedBody
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


def judge_head(wanted: Expectations, remote: str, request: Request, answer: Answer) -> None:
    """Status and headers; raises ProbeFailure."""
    if not has_status(wanted, answer.status):
        ranges = ", ".join(f"{low}-{high}" if low != high else f"{low}" for low, high in wanted.status)
        raise ProbeFailure(FailureKind.STATUS, f"{remote} answers HTTP {answer.status}; expected is {ranges}")
    for name, pattern in wanted.headers_match.items():
        value = answer.header(name)
        if value is None:
            raise ProbeFailure(FailureKind.HEADER, f"the answer has no header {name}")
        if not _found(pattern, value):
            raise ProbeFailure(FailureKind.HEADER, f"the header {name} does not match {pattern!r}")
    if wanted.security_headers:
        missing = missing_security_headers(answer.header, https=request.url.scheme == "https")
        if missing:
            raise ProbeFailure(FailureKind.SECURITY_HEADERS, f"the answer of {remote} lacks {', '.join(missing)}")


def has_status(wanted: Expectations, status: int) -> bool:
    return any(low <= status <= high for low, high in wanted.status)


def judge_body(wanted: Expectations, body: BoundedBody) -> None:
    """Raises ProbeFailure."""
    if wanted.body_contains is not None and wanted.body_contains not in body.text:
        _not_found(wanted, body, wanted.body_contains)
    if wanted.body_matches is not None and not _found(wanted.body_matches, body.text):
        _not_found(wanted, body, wanted.body_matches)
    if wanted.body_json:
        document = _document(wanted, body)
        for text in wanted.body_json:
            wrong = _parsed(text).wrong(document)
            if wrong is not None:
                raise ProbeFailure(FailureKind.BODY, wrong)


def judge_time(wanted: Expectations, remote: str, seconds: float) -> None:
    """Raises ProbeFailure."""
    if wanted.max_latency is not None and seconds > wanted.max_latency:
        raise ProbeFailure(
            FailureKind.SLOW, f"{remote} answers right but in {seconds:.3g} s; at most {wanted.max_latency:g}"
        )


def _document(wanted: Expectations, body: BoundedBody) -> Any:
    try:
        return json.loads(body.text)
    except (ValueError, RecursionError) as error:
        if body.full:
            sentence = f"the body is longer than max_bytes ({wanted.max_bytes}): its JSON cannot be read"
            raise ProbeFailure(FailureKind.TOO_LARGE, sentence) from error
        raise ProbeFailure(FailureKind.BODY, f"the body of {body.size} bytes is no JSON") from error


def _not_found(wanted: Expectations, body: BoundedBody, text: str) -> None:
    if body.full:
        raise ProbeFailure(
            FailureKind.TOO_LARGE, f"the first {wanted.max_bytes} bytes of the body have nothing like {text!r}"
        )
    raise ProbeFailure(FailureKind.BODY, f"the body of {body.size} bytes has nothing like {text!r}")


def _found(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{pattern!r} is no regular expression: {error}") from error


def _parsed(text: str) -> Any:
    try:
        return parse_expectation(text)
    except ValueError as error:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{text!r} is no expectation: it {error}") from error
