"""Readers beside the daemon, without it, and in the way of nobody."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.ledger.samples import DAY, WEBUI, change, entry, full_record, incident, opened
from watchdog.errors import LedgerError, UnknownIncident
from watchdog.ledger import LedgerReader
from watchdog.ledger.database import connect_read_only
from watchdog.ledger.store import Store


async def test_a_reader_sees_what_was_written_and_cannot_write(state: Path) -> None:
    async with opened(state) as ledger:
        (row,) = await ledger.append(change(entry(incident=1), records=[full_record()], incidents=[incident(1)]))
        with LedgerReader.open(state) as reader:
            assert reader.records() == {WEBUI: full_record()}
            assert reader.incidents(5) == reader.open_incidents() == (incident(1),)
            assert reader.timeline(1) == (incident(1), (row,))
            (later,) = await ledger.append(change(entry()))
            assert reader.head() == later.hash
            with pytest.raises(UnknownIncident):
                reader.timeline(2)


async def test_readers_in_other_threads_see_whole_transactions_while_rows_are_written_and_removed(state: Path) -> None:
    stop = threading.Event()
    seen: list[str] = []

    def read() -> int:
        rounds = 0
        while not stop.is_set() or rounds == 0:
            with LedgerReader.open(state) as reader:
                found = reader.verify(None)
            if not found.intact:
                seen.append(found.sentence)
            rounds += 1
        return rounds

    async with opened(state, now=0.0, retention=DAY) as ledger:
        await ledger.append(change(entry(at=0.0)))
        readers = [asyncio.create_task(asyncio.to_thread(read)) for _ in range(2)]
        for n in range(200):
            await ledger.append(change(entry(at=n * DAY), entry(at=n * DAY)))
            if n % 20 == 0:
                await ledger.compact(n * DAY)
        stop.set()
        assert min(await asyncio.gather(*readers)) >= 1
    assert seen == []


async def test_what_is_removed_between_two_looks_of_a_reader_is_still_there_for_it(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        (row,) = await ledger.append(change(entry(at=0.0, incident=1), incidents=[incident(1)]))
    store = Store.open(state, key_file=None)
    connection = connect_read_only(state)

    due = True

    def remove_before_rows_are_read(statement: str) -> None:
        nonlocal due
        if due and statement.startswith("SELECT seq, hash, at"):
            due = False
            assert store.compact(9 * DAY, DAY)

    connection.set_trace_callback(remove_before_rows_are_read)
    with LedgerReader(connection, state) as reader:
        assert reader.timeline(1) == (incident(1), (row,))
        store.append(change(entry(at=0.0)))
        due = True
        found = reader.verify(None)
        assert found.intact, found.sentence
    store.close()


async def test_a_ledger_that_was_left_by_a_stopped_daemon_can_be_read(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(), records=[full_record()]))
    with LedgerReader.open(state) as reader:
        assert reader.verify(ledger.head).intact
        assert WEBUI in reader.records()


async def test_an_anchor_of_a_ledger_without_rows_is_its_beginning(state: Path) -> None:
    async with opened(state) as ledger:
        with LedgerReader.open(state) as reader:
            assert reader.head() == ledger.head == "0" * 64
            assert reader.verify(ledger.head).sentence == (
                f"The ledger is intact and holds the anchor: no rows yet, head {ledger.head}."
            )


async def test_a_user_who_may_not_read_it_gets_a_sentence(state: Path) -> None:
    async with opened(state):
        pass
    program = (
        "import os, sys, pathlib; from watchdog.ledger import LedgerReader; os.setgid(65534); os.setuid(65534);\n"
        "try: LedgerReader.open(pathlib.Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program, state], check=True, capture_output=True, text=True)
    assert done.stdout.startswith("LedgerError")
    assert "permission denied" in done.stdout


async def test_a_row_that_was_edited_into_nonsense_is_named(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(incident=1), incidents=[incident(1)]))
        editor = sqlite3.connect(state / "ledger.db", isolation_level=None)
        editor.execute("UPDATE entries SET kind = 'fairy tale'")
        editor.close()
        with pytest.raises(LedgerError, match="row 1 cannot be read"):
            await ledger.timeline(1)
