"""Keys with a `_file` twin."""

from __future__ import annotations

from typing import Any, Final

from watchdog.config import addresses
from watchdog.config.document import read_secret
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import Rule

_RULES: Final[dict[str, Rule[str]]] = {
    "webhook": addresses.URL,
    "alertmanager": addresses.URL,
    "ping": addresses.URL,
    "apprise": addresses.APPRISE,
}
"""Of those that are no plain text."""


def secret(given: dict[str, Any], key: str, path: KeyPath, problems: Problems) -> str | None:
    """The value of a key, or what the file of its `_file` twin holds; None when there is neither, or a problem."""
    file = given.get(f"{key}_file")
    if file is None:
        return given.get(key)
    twin = (*path, f"{key}_file")
    if key in given:
        problems.add(twin, f"stands beside {key}; allowed: one of the two")
        return None
    rule = _RULES.get(key, addresses.SECRET)
    content = problems.caught(twin, lambda: read_secret(file))
    return None if content is None else problems.caught(twin, lambda: rule(content))
