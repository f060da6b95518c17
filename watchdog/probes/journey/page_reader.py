"""Finds elements in a page, for `captures`: only in a process that may be killed.

Python's HTML parser takes quadratic time and worse on broken markup, in regular expressions that let no other thread
run: 20 KB of it would stop the daemon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bs4 import BeautifulSoup


def read(text: str, wanted: Sequence[Sequence[Any]]) -> list[dict[str, str]]:
    """For each selector and attribute: `value`, its text where that is None, or `missing`: what there is not."""
    soup = BeautifulSoup(text, "html.parser")
    told: list[dict[str, str]] = []
    for selector, attribute in wanted:
        try:
            value = _found(soup, selector, attribute)
        except KeyError:
            told.append({"missing": "attribute"})
        else:
            told.append({"missing": "element"} if value is None else {"value": value[:100_000]})
    return told


def _found(soup: Any, selector: str, attribute: str | None) -> str | None:
    """The element's text or attribute; None where there is no such element; raises KeyError without the attribute."""
    element = soup.select_one(selector)
    if element is None:
        return None
    if attribute is None:
        return str(element.get_text()).strip()
    value = element[attribute]
    return value if isinstance(value, str) else " ".join(value)
