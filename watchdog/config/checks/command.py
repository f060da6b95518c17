"""Keys of a check that runs a command on this host, and who may write them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from pydantic import Field

from watchdog.config.checks.ending import EndingSection
from watchdog.config.fields import Program
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.config.rules import is_list, is_table
from watchdog.model.probe.inside import CommandProbe

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class CommandSection(EndingSection):
    not_by_label: ClassVar[frozenset[str]] = EndingSection.not_by_label | {"command"}

    command: Program = Field(description="Run this on the host, as whom watchdog runs.")

    def probe(self, path: KeyPath, problems: Problems) -> CommandProbe:
        return CommandProbe(**self.ending(path, problems))


def refuse_commands_of_others(
    values: Mapping[str, Any], source: Path | None, foreign: Collection[KeyPath], problems: Problems
) -> None:
    """Whoever can write such a check runs programs as watchdog, which is often root: only its owner's file may.

    `foreign` are the keys that come from the environment.
    """
    for path in _commands(values):
        if path[:1] in foreign or source is None:
            problems.add(path, "runs on this host and comes from the environment; allowed: in the configuration file")
            continue
        file = source.resolve()
        for place in (file, file.parent):
            wrong = _writable_by_others(place)
            if wrong is not None:
                problems.add(path, f"runs on this host, but {wrong}")


def _writable_by_others(place: Path) -> str | None:
    """Why not only root and the daemon's user decide what is there."""
    found = place.stat()
    if found.st_uid not in {0, os.geteuid()}:
        return f"{place} belongs to user {found.st_uid}; allowed: what root or the user of watchdog owns"
    kept = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX  # as in /tmp, nobody replaces another's file
    if found.st_mode & _OTHERS_WRITE and not kept:
        mode = f"{stat.S_IMODE(found.st_mode):o}"
        return f"others may write to {place} (mode {mode}); allowed: what only its owner may, by `chmod go-w {place}`"
    return None


def _commands(values: Mapping[str, Any]) -> Iterator[KeyPath]:
    tables = [(("endpoint", number), raw) for number, raw in enumerate(is_list(values.get("endpoint")) or [])]
    for number, service in enumerate(is_list(values.get("service")) or []):
        checks = is_list((is_table(service) or {}).get("check")) or []
        tables += [(("service", number, "check", place), raw) for place, raw in enumerate(checks)]
    return ((*path, "command") for path, raw in tables if "command" in (is_table(raw) or {}))
