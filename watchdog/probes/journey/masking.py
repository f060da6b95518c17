"""Secrets are shown nowhere: neither as they were sent, nor where an answer echoes them, nor in another spelling."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

MASK: Final = "***"
ALWAYS: Final = ("password", "passwd", "passphrase", "secret", "client_secret", "access_token", "refresh_token")
"""Names of fields whose values are secrets wherever they stand."""

HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-csrf-token"}
)

_SHORTEST_COOKIE: Final = 6
"""A cookie's value that is shorter is no key to anything, and would mask half of a page."""


class Mask:
    """Knows what is secret; what is learnt on the way is added."""

    def __init__(self, secrets: Iterable[str], names: Iterable[str]) -> None:
        self._spellings: set[str] = set()
        self._names = {name.lower() for name in (*names, *ALWAYS)}
        self._pattern: re.Pattern[str] | None = None
        self._fields = self._of_fields()
        for secret in secrets:
            self.add(secret)

    @property
    def longest(self) -> int:
        return max(map(len, self._spellings), default=0)

    def names(self, name: str) -> bool:
        """Whether a value of this name is a secret."""
        return name.lower() in self._names

    def add(self, secret: str) -> None:
        if not secret:
            return
        escaped = json.dumps(secret)[1:-1]
        plain_json = json.dumps(secret, ensure_ascii=False)[1:-1]
        coded = base64.b64encode(secret.encode(errors="replace")).decode("ascii")
        spellings = {secret, html.escape(secret), quote_plus(secret, errors="replace")}
        spellings |= {quote(secret, safe=safe, errors="replace") for safe in ("", "/")}
        spellings |= {html.escape(secret, quote=False), escaped, escaped.replace("/", "\\/"), plain_json, coded}
        if not spellings <= self._spellings:
            self._spellings |= spellings
            self._pattern = None

    def add_cookie(self, value: str) -> None:
        if len(value) >= _SHORTEST_COOKIE:
            self.add(value)

    def __call__(self, text: str) -> str:
        """The text with every secret masked."""
        if self._pattern is None:
            ordered = sorted(self._spellings, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)) or r"(?!)")
        return self._fields.sub(rf"\g<before>{MASK}", self._pattern.sub(MASK, text))

    def head(self, text: str, characters: int) -> str:
        """The masked beginning of a text; a secret on the edge is masked as a whole."""
        masked = self(text[: characters + 2 * self.longest + 200])
        return masked if len(masked) <= characters else f"{masked[: characters - 1]}…"

    def headers(self, headers: Iterable[tuple[str, str]], most: int, characters: int) -> Mapping[str, str]:
        """The first headers, each value's beginning; the values of those that carry credentials not at all."""
        found: dict[str, str] = {}
        for name, value in headers:
            if len(found) < most or name in found:
                hidden = name.lower() in HEADERS or self.names(name)
                shown = _names_of_cookies(name, value) if hidden else self.head(value, characters)
                found[name] = f"{found[name]}, {shown}"[:characters] if name in found else shown
        return found

    def _of_fields(self) -> re.Pattern[str]:
        """A field of JSON, of a form or of a URL that is named as a secret."""
        names = "|".join(re.escape(name) for name in sorted(self._names, key=len, reverse=True))
        return re.compile(
            rf"""(?P<before>["'](?:{names})["']\s*:\s*"?|(?<![\w-])(?:{names})=)(?:(?<=")(?:[^"\\]|\\.)+|[^\s&;,"'<>}}]+)""",
            re.IGNORECASE,
        )


def _names_of_cookies(header: str, value: str) -> str:
    """Which cookies were sent or set, without what they say."""
    match header.lower():
        case "cookie":
            return "; ".join(f"{pair.partition('=')[0].strip()[:40]}={MASK}" for pair in value.split(";")[:20])
        case "set-cookie":
            return f"{value.partition('=')[0].strip()[:40]}={MASK}"
        case _:
            return MASK
