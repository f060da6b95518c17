"""What a step takes out of its answer for later steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from watchdog.model.journey import Capture, CaptureSource
from watchdog.policy.patterns import read_pattern
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure
from watchdog.probes.evaluation import Unjudged, quick
from watchdog.probes.journey.browser import Browser
from watchdog.probes.journey.page import Page

LONGEST: Final = 8192
"""Characters of a value that is captured."""

LARGEST_PAGE: Final = 524_288
"""Bytes of a page that are searched for elements."""


async def find(ask: AnyAsk, captures: Sequence[Capture], page: Page, browser: Browser) -> dict[str, str]:
    """Name → value; raises ProbeFailure with the sentence that says why there is none."""
    in_html = [capture for capture in captures if capture.source is CaptureSource.HTML]
    elements = await _in_html(ask, in_html, page, browser) if in_html else {}
    return {
        capture.name: _bounded(capture, await _value(ask, capture, page, browser, elements)) for capture in captures
    }


async def _value(ask: AnyAsk, capture: Capture, page: Page, browser: Browser, elements: Mapping[str, str]) -> str:
    match capture.source:
        case CaptureSource.HTML:
            return elements[capture.name]
        case CaptureSource.JSON:
            return await _in_json(ask, capture, page, browser)
        case CaptureSource.HEADER:
            value = page.header(capture.where)
            if value is None:
                raise _nothing(capture, f"the answer has no header {capture.where}")
            return value
        case CaptureSource.COOKIE:
            value = browser.cookie(capture.where)
            if value is None:
                raise _nothing(capture, f"no cookie {capture.where} is set")
            return value
        case CaptureSource.REGEX:
            return await _by_pattern(ask, capture, page, browser)


def _bounded(capture: Capture, value: str) -> str:
    value = value.encode("utf-8", "replace").decode()  # bytes that are no UTF-8 cannot be sent on
    if not value:
        raise _nothing(capture, f"what {capture.where} finds is empty")
    if len(value) > LONGEST:
        raise _nothing(capture, f"what {capture.where} finds is longer than {LONGEST} characters")
    return value


async def _in_html(ask: AnyAsk, captures: Sequence[Capture], page: Page, browser: Browser) -> dict[str, str]:
    wanted = [(one.where, one.attribute) for one in captures]
    body, seconds = page.body.content[:LARGEST_PAGE], ask.time_to_judge()
    try:
        told = await browser.evaluation.judge("elements", body, at_once=False, seconds=seconds, wanted=wanted)
    except Unjudged as failure:
        raise _nothing(captures[0], f"the page cannot be read: {failure.why}") from failure
    values: dict[str, str] = {}
    for capture, found in zip(captures, told, strict=True):
        match found:
            case {"value": str(value)}:
                values[capture.name] = value
            case {"missing": "attribute"}:
                raise _nothing(capture, f"{capture.where} has no attribute {capture.attribute}")
            case _:
                raise _nothing(capture, f"the page has nothing like {capture.where}")
    return values


async def _in_json(ask: AnyAsk, capture: Capture, page: Page, browser: Browser) -> str:
    body, path = page.body.content, capture.where
    at_once, seconds = quick(body, paths=[path]), ask.time_to_judge()
    found = await browser.evaluation.judge("captured_json", body, at_once=at_once, seconds=seconds, path=path)
    if "missing" in found:
        raise _nothing(capture, found["missing"])
    return str(found["value"])


async def _by_pattern(ask: AnyAsk, capture: Capture, page: Page, browser: Browser) -> str:
    body, pattern = page.body.content, read_pattern(capture.where, captures=True)
    at_once, seconds = quick(body, [pattern]), ask.time_to_judge()
    found = await browser.evaluation.judge("captured", body, at_once=at_once, seconds=seconds, pattern=capture.where)
    if found is None:
        raise _nothing(capture, f"the body has nothing like {capture.where!r}")
    return str(found)


def _nothing(capture: Capture, why: str) -> ProbeFailure:
    return ProbeFailure(FailureKind.CAPTURE, f"{capture.name} captures nothing: {why}")
