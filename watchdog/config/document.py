"""The configuration file as it is read, before anything is judged."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from watchdog.config.positions import KeyPath, key_lines
from watchdog.errors import ConfigurationError

DEFAULT_FILE: Final = Path("/etc/watchdog/config.toml")
_LARGEST_FILE: Final = 1_048_576
_LARGEST_SECRET: Final = 65_536
_SYNTAX: Final = re.compile(
    r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The file as read, before anything is judged; `origin` is None when there is no file."""

    origin: Path | None = None
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    text: str = ""

    def lines(self) -> dict[KeyPath, int]:
        """Where each key stands; nothing for what stands too deep to be followed."""
        try:
            return key_lines(self.text)
        except RecursionError:
            return {}


def find_document(path: Path | None, environ: Mapping[str, str]) -> Document:
    """The named file, else WATCHDOG_CONFIG's, else the default one where it exists; raises ConfigurationError."""
    named = path or (Path(environ["WATCHDOG_CONFIG"]) if environ.get("WATCHDOG_CONFIG") else None)
    try:
        return _parse(named or DEFAULT_FILE, _read_text(named or DEFAULT_FILE, _LARGEST_FILE))
    except FileNotFoundError:
        if named is None:
            return Document()
        raise ConfigurationError(f"{named}: there is no such file; name one that exists") from None
    except OSError as error:
        raise ConfigurationError(f"{named or DEFAULT_FILE}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{named or DEFAULT_FILE}: {error}") from None


def _read_text(path: Path, at_most: int) -> str:
    """The regular file's text; raises OSError, or ValueError with a sentence. A pipe would block for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as opened:  # noqa: PTH123 - a descriptor has no Path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a regular file")
        content = opened.read(at_most + 1)
    if len(content) > at_most:
        raise ValueError(f"is larger than {at_most} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8 text") from None


def _parse(path: Path, text: str) -> Document:
    try:
        return Document(origin=path, values=tomllib.loads(text), text=text)
    except RecursionError:
        raise ConfigurationError(f"{path}: tables or lists stand too deep in one another") from None
    except ValueError as error:
        match = _SYNTAX.fullmatch(str(error))
        if match is None:
            raise ConfigurationError(f"{path}: is not TOML: {str(error)[:200]}") from None
        line = match["line"] or text.count("\n") + 1
        column = f" (column {match['column']})" if match["column"] else " (end of the file)"
        raise ConfigurationError(f"{path}:{line}: is not TOML: {match['what'][:200]}{column}") from None


def read_secret(path: Path) -> str:
    """The secret that a file holds, without the line break at its end; raises ValueError with a sentence."""
    try:
        secret = _read_text(path, _LARGEST_SECRET).rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}; allowed: a file that holds the secret") from None
    except ValueError as error:
        raise ValueError(f"{error}; allowed: a file that holds the secret") from None
    return secret
