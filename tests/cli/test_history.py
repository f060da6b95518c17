from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from watchdog.ledger import Ledger
from watchdog.model.change import Change
from watchdog.model.health import Cause
from watchdog.model.record import Entry, EntryKind, Incident, Severity

NOW = 1_700_000_000.0


@pytest.fixture
def head(home: Path) -> str:
    """The head of a ledger with open incidents 1 and 3 and a closed one 2, written by a daemon that is gone."""

    async def write() -> str:
        ledger = await Ledger.open(home / "state", key_file=None, now=NOW, retention=86400.0)
        for closed_at in (None, NOW + 10, None):
            number = ledger.next_incident()
            incident = Incident(
                id=number,
                subject="shop/webui",
                cause=Cause.MISSING,
                severity=Severity.CRITICAL,
                summary=f"webui was removed, {number}",
                failed_at=NOW,
                detected_at=NOW + 0.01,
                recovered_at=closed_at,
                closed_at=closed_at,
            )
            opened = Entry(
                at=NOW, kind=EntryKind.INCIDENT_OPENED, subject="shop/webui", sentence="webui is gone", incident=number
            )
            await ledger.append(Change(entries=[opened], incidents=[incident]))
        written = ledger.head
        await ledger.close()
        return written

    return asyncio.run(write())


def test_without_a_daemon_incidents_are_read_from_the_ledger(run: Run, head: str) -> None:
    assert head
    assert [found["id"] for found in json.loads(run("incidents", "--json").out)] == [3, 2, 1]
    assert [found["id"] for found in json.loads(run("incidents", "--json", "--open").out)] == [3, 1]
    assert [found["id"] for found in json.loads(run("incidents", "--json", "--limit", "1").out)] == [3]
    assert [found["id"] for found in json.loads(run("incidents", "--json", "--open", "--limit", "1").out)] == [3]


def test_without_a_daemon_the_timeline_is_read_from_the_ledger(run: Run, head: str) -> None:
    ended = run("show", "3")
    assert ended.code == 0
    assert "webui was removed, 3" in ended.out
    assert head[:12] in ended.out


def test_an_unknown_incident_of_the_ledger_is_a_64(run: Run, head: str) -> None:
    assert head
    ended = run("show", "99")
    assert (ended.code, len(ended.err.splitlines())) == (64, 1)


def test_an_intact_ledger_is_a_0_with_and_without_an_anchor(run: Run, head: str) -> None:
    ended = run("ledger", "verify")
    assert ended.code == 0
    assert head in ended.out
    found = json.loads(run("ledger", "verify", "--anchor", head, "--json").out)
    assert found == {"intact": True, "rows": 3, "head": head, "first_bad": None}


def test_an_anchor_that_is_none_of_its_rows_is_a_1(run: Run, head: str) -> None:
    assert run("ledger", "verify", "--anchor", head[::-1]).code == 1


def test_an_edited_row_is_named_and_a_1(run: Run, home: Path, head: str) -> None:
    assert head
    (database,) = (path for path in (home / "state").iterdir() if path.read_bytes()[:15] == b"SQLite format 3")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE entries SET sentence = 'all was well' WHERE seq = 2")
    ended = run("ledger", "verify")
    assert ended.code == 1
    assert "row 2" in ended.out
    assert json.loads(run("ledger", "verify", "--json").out)["first_bad"] == 2


@pytest.mark.parametrize("command", [("incidents",), ("show", "1"), ("ledger", "verify")])
def test_without_daemon_and_ledger_a_sentence_says_so(run: Run, command: tuple[str, ...]) -> None:
    ended = run(*command)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (1, "", 1)


def test_an_anchor_that_is_no_hash_is_wrong_usage(run: Run, head: str) -> None:
    assert head
    assert run("ledger", "verify", "--anchor", "nonsense").code == 64
