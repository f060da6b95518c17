"""Is the ledger what was written? Walks the chain and names the first row that does not fit."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any, Final

from watchdog.errors import InvalidAnchor, LedgerError
from watchdog.ledger import chain, codec, queries
from watchdog.model.record import EntryKind

_ANCHOR: Final = re.compile(r"[0-9a-f]{64}")
_STORED: Final = (
    "SELECT seq, hash, at, kind, subject, sentence, incident, payload, payload_hash FROM entries ORDER BY seq"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """`rows` and `head` tell how far the chain is good; `first_bad` is the number of the first row that is not."""

    intact: bool
    rows: int
    head: str
    sentence: str
    first_bad: int | None = None


@dataclass(slots=True)
class _Walk:
    """Where the walk is, and what its rows say about the rest of the database."""

    seq: int
    head: str
    anchor: str | None
    anchored: bool = False
    rows: int = 0
    pending: set[int] = field(default_factory=set[int])
    checkpoint: tuple[int, str] = (0, chain.GENESIS)

    def flaw(self, stored: tuple[Any, ...]) -> str:
        """Takes the next row; what is wrong with it, empty when nothing is."""
        seq, digest, at, kind, subject, sentence, incident, payload, payload_hash = stored
        if seq != self.seq + 1:
            return "is gone" if seq > self.seq + 1 else "has a number that does not follow"
        if chain.sha256(payload) != payload_hash:
            return "has another payload than was written"
        expected = chain.row_hash(
            seq=seq,
            previous=self.head,
            at=at,
            kind=kind,
            subject=subject,
            sentence=sentence,
            incident=incident,
            payload_hash=payload_hash,
        )
        if digest != expected:
            return "is not what was written, or does not follow the row before it"
        self.seq, self.head, self.rows = seq, digest, self.rows + 1
        self.anchored = self.anchored or digest == self.anchor
        self._project(kind, json.loads(payload))
        return ""

    def _project(self, kind: str, payload: dict[str, Any]) -> None:
        match kind:
            case EntryKind.INTENT:
                self.pending.add(self.seq)
            case EntryKind.OUTCOME:
                self.pending.discard(codec.answered_intent(payload) or 0)
            case EntryKind.CHECKPOINT:
                self.checkpoint = (payload["through"], payload["hash"])
            case _:
                pass


def verify(connection: sqlite3.Connection, anchor: str | None) -> Verification:
    """Reads every row in one read transaction; blocks, about 50,000 rows a second.

    An anchor is the hash of a head that was noted elsewhere: only with one can it be found that rows were cut off the
    end, or that the whole was written anew or put back from an old copy. It must be the hash of a row that is still
    kept, or of the last that retention removed. Raises InvalidAnchor for what is no hash, sqlite3.Error for a
    database that cannot be read at all.
    """
    if anchor is not None and not _ANCHOR.fullmatch(anchor):
        raise InvalidAnchor("An anchor is a hash of 64 hexadecimal digits, as `watchdog status` prints it")
    with queries.read_transaction(connection):
        return _verify(connection, anchor)


def _verify(connection: sqlite3.Connection, anchor: str | None) -> Verification:
    try:
        start = queries.checkpoint(connection)
    except LedgerError as error:
        return Verification(intact=False, rows=0, head=chain.GENESIS, sentence=str(error))
    walk = _Walk(seq=start.seq, head=start.hash, anchor=anchor, anchored=anchor == start.hash)
    try:
        for stored in connection.execute(_STORED):
            if flaw := walk.flaw(stored):
                return _broken(walk, flaw)
    except (sqlite3.Error, ValueError, TypeError, AttributeError, KeyError):
        return _broken(walk, "cannot be read")
    if walk.checkpoint != start:
        return _unfit(walk, f"rows up to {start.seq} are gone, and no row says that retention removed them")
    if flaw := _flaw_of_projections(connection, walk):
        return _unfit(walk, flaw)
    if anchor is not None and not walk.anchored:
        kept = f", or it is older than row {start.seq}, the last that retention removed" if start.seq else ""
        return _unfit(walk, f"the anchor {anchor} is none of its rows: rows were cut off or written anew{kept}")
    against = " and holds the anchor" if anchor is not None else ""
    span = f"rows {start.seq + 1} to {walk.seq}" if walk.rows else "no rows yet"
    return Verification(
        intact=True,
        rows=walk.rows,
        head=walk.head,
        sentence=f"The ledger is intact{against}: {span}, head {walk.head}.",
    )


def _flaw_of_projections(connection: sqlite3.Connection, walk: _Walk) -> str:
    """What the tables beside the chain say that the chain does not."""
    pending = {seq for (seq,) in connection.execute("SELECT seq FROM pending_intents")}
    if pending != walk.pending:
        seqs = ", ".join(str(seq) for seq in sorted(pending ^ walk.pending)[:5])
        return f"its list of intents without an outcome is not what its rows say of {seqs}"
    try:
        queries.records(connection)
        queries.incidents(connection, -1)
    except (LedgerError, sqlite3.Error) as error:
        return str(error)
    (report,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if report == "ok" else f"the database is damaged ({report[:120]})"


def _broken(walk: _Walk, flaw: str) -> Verification:
    bad = walk.seq + 1
    return Verification(
        intact=False,
        rows=walk.rows,
        head=walk.head,
        first_bad=bad,
        sentence=f"The ledger is not intact: row {bad} {flaw}; {walk.rows} rows before it are good.",
    )


def _unfit(walk: _Walk, flaw: str) -> Verification:
    return Verification(
        intact=False, rows=walk.rows, head=walk.head, sentence=f"The ledger is not intact: {flaw.rstrip('.')}."
    )
