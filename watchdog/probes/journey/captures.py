"""Finds in an answer what later steps need. A capture that finds nothing fails its step."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from watchdog.model.journey import Capture, CaptureSource
from watchdog.policy.comparison import spelled
from watchdog.policy.expectations import parse_expectation
from watchdog.probes.ask import FailureKind, ProbeFailure
from watchdog.probes.journey import page_reader
from watchdog.probes.journey.page import Page

LONGEST: Final = 8192
"""Characters of a value that is captured."""

LARGEST_PAGE: Final = 524_288
"""Characters of a page that are searched for elements."""


async def find(captures: Sequence[Capture], page: Page, cookie: Callable[[str], str | None]) -> dict[str, str]:
    """Name → value; raises ProbeFailure with the sentence that says why there is none."""
    in_html = [capture for capture in captures if capture.source is CaptureSource.HTML]
    elements = await _in_html(in_html, page.text[:LARGEST_PAGE]) if in_html else {}
    return {capture.name: _bounded(capture, _value(capture, page, cookie, elements)) for capture in captures}


def _value(capture: Capture, page: Page, cookie: Callable[[str], str | None], elements: Mapping[str, str]) -> str:
    match capture.source:
        case CaptureSource.HTML:
            return elements[capture.name]
        case CaptureSource.JSON:
            return _in_json(capture, page.text)
        case CaptureSource.HEADER:
            value = page.header(capture.where)
            if value is None:
                raise _nothing(capture, f"the answer has no header {capture.where}")
            return value
        case CaptureSource.COOKIE:
            value = cookie(capture.where)
            if value is None:
                raise _nothing(capture, f"no cookie {capture.where} is set")
            return value
        case CaptureSource.REGEX:
            return _by_pattern(capture, page.text)


def _bounded(capture: Capture, value: str) -> str:
    value = value.encode("utf-8", "replace").decode()  # bytes that are no UTF-8 cannot be sent on
    if not value:
        raise _nothing(capture, f"what {capture.where} finds is empty")
    if len(value) > LONGEST:
        raise _nothing(capture, f"what {capture.where} finds is longer than {LONGEST} characters")
    return value


async def _in_html(captures: Sequence[Capture], text: str) -> dict[str, str]:
    """By a process of its own, which is killed when nobody waits for it any more."""
    asked = json.dumps({"text": text, "wanted": [[one.where, one.attribute] for one in captures]}).encode()
    try:
        reader = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            page_reader.__file__,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"the page was not read: {error.strerror}") from error
    try:
        told, _ = await reader.communicate(asked)
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    if reader.returncode != 0:
        raise _nothing(captures[0], f"the page cannot be read within {page_reader.SECONDS} s of computing")
    values: dict[str, str] = {}
    for capture, found in zip(captures, json.loads(told), strict=True):
        match found:
            case {"value": str(value)}:
                values[capture.name] = value
            case {"missing": "attribute"}:
                raise _nothing(capture, f"{capture.where} has no attribute {capture.attribute}")
            case _:
                raise _nothing(capture, f"the page has nothing like {capture.where}")
    return values


def _in_json(capture: Capture, text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _nothing(capture, "the body is no JSON") from error
    values = parse_expectation(capture.where).found(document)
    if values is None:
        raise _nothing(capture, f"the JSON is too deep to be searched for {capture.where}")
    if not values:
        raise _nothing(capture, f"the JSON has nothing at {capture.where}")
    found = values[0]
    if found is None or isinstance(found, dict | list):
        what = "null" if found is None else "an object" if isinstance(found, dict) else "a list"
        raise _nothing(capture, f"{capture.where} is {what}")
    return spelled(found)


def _by_pattern(capture: Capture, text: str) -> str:
    found = re.search(capture.where, text)
    if found is None:
        raise _nothing(capture, f"the body has nothing like {capture.where!r}")
    return found[1] or "" if found.re.groups else found[0]


def _nothing(capture: Capture, why: str) -> ProbeFailure:
    return ProbeFailure(FailureKind.CAPTURE, f"{capture.name} captures nothing: {why}")
