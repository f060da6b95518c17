"""The writer: every change is one durable transaction of rows and their projections. Blocks; for one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from watchdog.codecs.deployments import DEPLOYMENT
from watchdog.codecs.records import INCIDENT, RECORD, SPEC
from watchdog.errors import LedgerError, LedgerFull
from watchdog.ledger import chain, codec, database, queries
from watchdog.ledger.directory import prepare
from watchdog.ledger.failures import full, translated
from watchdog.ledger.outbox import Outbox, Waiting
from watchdog.ledger.reserve import Reserve
from watchdog.ledger.retention import removable, remove
from watchdog.ledger.sealing import Seal
from watchdog.model.alert import Alert, Queued
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Entry, EntryKind, Incident, Kept, Row, ServiceRecord

_INSERT: Final = "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SERVICE: Final = "INSERT INTO services VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record"
_INCIDENT: Final = (
    "INSERT INTO incidents VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET closed_at = excluded.closed_at, incident = excluded.incident"
)
_SPEC: Final = (
    "INSERT INTO specs VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET sealed = excluded.sealed, content = excluded.content, saved_seq = excluded.saved_seq"
)
_DEPLOYMENT: Final = (
    "INSERT INTO deployments VALUES (?, ?, ?) "
    "ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at, deployment = excluded.deployment"
)
_KEEP: Final = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
_FORGET: Final = "DELETE FROM kept WHERE kind = ? AND key = ?"


@dataclass(frozen=True, slots=True)
class View:
    """What is known without asking the database: what the last transaction left."""

    head: queries.Head
    records: Mapping[ServiceKey, ServiceRecord]
    waiting: Waiting


class Store:
    """Its `view` is replaced as a whole, after the commit: any thread may read it."""

    def __init__(self, connection: sqlite3.Connection, directory: Path, seal: Seal, reserve: Reserve) -> None:
        self._connection = connection
        self._path = directory / database.FILE_NAME
        self._seal = seal
        self._reserve = reserve
        with translated(self._path):
            self._outbox = Outbox(connection)
            self.view = View(queries.head(connection), queries.records(connection), self._outbox.waiting())
            (self.last_incident,) = connection.execute("SELECT coalesce(max(id), 0) FROM incidents").fetchone()
            (self.last_deployment,) = connection.execute("SELECT coalesce(max(id), 0) FROM deployments").fetchone()

    @classmethod
    def open(cls, directory: Path, *, key_file: Path | None) -> Self:
        """Raises LedgerFull or LedgerError, a wrong key included, before anything of an old ledger is changed."""
        seal = Seal(key_file)
        prepare(directory)
        reserve = Reserve(directory / "reserve")
        try:
            connection = database.connect(directory)
        except LedgerFull:
            if not reserve.give_up():
                raise
            connection = database.connect(directory)
        try:
            store = cls(connection, directory, seal, reserve)
            store.check_key()
            reserve.take()
            with suppress(LedgerFull):  # the next start encrypts them
                store.encrypt_specs()
        except BaseException:
            connection.close()
            raise
        return store

    def close(self) -> None:
        with translated(self._path):
            self._connection.close()

    def append(self, change: Change) -> tuple[Row, ...]:
        """One transaction, on disk when it returns. Raises LedgerFull or LedgerError, and nothing is changed.

        What is vital may use the reserve; while the reserve is given up nothing else is written.
        """
        if not change.vital:
            self._need_reserve()
        try:
            return self._commit(change)
        except LedgerFull:
            if not change.vital or not self._reserve.give_up():
                raise
        return self._commit(change)

    def bind_engine(self, engine_id: str, containers: Collection[str]) -> bool:
        with self._transaction() as connection:
            found = connection.execute("SELECT value FROM meta WHERE key = 'engine'").fetchone()
            if found is None:
                connection.execute("INSERT INTO meta VALUES ('engine', ?)", (engine_id,))
                return False
            if found[0] == engine_id:
                return False
            if not any(record.container_id in containers for record in self.view.records.values()):
                raise LedgerError(
                    f"{self._path.parent} belongs to engine {found[0][:80]}, this one is {engine_id[:80]}, where its "
                    f"services would seem missing: correct [engine] host, or set [state] dir to another directory; if "
                    f"the engine was installed anew, move the old directory away"
                )
            connection.execute("UPDATE meta SET value = ? WHERE key = 'engine'", (engine_id,))
            return True

    def spec(self, spec_id: str) -> ContainerSpec:
        with translated(self._path):
            found = self._connection.execute("SELECT sealed, content FROM specs WHERE id = ?", (spec_id,)).fetchone()
        if found is None:
            raise LedgerError(f"Saved spec {spec_id[:12]} is not in {self._path}: deploy the service again to save one")
        sealed, content = found
        text = self._seal.open(content, sealed=bool(sealed), spec_id=spec_id)
        spec = queries.loaded(SPEC.load, text, f"saved spec {spec_id[:12]}")
        if spec.id != spec_id:
            raise LedgerError(
                f"Saved spec {spec_id[:12]} was swapped for another: deploy the service again to save one"
            )
        return spec

    def open_incidents(self) -> tuple[Incident, ...]:
        with translated(self._path):
            return queries.open_incidents(self._connection)

    def incidents(self, limit: int) -> tuple[Incident, ...]:
        with translated(self._path):
            return queries.incidents(self._connection, limit)

    def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        with translated(self._path):
            return queries.timeline(self._connection, incident)

    def open_deployments(self) -> tuple[Deployment, ...]:
        with translated(self._path):
            return queries.open_deployments(self._connection)

    def deployments(self, limit: int) -> tuple[Deployment, ...]:
        with translated(self._path):
            return queries.deployments(self._connection, limit)

    def deployment(self, number: int) -> tuple[Deployment, tuple[Row, ...]]:
        with translated(self._path):
            return queries.deployment(self._connection, number)

    def renamed_by_us(self, named: Mapping[str, str]) -> set[str]:
        with translated(self._path):
            return queries.renamed_by_us(self._connection, named)

    def pending_intents(self) -> tuple[Row, ...]:
        with translated(self._path):
            return queries.pending_intents(self._connection)

    def last_attempt(self, subject: str) -> tuple[Row, ...]:
        with translated(self._path):
            return queries.last_attempt(self._connection, subject)

    def kept(self, kind: str) -> Mapping[str, str]:
        with translated(self._path):
            return queries.kept(self._connection, kind)

    def outbox(self, receiver: str, after: int, limit: int) -> tuple[Queued, ...]:
        with translated(self._path):
            return self._outbox.read(receiver, after, limit)

    def told(self, receiver: str) -> Mapping[str, Alert]:
        with translated(self._path):
            return self._outbox.told(receiver)

    def delivered(self, queued: Sequence[Queued]) -> None:
        self._need_reserve()
        with self._transaction():
            waiting = self._outbox.take(queued, self.view.waiting)
        self.view = replace(self.view, waiting=waiting)

    def undelivered(self, queued: Sequence[Queued]) -> None:
        self._need_reserve()
        with self._transaction():
            waiting = self._outbox.throw_away(queued, self.view.waiting)
        self.view = replace(self.view, waiting=waiting)

    def serve(self, receivers: Collection[str]) -> Mapping[str, int]:
        self._need_reserve()
        with self._transaction():
            waiting, lost = self._outbox.forget_others(receivers, self.view.waiting)
        self.view = replace(self.view, waiting=waiting)
        return lost

    def compact(self, now: float, retention: float) -> bool:
        """Removes a batch of what is older than `retention` seconds; True when there may be more."""
        self._need_reserve()
        with self._transaction() as connection:
            prefix = removable(connection, before=now - retention, end=self.view.head.seq + 1)
            if prefix is None:
                return False
            used = {baseline.spec_id for record in self.view.records.values() for baseline in record.baselines}
            used |= queries.specs_of_open_deployments(connection)
            remove(connection, prefix, specs_in_use=used)
            self._outbox.forget_told(now - retention)
            (row,) = self._insert((prefix.entry(now),))
        self.view = replace(self.view, head=queries.Head(row.seq, row.hash))
        return True

    def check_key(self) -> None:
        """Raises LedgerError when specs were saved with a key that this is not: found now, not in a recovery."""
        with translated(self._path):
            found = self._connection.execute("SELECT id, content FROM specs WHERE sealed LIMIT 1").fetchone()
        if found is not None:
            spec_id, content = found
            self._seal.open(content, sealed=True, spec_id=spec_id)

    def encrypt_specs(self) -> None:
        """With a new key: encrypts what was saved without one, and leaves nothing of it in the log."""
        if not self._seal.encrypts:
            return
        with translated(self._path):
            clear = self._connection.execute("SELECT id, content FROM specs WHERE NOT sealed").fetchall()
        if not clear:
            return
        with self._transaction() as connection:
            for spec_id, content in clear:
                text = self._seal.open(content, sealed=False, spec_id=spec_id)
                values = (self._seal.close(text), spec_id)
                connection.execute("UPDATE specs SET sealed = TRUE, content = ? WHERE id = ?", values)
        with translated(self._path):
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _need_reserve(self) -> None:
        if not self._reserve.take():
            raise full(self._path)

    def _commit(self, change: Change) -> tuple[Row, ...]:
        with self._transaction() as connection:
            rows = self._insert(change.entries)
            head = queries.Head(rows[-1].seq, rows[-1].hash) if rows else self.view.head
            connection.executemany(_SERVICE, [(codec.storable(str(r.service)), RECORD.dump(r)) for r in change.records])
            connection.executemany(_INCIDENT, [(i.id, i.closed_at, INCIDENT.dump(i)) for i in change.incidents])
            encrypts = self._seal.encrypts
            deployments = [(d.id, d.ended_at, DEPLOYMENT.dump(d)) for d in change.deployments]
            connection.executemany(_DEPLOYMENT, deployments)
            specs = [(s.id, encrypts, self._seal.close(SPEC.dump(s)), head.seq) for s in change.specs]
            connection.executemany(_SPEC, specs)
            _keep(connection, change.kept)
            waiting = self._outbox.put(change.notices, self.view.waiting)
        records = self.view.records
        if change.records:
            records = MappingProxyType({**records, **{record.service: record for record in change.records}})
        self.view = View(head, records, waiting)
        return rows

    def _insert(self, entries: Iterable[Entry]) -> tuple[Row, ...]:
        seq, previous = self.view.head
        rows: list[Row] = []
        for given in entries:
            seq += 1
            # SQLite keeps no negative zero: the hash must be of what will be read back.
            at, subject, sentence = float(given.at) + 0.0, codec.storable(given.subject), codec.storable(given.sentence)
            entry = replace(given, at=at, subject=subject, sentence=sentence)
            kind, payload = entry.kind.value, chain.canonical(entry.payload)
            payload_hash = chain.sha256(payload)
            previous = chain.row_hash(
                seq=seq,
                previous=previous,
                at=at,
                kind=kind,
                subject=subject,
                sentence=sentence,
                incident=entry.incident,
                payload_hash=payload_hash,
            )
            values = (seq, previous, at, kind, subject, sentence, entry.incident, payload, payload_hash)
            self._connection.execute(_INSERT, values)
            self._follow_intent(seq, entry)
            rows.append(Row(seq=seq, hash=previous, entry=entry))
        return tuple(rows)

    def _follow_intent(self, seq: int, entry: Entry) -> None:
        match entry.kind:
            case EntryKind.INTENT:
                self._connection.execute("INSERT INTO pending_intents VALUES (?)", (seq,))
            case EntryKind.OUTCOME:
                self._connection.execute(
                    "DELETE FROM pending_intents WHERE seq = ?", (codec.answered_intent(entry.payload),)
                )
            case _:
                pass

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with translated(self._path), database.transaction(self._connection):
            yield self._connection


def _keep(connection: sqlite3.Connection, states: Sequence[Kept]) -> None:
    """In their order: of two with the same key the last counts."""
    for state in states:
        if state.value is None:
            connection.execute(_FORGET, (state.kind, codec.storable(state.key)))
        else:
            connection.execute(_KEEP, (state.kind, codec.storable(state.key), state.value))
