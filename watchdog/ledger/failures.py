"""The border to SQLite and the file system: their errors become one sentence each."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from watchdog.errors import LedgerError, LedgerFull

_NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_NEXT_TO_NOTHING: Final = 64 * 1024
"""Bytes; less free space than this explains an I/O error of SQLite, which hides the errno."""


@contextmanager
def translated(place: Path) -> Generator[None]:
    """Raises LedgerFull or LedgerError, the original chained, for what fails inside; `place` is named."""
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, place) from error
    except UnicodeDecodeError as error:  # SQLite's own message may quote the damage
        raise unreadable(place, "text in it is not UTF-8") from error
    except OSError as error:
        raise _from_system(error, place) from error


def full(place: Path) -> LedgerFull:
    return LedgerFull(f"No space left for {place}: free some on its disk; what is destructive waits until then")


def unreadable(place: Path | str, detail: str) -> LedgerError:
    return LedgerError(
        f"{place} is damaged ({detail[:120]}): stop watchdog, keep a copy, and restore a backup or move it away "
        f"to start anew"
    )


def _from_sqlite(error: sqlite3.Error, place: Path) -> LedgerError:
    # Errors that the module raises by itself (wrong text encoding, closed connection) carry no code.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return full(place)
        case sqlite3.SQLITE_READONLY:
            return LedgerError(f"{place} cannot be written (read-only): make it writable or set [state] dir elsewhere")
        case sqlite3.SQLITE_IOERR if _free_space(place) < _NEXT_TO_NOTHING:
            return full(place)
        case sqlite3.SQLITE_IOERR:
            return LedgerError(f"{place}: the disk reports an I/O error ({error}): look at the kernel log and the disk")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_CONSTRAINT:
            return LedgerError(f"{place} is written by another program: stop it; a ledger has one writer")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return LedgerError(f"{place} cannot be opened: check that this user may read and write it")
        case _:
            return unreadable(place, str(error))


def _from_system(error: OSError, place: Path) -> LedgerError:
    match error.errno:
        case number if number in _NO_SPACE:
            return full(place)
        case errno.EROFS:
            return LedgerError(f"{place} is on a read-only file system: remount it or set [state] dir elsewhere")
        case errno.EACCES | errno.EPERM:
            return LedgerError(f"{place}: permission denied: run as its owner or set [state] dir elsewhere")
        case errno.ENOTDIR | errno.EEXIST:
            return LedgerError(f"{place}: a part of this path is not a directory: set [state] dir elsewhere")
        case _:
            return LedgerError(f"{place}: {error.strerror or error}: check the path and its disk")


def _free_space(place: Path) -> int:
    try:
        space = os.statvfs(place)
    except OSError:
        return _NEXT_TO_NOTHING
    return space.f_bavail * space.f_frsize
