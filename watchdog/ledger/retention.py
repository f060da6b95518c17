"""Retention: old rows leave as a prefix of the chain, and a row that says so stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from watchdog.ledger import queries
from watchdog.model.record import Entry, EntryKind

_BATCH: Final = 5000
"""Rows of one transaction, so that an intent never waits long for the thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """The oldest rows, `first` to `through`; `hash` is that of the last of them. `before` is Unix seconds."""

    first: int
    through: int
    hash: str
    before: float

    def entry(self, now: float) -> Entry:
        return Entry(
            at=now,
            kind=EntryKind.CHECKPOINT,
            subject="ledger",
            sentence=f"Rows {self.first} to {self.through} were older than the retention and were removed",
            payload={"through": self.through, "hash": self.hash},
        )


def removable(connection: sqlite3.Connection, *, before: float, end: int) -> Prefix | None:
    """The rows that stand before the first one that is young, pending or past the batch; `end` follows the last row."""
    start = queries.checkpoint(connection).seq
    young = connection.execute("SELECT seq FROM entries WHERE at >= ? ORDER BY seq LIMIT 1", (before,)).fetchone()
    (pending,) = connection.execute("SELECT min(seq) FROM pending_intents").fetchone()
    kept = [end, start + 1 + _BATCH]
    kept += [young[0]] if young else []
    kept += [pending] if pending is not None else []
    through = min(kept) - 1
    if through <= start:
        return None
    (digest,) = connection.execute("SELECT hash FROM entries WHERE seq = ?", (through,)).fetchone()
    return Prefix(first=start + 1, through=through, hash=digest, before=before)


def remove(connection: sqlite3.Connection, prefix: Prefix, *, specs_in_use: AbstractSet[str]) -> None:
    """Inside a transaction; the caller appends `prefix.entry` in the same one."""
    connection.execute("DELETE FROM entries WHERE seq <= ?", (prefix.through,))
    connection.execute("UPDATE checkpoint SET through = ?, hash = ?", (prefix.through, prefix.hash))
    # The newest incident stays, so that its number is never given twice.
    connection.execute(
        "DELETE FROM incidents WHERE closed_at < ? AND id < (SELECT max(id) FROM incidents) "
        "AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.incident = incidents.id)",
        (prefix.before,),
    )
    connection.execute(
        "DELETE FROM deployments WHERE ended_at < ? AND id < (SELECT max(id) FROM deployments)", (prefix.before,)
    )
    old = connection.execute("SELECT id FROM specs WHERE saved_seq <= ?", (prefix.through,)).fetchall()
    connection.executemany("DELETE FROM specs WHERE id = ?", [row for row in old if row[0] not in specs_in_use])
