"""Ledgers that older versions wrote (`fixtures/README.md`)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

SCHEMAS = ("1", "2", "3")
FIXTURES = Path(__file__).parent / "fixtures"


def put_back(schema: str, state: Path) -> None:
    """Makes `state` the state directory that a daemon of that version left when it was killed."""
    state.mkdir(mode=0o700)
    with closing(sqlite3.connect(state / "ledger.db")) as database:
        database.executescript((FIXTURES / f"schema-{schema}.sql").read_text())
