"""Opening a ledger: who may read its files, and one sentence for all that can be wrong with the place."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ledger.samples import change, entry, full_record, opened
from watchdog.errors import LedgerError, NoLedger
from watchdog.ledger import LedgerReader


@pytest.fixture
def permissive_umask() -> Iterator[None]:
    old = os.umask(0)
    yield
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("permissive_umask")
async def test_directory_and_files_are_for_their_owner_only_under_any_umask(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry()))
        assert mode(state) == 0o700
        assert {path.name: mode(path) for path in state.iterdir()} == {
            "ledger.db": 0o600,
            "ledger.db-wal": 0o600,
            "ledger.db-shm": 0o600,
            "reserve": 0o600,
        }


async def test_an_empty_directory_and_files_that_were_open_to_others_are_closed(state: Path) -> None:
    state.mkdir(mode=0o755)
    async with opened(state):
        assert mode(state) == 0o700
    state.chmod(0o755)
    (state / "ledger.db").chmod(0o644)
    (state / "reserve").chmod(0o644)
    async with opened(state):
        assert mode(state) == 0o700
        assert {mode(path) for path in state.iterdir()} == {0o600}


async def test_a_directory_with_other_things_in_it_is_not_closed_to_others(state: Path) -> None:
    state.mkdir(mode=0o755)
    (state / "lib").mkdir()
    with pytest.raises(LedgerError, match=rf"{state} is open to others and holds files.*\[state\] dir"):
        async with opened(state):
            pass
    assert mode(state) == 0o755
    assert [path.name for path in state.iterdir()] == ["lib"]


async def test_a_directory_of_another_user_that_is_open_is_refused(state: Path) -> None:
    state.mkdir(mode=0o777)
    os.chown(state, 65534, 65534)
    with pytest.raises(LedgerError, match="belongs to another user"):
        async with opened(state):
            pass


async def test_a_file_in_the_place_of_the_directory_is_named(state: Path) -> None:
    state.write_text("")
    with pytest.raises(LedgerError, match=rf"{state} is not a directory"):
        async with opened(state):
            pass
    with pytest.raises(LedgerError, match="is not a directory"):
        async with opened(state / "below"):
            pass
    with pytest.raises(LedgerError, match=rf"{state}/ledger.db: a part of this path is not a directory"):
        LedgerReader.open(state)


async def test_a_read_only_disk_is_named_and_its_ledger_can_still_be_read(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("8m")
    async with opened(disk / "state") as ledger:
        await ledger.append(change(entry(), records=[full_record()]))
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for directory in (disk / "state", disk / "new"):
        with pytest.raises(LedgerError, match=r"read-only.*\[state\] dir"):
            async with opened(directory):
                pass
    with LedgerReader.open(disk / "state") as reader:
        assert reader.verify(ledger.head).intact
        assert reader.records() == {full_record().service: full_record()}


async def test_a_ledger_of_another_version_is_left_alone(state: Path) -> None:
    async with opened(state):
        pass
    with sqlite3.connect(state / "ledger.db") as database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    database.close()
    with pytest.raises(LedgerError, match=r"made by another version of watchdog \(schema 99, this one has 3\)"):
        async with opened(state):
            pass
    with pytest.raises(LedgerError, match="another version"):
        LedgerReader.open(state)


async def test_a_database_of_something_else_is_left_alone(state: Path) -> None:
    state.mkdir(mode=0o700)
    with sqlite3.connect(state / "ledger.db") as database:
        database.execute("CREATE TABLE songs (title TEXT)")
    database.close()
    with pytest.raises(LedgerError, match="no ledger of watchdog's"):
        async with opened(state):
            pass
    with sqlite3.connect(state / "ledger.db") as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]
    database.close()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be one" * 20, b"SQLite format 3\0" + b"\xff" * 4096]
)
async def test_a_damaged_file_is_named_with_what_to_do(state: Path, content: bytes) -> None:
    state.mkdir(mode=0o700)
    (state / "ledger.db").write_bytes(content)
    with pytest.raises(LedgerError, match=r"ledger\.db is damaged .*restore a backup"):
        async with opened(state):
            pass
    assert (state / "ledger.db").read_bytes() == content
    with pytest.raises(LedgerError, match="damaged"):
        LedgerReader.open(state)


async def test_a_ledger_cut_in_half_is_found_and_not_made_anew(state: Path) -> None:
    async with opened(state) as ledger:
        for _ in range(50):
            await ledger.append(change(entry("x" * 500), records=[full_record()]))
    path = state / "ledger.db"
    size = path.stat().st_size
    os.truncate(path, size // 2)
    with pytest.raises(LedgerError):
        async with opened(state) as broken:
            await broken.append(change(entry()))
    assert path.stat().st_size <= size


async def test_a_record_that_was_edited_into_nonsense_is_named(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(records=[full_record()]))
    with sqlite3.connect(state / "ledger.db") as database:
        database.execute("UPDATE services SET record = '{}'")
    database.close()
    with pytest.raises(LedgerError, match="a service's record cannot be read"):
        async with opened(state):
            pass


async def test_a_file_left_empty_by_a_death_at_the_first_start_becomes_a_ledger(state: Path) -> None:
    state.mkdir(mode=0o700)
    (state / "ledger.db").touch()
    with pytest.raises(NoLedger, match="There is no ledger"):
        LedgerReader.open(state)
    async with opened(state) as ledger:
        await ledger.append(change(entry()))


async def test_where_nothing_was_written_there_is_no_ledger_and_reading_makes_none(state: Path) -> None:
    with pytest.raises(NoLedger, match=rf"There is no ledger in {state}: start `watchdog run`"):
        LedgerReader.open(state)
    assert not state.exists()
