"""Finds in an answer what later steps need. A capture that finds nothing fails its step."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, Final

from watchdog.model.journey import Capture, CaptureSource
from watchdog.policy.comparison import spelled
from watchdog.policy.expectations import parse_expectation
from watchdog.probes.ask import Finding, Trouble
from watchdog.probes.journey.page import Page

LONGEST: Final = 8192
"""Characters of a value that is captured."""

LARGEST_PAGE: Final = 524_288
"""Characters of a page that are searched for elements."""


async def find(capture: Capture, page: Page, cookie: Callable[[str], str | None]) -> str:
    """The value; raises Finding with the sentence that says why there is none."""
    match capture.source:
        case CaptureSource.HTML:
            value = await asyncio.to_thread(_in_html, capture, page.text[:LARGEST_PAGE])
        case CaptureSource.JSON:
            value = _in_json(capture, page.text)
        case CaptureSource.HEADER:
            value = page.header(capture.where)
            if value is None:
                raise _nothing(capture, f"the answer has no header {capture.where}")
        case CaptureSource.COOKIE:
            value = cookie(capture.where)
            if value is None:
                raise _nothing(capture, f"no cookie {capture.where} is set")
        case CaptureSource.REGEX:
            value = _by_pattern(capture, page.text)
    if not value:
        raise _nothing(capture, f"what {capture.where} finds is empty")
    if len(value) > LONGEST:
        raise _nothing(capture, f"what {capture.where} finds is longer than {LONGEST} characters")
    return value


def _in_html(capture: Capture, text: str) -> str:
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        soup: Any = BeautifulSoup(text, "html.parser")
        element = soup.select_one(capture.where)
        if element is None:
            raise _nothing(capture, f"the page has nothing like {capture.where}")
        if capture.attribute is None:
            return str(element.get_text()).strip()
        value: str | list[str] | None = element.get(capture.attribute)
    except (ParserRejectedMarkup, RecursionError, ValueError, AssertionError) as error:
        raise _nothing(capture, "the page is no HTML that can be read") from error
    if value is None:
        raise _nothing(capture, f"{capture.where} has no attribute {capture.attribute}")
    return value if isinstance(value, str) else " ".join(value)


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


def _nothing(capture: Capture, why: str) -> Finding:
    return Finding(Trouble.CAPTURE, f"{capture.name} captures nothing: {why}")
