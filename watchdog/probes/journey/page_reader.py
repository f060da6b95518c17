"""Runs as a program of its own: finds elements in a page, for `captures`. It imports nothing of watchdog.

Python's HTML parser takes quadratic time and worse on broken markup, in regular expressions that let no other thread
run: 20 KB of it would stop the daemon. Here the system ends it.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

SECONDS = 3
"""Of CPU."""

BYTES = 1 << 30
"""Of memory."""


def found(soup: Any, selector: str, attribute: str | None) -> str | None:
    """The element's text or attribute; None where there is no such element; raises KeyError without the attribute."""
    element = soup.select_one(selector)
    if element is None:
        return None
    if attribute is None:
        return str(element.get_text()).strip()
    value = element[attribute]
    return value if isinstance(value, str) else " ".join(value)


def main() -> None:
    """JSON on standard input {text, wanted: [[selector, attribute]]} → a list of {value} or {missing} on output."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    from bs4 import BeautifulSoup

    asked = json.load(sys.stdin)
    soup = BeautifulSoup(asked["text"], "html.parser")
    told: list[dict[str, Any]] = []
    for selector, attribute in asked["wanted"]:
        try:
            value = found(soup, selector, attribute)
        except KeyError:
            told.append({"missing": "attribute"})
        else:
            told.append({"missing": "element"} if value is None else {"value": value[:100_000]})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
