"""Opening the database: its files, its settings, its version."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from watchdog.errors import LedgerError, NoLedger
from watchdog.ledger import schema
from watchdog.ledger.chain import GENESIS
from watchdog.ledger.failures import translated
from watchdog.ledger.reserve import SIZE

FILE_NAME: Final = "ledger.db"

_PAGE: Final = 4096
_BUSY: Final = 5000
"""Milliseconds to wait for a reader that recovers the write-ahead log."""


def connect(directory: Path) -> sqlite3.Connection:
    """The writer's connection; makes files (0600) and tables where there are none. For one thread; blocks.

    Raises LedgerFull or LedgerError; what another version or program made is left untouched.
    """
    path = directory / FILE_NAME
    with translated(path):
        _make_file(path)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            _configure(connection)
            if _is_empty(connection):
                _create_tables(connection)
            _upgrade(connection, _version(connection, path))
            _sync_directory(directory)
        except BaseException:
            connection.close()
            raise
    return connection


def connect_read_only(directory: Path) -> sqlite3.Connection:
    """A reader's connection, beside a running writer or without one; blocks.

    Raises NoLedger when nothing was ever written there, LedgerError when it cannot be read.
    """
    path = directory / FILE_NAME
    with translated(path):
        try:
            path.stat()
        except FileNotFoundError as error:
            raise _no_ledger(directory) from error
        connection = _open_read_only(path)
        try:
            if not (empty := _is_empty(connection)):
                _version(connection, path)
        except BaseException:
            connection.close()
            raise
    if empty:
        connection.close()
        raise _no_ledger(directory)
    return connection


def _make_file(path: Path) -> None:
    # Never opened when it exists: closing a second descriptor would drop the locks of other connections.
    try:
        # SQLite gives the same mode to the files that it makes beside this one.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        path.chmod(0o600)


def _configure(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    # The log must stay smaller than the reserve, or the reserve could not hold it on a full disk.
    connection.execute(f"PRAGMA wal_autocheckpoint = {SIZE // 2 // _PAGE}")
    connection.execute("PRAGMA secure_delete = ON")  # removed specs hold secrets


def _is_empty(connection: sqlite3.Connection) -> bool:
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return tables == 0


def _create_tables(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for statement in schema.TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('schema', ?)", (schema.VERSION,))
        connection.execute("INSERT INTO checkpoint VALUES (0, ?)", (GENESIS,))


def _upgrade(connection: sqlite3.Connection, found: str) -> None:
    """All of it or nothing: a kill in between leaves the version that was there."""
    if found == schema.VERSION:
        return
    with transaction(connection):
        for statement in schema.UPGRADES[found]:
            connection.execute(statement)
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (schema.VERSION,))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors of SQLite have rolled back by themselves
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> str:
    """That of the database; raises LedgerError for one that is neither this nor one that can become it."""
    (meta,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()
    found = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() if meta else None
    if found is None:
        raise LedgerError(f"{path} is a database, but no ledger of watchdog's: set [state] dir elsewhere")
    if found[0] != schema.VERSION and found[0] not in schema.UPGRADES:
        raise LedgerError(
            f"{path} was made by another version of watchdog (schema {str(found[0])[:20]}, this one has "
            f"{schema.VERSION}): use that version, or set [state] dir elsewhere"
        )
    return found[0]


def _open_read_only(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY}")
        _is_empty(connection)
    except sqlite3.OperationalError:
        connection.close()
        if not _nobody_can_write(path):
            raise
        # Shared memory cannot be made on a read-only file system; none is needed, for nothing can change.
        return sqlite3.connect(f"{uri}&immutable=1", uri=True, isolation_level=None)
    except BaseException:
        connection.close()
        raise
    return connection


def _nobody_can_write(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY) and (not log.exists() or log.stat().st_size == 0)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_ledger(directory: Path) -> NoLedger:
    return NoLedger(f"There is no ledger in {directory}: start `watchdog run`, or set [state] dir to where it is")
