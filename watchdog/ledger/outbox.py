"""What was decided to be told and is not delivered yet. Its callers hold a transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from watchdog.codecs.alerts import ALERT
from watchdog.ledger import codec, queries
from watchdog.model.alert import Alert, Notice, Queued
from watchdog.model.record import Severity

CAPACITY: Final = 100_000
"""Notices; then the receiver for which most of them wait loses its least important one."""

_IMPORTANCE: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_OF_RESOLUTIONS: Final = 3

_PUT: Final = "INSERT INTO outbox (receiver, importance, alert) VALUES (?, ?, ?)"
_TOLD: Final = "INSERT INTO told VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, alert = excluded.alert"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many notices wait for each receiver, how many of each gave way, and the number of the newest."""

    newest: int = 0
    counts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType[str, int]({}))
    gave_way: Mapping[str, int] = field(default_factory=lambda: MappingProxyType[str, int]({}))
    """Since this ledger was opened."""


class Outbox:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def waiting(self) -> Waiting:
        """As the database has it."""
        counts = dict(self._connection.execute("SELECT receiver, count(*) FROM outbox GROUP BY receiver"))
        given = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()
        return Waiting(newest=given[0] if given else 0, counts=MappingProxyType(counts))

    def read(self, receiver: str, after: int, limit: int) -> tuple[Queued, ...]:
        stored = self._connection.execute(
            "SELECT id, alert FROM outbox WHERE receiver = ? AND id > ? ORDER BY id LIMIT ?", (receiver, after, limit)
        )
        return tuple(
            Queued(number, Notice(receiver, queries.loaded(ALERT.load, text, "an alert that waits")))
            for number, text in stored
        )

    def told(self, receiver: str) -> Mapping[str, Alert]:
        stored = self._connection.execute("SELECT key, alert FROM told WHERE receiver = ? ORDER BY at", (receiver,))
        return {key: queries.loaded(ALERT.load, text, "an alert that was told") for key, text in stored}

    def put(self, notices: Iterable[Notice], before: Waiting) -> Waiting:
        """Appends them; past the capacity the least important give way."""
        counts, gave_way, newest = Counter(before.counts), Counter(before.gave_way), before.newest
        for notice in notices:
            alert = replace(notice.alert, key=codec.storable(notice.alert.key))
            values = (codec.storable(notice.receiver), _importance(alert), ALERT.dump(alert))
            newest = self._connection.execute(_PUT, values).lastrowid or newest
            counts[notice.receiver] += 1
            if counts.total() > CAPACITY:
                ((crowded, _),) = counts.most_common(1)
                self._drop_least(crowded)
                counts[crowded] -= 1
                gave_way[crowded] += 1
        return Waiting(newest, MappingProxyType(+counts), MappingProxyType(gave_way))

    def _drop_least(self, receiver: str) -> None:
        self._connection.execute(
            "DELETE FROM outbox WHERE id = (SELECT id FROM outbox WHERE receiver = ? ORDER BY importance, id LIMIT 1)",
            (receiver,),
        )

    def take(self, queued: Sequence[Queued], before: Waiting) -> Waiting:
        """What was delivered: removes it and notes who knows of what."""
        for one in queued:
            receiver, alert = one.notice.receiver, one.notice.alert
            key = codec.storable(alert.key)
            if not alert.lasts:
                self._connection.execute("DELETE FROM told WHERE receiver = ? AND key = ?", (receiver, key))
            else:
                self._connection.execute(_TOLD, (receiver, key, alert.at, ALERT.dump(alert)))
        return self.throw_away(queued, before)

    def throw_away(self, queued: Sequence[Queued], before: Waiting) -> Waiting:
        counts = Counter(before.counts)
        for one in queued:
            done = self._connection.execute("DELETE FROM outbox WHERE id = ?", (one.id,))
            counts[one.notice.receiver] -= done.rowcount
        return Waiting(before.newest, MappingProxyType(+counts), before.gave_way)

    def forget_others(self, receivers: Collection[str], before: Waiting) -> tuple[Waiting, Mapping[str, int]]:
        lost = {receiver: count for receiver, count in before.counts.items() if receiver not in receivers}
        known = {receiver for (receiver,) in self._connection.execute("SELECT DISTINCT receiver FROM told")}
        for receiver in (lost.keys() | known) - set(receivers):
            self._connection.execute("DELETE FROM outbox WHERE receiver = ?", (receiver,))
            self._connection.execute("DELETE FROM told WHERE receiver = ?", (receiver,))
        counts = {receiver: count for receiver, count in before.counts.items() if receiver in receivers}
        return Waiting(before.newest, MappingProxyType(counts), before.gave_way), lost

    def forget_told(self, before: float) -> None:
        """Whoever heard of an alert before this time (Unix seconds) and nothing since."""
        self._connection.execute("DELETE FROM told WHERE at < ?", (before,))


def _importance(alert: Alert) -> int:
    return _OF_RESOLUTIONS if alert.resolved else _IMPORTANCE[alert.severity]
