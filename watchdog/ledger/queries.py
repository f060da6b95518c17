"""What writer and readers ask the database. Each raises sqlite3.Error, and LedgerError for content that is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from watchdog.codecs.deployments import DEPLOYMENT
from watchdog.codecs.records import INCIDENT, RECORD
from watchdog.errors import UnknownDeployment, UnknownIncident
from watchdog.ledger import codec
from watchdog.ledger.failures import unreadable
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Incident, Row, ServiceRecord

_T = TypeVar("_T")

ROW: Final = "seq, hash, at, kind, subject, sentence, incident, payload"
"""The columns that `codec.load_row` reads."""


class Head(NamedTuple):
    """The newest row; GENESIS under number 0 before the first."""

    seq: int
    hash: str


def head(connection: sqlite3.Connection) -> Head:
    newest = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return _head(newest, "its newest row cannot be read") if newest else checkpoint(connection)


def checkpoint(connection: sqlite3.Connection) -> Head:
    """The last row that retention removed."""
    found = connection.execute("SELECT through, hash FROM checkpoint").fetchall()
    return _head(found[0] if len(found) == 1 else None, "its checkpoint is gone or cannot be read")


def records(connection: sqlite3.Connection) -> MappingProxyType[ServiceKey, ServiceRecord]:
    stored = connection.execute("SELECT record FROM services ORDER BY service")
    found = [loaded(RECORD.load, text, "a service's record") for (text,) in stored]
    return MappingProxyType({record.service: record for record in found})


def incidents(connection: sqlite3.Connection, limit: int) -> tuple[Incident, ...]:
    """Newest first."""
    stored = connection.execute("SELECT incident FROM incidents ORDER BY id DESC LIMIT ?", (limit,))
    return tuple(loaded(INCIDENT.load, text, "an incident") for (text,) in stored)


def open_incidents(connection: sqlite3.Connection) -> tuple[Incident, ...]:
    """Newest first."""
    stored = connection.execute("SELECT incident FROM incidents WHERE closed_at IS NULL ORDER BY id DESC")
    return tuple(loaded(INCIDENT.load, text, "an incident") for (text,) in stored)


def timeline(connection: sqlite3.Connection, incident: int) -> tuple[Incident, tuple[Row, ...]]:
    """An incident and its rows, oldest first; UnknownIncident when there is none by that number."""
    with read_transaction(connection):
        found = connection.execute("SELECT incident FROM incidents WHERE id = ?", (incident,)).fetchone()
        if found is None:
            raise UnknownIncident(f"There is no incident {incident}: `watchdog incidents` lists those that are kept")
        stored = connection.execute(f"SELECT {ROW} FROM entries WHERE incident = ? ORDER BY seq", (incident,))  # noqa: S608 - a constant
        return loaded(INCIDENT.load, found[0], "an incident"), _rows(stored)


def kept(connection: sqlite3.Connection, kind: str) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM kept WHERE kind = ? ORDER BY key", (kind,)))


def open_deployments(connection: sqlite3.Connection) -> tuple[Deployment, ...]:
    return _deployments(connection, "WHERE ended_at IS NULL ORDER BY id", ())


def deployments(connection: sqlite3.Connection, limit: int) -> tuple[Deployment, ...]:
    """Newest first."""
    return _deployments(connection, "ORDER BY id DESC LIMIT ?", (limit,))


def _deployments(connection: sqlite3.Connection, which: str, values: tuple[int, ...]) -> tuple[Deployment, ...]:
    found = connection.execute(f"SELECT deployment FROM deployments {which}", values)  # noqa: S608 - constants
    return tuple(loaded(DEPLOYMENT.load, text, "a deployment") for (text,) in found)


def specs_of_open_deployments(connection: sqlite3.Connection) -> set[str]:
    return {before.spec_id for one in open_deployments(connection) for before in one.before}


def deployment(connection: sqlite3.Connection, number: int) -> tuple[Deployment, tuple[Row, ...]]:
    """A deployment with its rows, and those of the services that it touched while it went on, oldest first."""
    with read_transaction(connection):
        found = _deployments(connection, "WHERE id = ?", (number,))
        if not found:
            raise UnknownDeployment(
                f"There is no deployment {number}: `watchdog deployments` lists those that are kept"
            )
        own = "kind = 'deployment' AND subject = :subject"
        subject = found[0].subject
        bounds = connection.execute(f"SELECT min(seq), max(seq) FROM entries WHERE {own}", {"subject": subject})  # noqa: S608 - a constant
        first, last = bounds.fetchone()
        services = {f"s{at}": service for at, service in enumerate(found[0].touched)}
        places = ", ".join(f":{name}" for name in services)
        stored = connection.execute(
            f"SELECT {ROW} FROM entries WHERE seq BETWEEN :first AND :last AND ({own} OR subject IN ({places})) "  # noqa: S608 - names of places
            "ORDER BY seq",
            {"first": first, "last": last, "subject": subject, **services},
        )
        return found[0], _rows(stored)


def pending_intents(connection: sqlite3.Connection) -> tuple[Row, ...]:
    """Intents whose outcome is not known, oldest first."""
    return _rows(connection.execute(f"SELECT {ROW} FROM entries JOIN pending_intents USING (seq) ORDER BY seq"))  # noqa: S608 - a constant


def renamed_by_us(connection: sqlite3.Connection, named: Mapping[str, str]) -> set[str]:
    """Of containers, full ID → name, those that an intent or step names whose name an intent of this ledger gave."""
    wanted = (
        "SELECT EXISTS (SELECT 1 FROM entries WHERE kind = 'intent' AND instr(payload, :name)) AND EXISTS "
        "(SELECT 1 FROM entries WHERE kind IN ('intent', 'step') AND json_extract(payload, '$.container') = :id)"
    )
    return {
        container
        for container, name in named.items()
        if connection.execute(wanted, {"id": container, "name": name}).fetchone()[0]
    }


def last_attempt(connection: sqlite3.Connection, subject: str) -> tuple[Row, ...]:
    """The newest intent of a service and all of its rows since, oldest first."""
    newest = "SELECT max(seq) FROM entries WHERE subject = :subject AND kind = 'intent'"
    wanted = f"SELECT {ROW} FROM entries WHERE subject = :subject AND seq >= ({newest}) ORDER BY seq"  # noqa: S608 - constants
    return _rows(connection.execute(wanted, {"subject": subject}))


def loaded(loader: Callable[[Any], _T], stored: Any, what: str) -> _T:
    """What was stored, by the loader of its codec; raises LedgerError when it is damaged."""
    try:
        return loader(stored)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise unreadable("The ledger", f"{what} cannot be read") from error


@contextmanager
def read_transaction(connection: sqlite3.Connection) -> Generator[None]:
    """One state of the database for several questions, whatever is written meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def _head(stored: tuple[Any, ...] | None, damage: str) -> Head:
    match stored:
        case (int(seq), str(digest)):
            return Head(seq, digest)
        case _:
            raise unreadable("The ledger", damage)


def _rows(stored: sqlite3.Cursor) -> tuple[Row, ...]:
    return tuple(loaded(codec.load_row, columns, f"row {columns[0]}") for columns in stored)
