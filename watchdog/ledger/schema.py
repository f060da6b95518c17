"""The tables of the ledger. A change of shape is a new `VERSION`, and a way to it in `UPGRADES`."""

from __future__ import annotations

from typing import Final

VERSION: Final = "3"

_SINCE_2: Final = (
    # Small states of other rooms, as JSON.
    "CREATE TABLE kept (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID",
    # What was decided to be told and was not delivered. AUTOINCREMENT: a number is never given twice.
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        receiver TEXT NOT NULL,
        importance INTEGER NOT NULL,
        alert TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX outbox_of_receiver ON outbox (receiver)",  # every index ends with the id: so it is read in order
    "CREATE INDEX outbox_by_importance ON outbox (receiver, importance)",
    # Who heard last what of an alert that has not ended: its resolution goes to them only.
    """CREATE TABLE told (
        receiver TEXT,
        key TEXT,
        at REAL NOT NULL,
        alert TEXT NOT NULL,
        PRIMARY KEY (receiver, key)
    ) STRICT, WITHOUT ROWID""",
)

_SINCE_3: Final = (
    "CREATE TABLE deployments (id INTEGER PRIMARY KEY, ended_at REAL, deployment TEXT NOT NULL) STRICT",
    "CREATE INDEX deployments_open ON deployments (id) WHERE ended_at IS NULL",
    "CREATE INDEX entries_of_deployments ON entries (subject) WHERE kind = 'deployment'",
)

UPGRADES: Final = {"1": (*_SINCE_2, *_SINCE_3), "2": _SINCE_3}
"""An older version → what makes it this one. It only adds: who reads may find it not done yet."""

TABLES: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # The chain. Only here is something proven; what follows are projections of it, written in the same transaction.
    """CREATE TABLE entries (
        seq INTEGER PRIMARY KEY,
        hash TEXT NOT NULL,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        sentence TEXT NOT NULL,
        incident INTEGER,
        payload TEXT NOT NULL,
        payload_hash TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX entries_of_incident ON entries (incident) WHERE incident IS NOT NULL",
    # The last row that retention removed; the newest row of kind `checkpoint` says the same inside the chain.
    "CREATE TABLE checkpoint (through INTEGER NOT NULL, hash TEXT NOT NULL) STRICT",
    "CREATE TABLE pending_intents (seq INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE services (service TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE incidents (id INTEGER PRIMARY KEY, closed_at REAL, incident TEXT NOT NULL) STRICT",
    "CREATE INDEX incidents_open ON incidents (id) WHERE closed_at IS NULL",
    # `content` is a Fernet token where `sealed`, else the SHA-256 of the JSON and the JSON, a line each.
    """CREATE TABLE specs (
        id TEXT PRIMARY KEY,
        sealed INTEGER NOT NULL,
        content TEXT NOT NULL,
        saved_seq INTEGER NOT NULL
    ) STRICT""",
    *_SINCE_2,
    *_SINCE_3,
)
