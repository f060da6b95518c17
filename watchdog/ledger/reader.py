"""The ledger for those who only look: `check`, `incidents`, `show`, `ledger verify`."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from watchdog.ledger import queries
from watchdog.ledger.database import FILE_NAME, connect_read_only
from watchdog.ledger.failures import translated
from watchdog.ledger.verification import Verification, verify
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Incident, Row, ServiceRecord


class LedgerReader:
    """Reads beside a running daemon or without one, and never writes. For one thread; its methods block.

    All of them raise LedgerError when the database is damaged or cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Raises NoLedger when no daemon has run with this directory, LedgerError when it cannot be read."""
        return cls(connect_read_only(directory), directory / FILE_NAME)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def records(self) -> Mapping[ServiceKey, ServiceRecord]:
        with translated(self._path):
            return queries.records(self._connection)

    def kept(self, kind: str) -> Mapping[str, str]:
        """The small states of this kind: key → JSON text."""
        with translated(self._path):
            return queries.kept(self._connection, kind)

    def incidents(self, limit: int) -> tuple[Incident, ...]:
        """Newest first, `limit` at the most."""
        with translated(self._path):
            return queries.incidents(self._connection, limit)

    def open_incidents(self) -> tuple[Incident, ...]:
        """Newest first."""
        with translated(self._path):
            return queries.open_incidents(self._connection)

    def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        """The incident and its rows, oldest first; raises UnknownIncident."""
        with translated(self._path):
            return queries.timeline(self._connection, incident)

    def deployments(self, limit: int) -> tuple[Deployment, ...]:
        """Newest first, `limit` at the most."""
        with translated(self._path):
            return queries.deployments(self._connection, limit)

    def deployment(self, number: int) -> tuple[Deployment, tuple[Row, ...]]:
        """It and its rows, oldest first; raises UnknownDeployment."""
        with translated(self._path):
            return queries.deployment(self._connection, number)

    def renamed_by_us(self, named: Mapping[str, str]) -> set[str]:
        """As the ledger's."""
        with translated(self._path):
            return queries.renamed_by_us(self._connection, named)

    def head(self) -> str:
        """Hash of the newest row: an anchor for a later `verify`."""
        with translated(self._path):
            return queries.head(self._connection).hash

    def verify(self, anchor: str | None) -> Verification:
        """Walks the chain as `verification.verify` says; raises InvalidAnchor."""
        with translated(self._path):
            return verify(self._connection, anchor)
