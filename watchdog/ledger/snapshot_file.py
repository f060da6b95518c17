"""JSON files beside the ledger for people and programs: whole at any moment, the old one or the new one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from watchdog.ledger.failures import translated, unreadable


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces the file atomically and durably, 0600. One writer per file; blocks for two disk syncs.

    Raises LedgerFull or LedgerError, and the file stays as it was.
    """
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    new = path.with_name(f".{path.name}.new")
    with translated(path):
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        _sync(path.parent)


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote, None when there is no such file; raises LedgerError when it cannot be read."""
    with translated(path):
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise unreadable(path, "it is not text") from error
    try:
        content: Any = json.loads(text)
    except ValueError as error:
        raise unreadable(path, "it is not JSON") from error
    if not isinstance(content, dict):
        raise unreadable(path, "it is not a JSON object")
    return content  # pyright: ignore[reportUnknownVariableType]  # JSON objects have string keys


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
