"""Keys with a `_file` twin."""

from __future__ import annotations

from typing import Any

from watchdog.config.document import read_secret
from watchdog.config.fields import Section
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems


def secret(section: type[Section], given: dict[str, Any], key: str, path: KeyPath, problems: Problems) -> str | None:
    """The value of a key, or what the file of its `_file` twin holds; None when there is neither, or a problem."""
    file = given.get(f"{key}_file")
    if file is None:
        return given.get(key)
    twin = (*path, f"{key}_file")
    if key in given:
        problems.add(twin, f"stands beside {key}; allowed: one of the two")
        return None
    content, rule = problems.caught(twin, lambda: read_secret(file)), section.rule(key)
    return content if content is None or rule is None else problems.caught(twin, lambda: rule(content))
