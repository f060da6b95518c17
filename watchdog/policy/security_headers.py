"""Headers by which a site protects the people who open it in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_AGE: Final = re.compile(r'(?:^|;)\s*max-age\s*=\s*"?(\d+)', re.IGNORECASE | re.ASCII)
_FRAMES: Final = frozenset({"deny", "sameorigin"})


def missing_security_headers(header: Callable[[str], str | None], *, https: bool) -> tuple[str, ...]:
    """Which are missing or protect from nothing; `header` gives a value by its name.

    Strict-Transport-Security counts over HTTPS only (RFC 6797, 7.2); frames are restricted by X-Frame-Options or by
    the directive frame-ancestors of the policy (CSP level 2), which says the same.
    """
    policy = header("Content-Security-Policy") or ""
    age = _AGE.search(header("Strict-Transport-Security") or "")
    framed = (header("X-Frame-Options") or "").strip().lower() in _FRAMES
    directives = {directive.split()[0].lower() for directive in re.split("[;,]", policy) if directive.strip()}
    present = {
        "Content-Security-Policy": bool(policy.strip()),
        "Strict-Transport-Security": not https or (age is not None and int(age[1][:20]) > 0),
        "X-Frame-Options or frame-ancestors": framed or "frame-ancestors" in directives,
        "X-Content-Type-Options": (header("X-Content-Type-Options") or "").strip().lower() == "nosniff",
    }
    return tuple(name for name, there in present.items() if not there)
