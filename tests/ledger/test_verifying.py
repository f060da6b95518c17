"""Fault 29: whatever is changed in the ledger, `verify` finds it and says which row."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.ledger.samples import DAY, change, entry, full_record, incident, opened
from watchdog.errors import InvalidAnchor, LedgerError
from watchdog.ledger import LedgerReader, Verification
from watchdog.ledger.chain import canonical, row_hash, sha256
from watchdog.model.record import EntryKind

FIRST, LAST = 6, 21
"""The rows of the written ledger: retention removed five, and row 16 says so."""


@dataclass(frozen=True)
class Written:
    state: Path
    head: str


@pytest.fixture(scope="module")
def written() -> Iterator[Written]:
    with tempfile.TemporaryDirectory() as place:
        state = Path(place) / "state"
        yield Written(state, asyncio.run(write(state)))


async def write(state: Path) -> str:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        for n in range(5):
            await ledger.append(change(entry(f"old {n}", at=float(n))))
        for n in range(10):
            at = 3 * DAY + n + 0.25
            await ledger.append(
                change(entry(f"webui answers {n}", at=at, incident=n % 3 or None, status=200 + n, note="ä"))
            )
        await ledger.compact(3 * DAY)
        (intent,) = await ledger.append(change(entry("start webui", at=3 * DAY, kind=EntryKind.INTENT)))
        await ledger.append(change(entry("recovered", at=3 * DAY, kind=EntryKind.OUTCOME, intent=intent.seq)))
        await ledger.append(change(entry("start db", at=3 * DAY, kind=EntryKind.INTENT), records=[full_record()]))
        await ledger.append(change(entry("db", at=3 * DAY), incidents=[incident(1), incident(2)]))
        await ledger.append(change(entry("last", at=3 * DAY)))
        return ledger.head


@dataclass
class Copy:
    """A copy of the written ledger that may be changed."""

    state: Path

    def change(self, statement: str, *values: str | float | bytes | None) -> int:
        database = sqlite3.connect(self.state / "ledger.db", isolation_level=None)
        try:
            return database.execute(statement, values).rowcount
        finally:
            database.close()

    def verify(self, anchor: str | None = None) -> Verification:
        with LedgerReader.open(self.state) as reader:
            return reader.verify(anchor)


def copied(written: Written, place: str) -> Copy:
    state = Path(place) / "state"
    shutil.copytree(written.state, state)
    return Copy(state)


@pytest.fixture
def copy(written: Written, tmp_path: Path) -> Copy:
    return copied(written, str(tmp_path))


def test_an_untouched_ledger_is_intact_and_says_its_head(written: Written, copy: Copy) -> None:
    found = copy.verify(written.head)
    assert found.intact
    assert (found.rows, found.head, found.first_bad) == (LAST - FIRST + 1, written.head, None)
    assert found.sentence == f"The ledger is intact and holds the anchor: rows 6 to 21, head {written.head}."


@pytest.mark.parametrize(
    ("statement", "first_bad"),
    [
        ("UPDATE entries SET sentence = 'all was well' WHERE seq = 9", 9),
        ("UPDATE entries SET payload = replace(payload, '20', '50') WHERE seq = 9", 9),
        ("UPDATE entries SET payload = '{}', payload_hash = '44136fa355b3678a' WHERE seq = 9", 9),
        ("UPDATE entries SET incident = NULL WHERE seq = 8", 8),
        ("UPDATE entries SET hash = upper(hash) WHERE seq = 9", 9),
        ("DELETE FROM entries WHERE seq = 9", 9),
        ("DELETE FROM entries WHERE seq = 6", 6),
        ("DELETE FROM entries WHERE seq < 9", 6),
        ("UPDATE entries SET seq = -seq WHERE seq = 21", 6),
        (
            "INSERT INTO entries SELECT 5, hash, at, kind, subject, '', 1, payload, payload_hash FROM entries LIMIT 1",
            6,
        ),
        ("UPDATE checkpoint SET through = 0", 1),
        ("UPDATE checkpoint SET hash = replace(hash, '1', '2')", 6),
        ("UPDATE entries SET kind = 'health' WHERE kind = 'checkpoint'", 16),
    ],
)
def test_the_first_bad_row_is_named(copy: Copy, statement: str, first_bad: int) -> None:
    assert copy.change(statement) >= 1
    found = copy.verify()
    assert not found.intact
    assert found.first_bad == first_bad
    assert f"row {first_bad} " in found.sentence
    assert found.rows == max(0, first_bad - FIRST)


def test_rows_that_changed_places_are_found(copy: Copy) -> None:
    copy.change("UPDATE entries SET seq = 1000 WHERE seq = 9")
    copy.change("UPDATE entries SET seq = 9 WHERE seq = 10")
    copy.change("UPDATE entries SET seq = 10 WHERE seq = 1000")
    assert copy.verify().first_bad == 9


def test_rows_cut_off_the_beginning_are_found_though_the_checkpoint_was_forged_to_fit(copy: Copy) -> None:
    copy.change("UPDATE checkpoint SET through = 8, hash = (SELECT hash FROM entries WHERE seq = 8)")
    copy.change("DELETE FROM entries WHERE seq <= 8")
    found = copy.verify()
    assert not found.intact
    assert "rows up to 8 are gone, and no row says that retention removed them" in found.sentence


@pytest.mark.parametrize("cut", [21, 20, 17, 6])
def test_a_cut_at_the_end_is_found_against_an_anchor(written: Written, copy: Copy, cut: int) -> None:
    copy.change("DELETE FROM pending_intents WHERE seq >= ?", cut)
    copy.change("DELETE FROM entries WHERE seq >= ?", cut)
    found = copy.verify(written.head)
    assert not found.intact
    if cut > 16:
        assert copy.verify().intact, "without an anchor a cut cannot be seen"
        assert f"the anchor {written.head} is none of its rows" in found.sentence


def test_an_older_copy_put_back_is_found_against_a_newer_anchor(tmp_path: Path) -> None:
    async def roll_back() -> str:
        async with opened(tmp_path / "state") as ledger:
            await ledger.append(change(entry()))
        shutil.copytree(tmp_path / "state", tmp_path / "old")
        async with opened(tmp_path / "state") as ledger:
            await ledger.append(change(entry()))
            return ledger.head

    anchor = asyncio.run(roll_back())
    assert Copy(tmp_path / "state").verify(anchor).intact
    assert not Copy(tmp_path / "old").verify(anchor).intact


def test_a_row_that_was_rewritten_with_a_fitting_hash_is_found_by_the_next_row_or_an_anchor(
    written: Written, copy: Copy
) -> None:
    with LedgerReader.open(copy.state) as reader:
        _, rows = reader.timeline(1)
    row = rows[0]
    forged = row_hash(
        seq=row.seq,
        previous="0" * 64,
        at=row.entry.at,
        kind="health",
        subject="shop/webui",
        sentence="all was well",
        incident=1,
        payload_hash=sha256(canonical({})),
    )
    copy.change("UPDATE entries SET hash = ?, sentence = 'all was well' WHERE seq = ?", forged, row.seq)
    assert copy.verify(written.head).first_bad == row.seq


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM pending_intents", "its list of intents without an outcome is not what its rows say of 19"),
        ("INSERT INTO pending_intents VALUES (17)", "of 17"),
        ("UPDATE services SET record = 'x'", "a service's record cannot be read"),
        ("UPDATE incidents SET incident = '{}' WHERE id = 1", "an incident cannot be read"),
        ("DELETE FROM checkpoint", "its checkpoint is gone or cannot be read"),
    ],
)
def test_tables_that_do_not_fit_the_chain_are_found(copy: Copy, statement: str, sentence: str) -> None:
    copy.change(statement)
    found = copy.verify()
    assert not found.intact
    assert sentence in found.sentence


@pytest.mark.parametrize("anchor", ["", "abc", "g" * 64, "0" * 65, "F" * 64])
def test_an_anchor_that_is_no_hash_is_a_wrong_argument(copy: Copy, anchor: str) -> None:
    with pytest.raises(InvalidAnchor, match="64 hexadecimal digits") as caught:
        copy.verify(anchor)
    assert caught.value.exit_code == 64


COLUMNS = ["hash", "at", "kind", "subject", "sentence", "incident", "payload", "payload_hash"]


@settings(max_examples=150, deadline=None)
@given(seq=st.integers(FIRST, LAST), column=st.sampled_from(COLUMNS), place=st.integers(0, 200), bit=st.integers(0, 6))
def test_a_single_bit_changed_in_any_field_is_found_in_its_row(
    written: Written, seq: int, column: str, place: int, bit: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        copy = copied(written, directory)
        database = sqlite3.connect(copy.state / "ledger.db")
        (value,) = database.execute(f"SELECT {column} FROM entries WHERE seq = ?", (seq,)).fetchone()  # noqa: S608 - a constant
        database.close()
        match value:
            case str():
                raw = bytearray(value.encode())
                raw[place % len(raw)] ^= 1 << bit
                changed = bytes(raw)
                copy.change(f"UPDATE entries SET {column} = CAST(? AS TEXT) WHERE seq = ?", changed, seq)  # noqa: S608 - a constant
            case None:
                copy.change(f"UPDATE entries SET {column} = ? WHERE seq = ?", place, seq)  # noqa: S608 - a constant
            case _:
                copy.change(f"UPDATE entries SET {column} = {column} + ? WHERE seq = ?", 2.0**bit, seq)  # noqa: S608 - a constant
        found = copy.verify(written.head)
        assert not found.intact
        assert found.first_bad == seq


@settings(max_examples=150, deadline=None)
@given(fraction=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@example(fraction=0.0625, bit=7)  # in the text of the schema: SQLite's message is no text either
def test_a_single_bit_changed_in_the_file_is_found_or_changes_nothing_that_is_read(
    written: Written, fraction: float, bit: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        copy = copied(written, directory)
        path = copy.state / "ledger.db"
        raw = bytearray(path.read_bytes())
        raw[int(fraction * len(raw))] ^= 1 << bit
        path.write_bytes(raw)
        try:
            found = copy.verify(written.head)
        except LedgerError:
            return
        if found.intact:
            assert found.head == written.head
            assert found.rows == LAST - FIRST + 1


def test_no_field_can_lend_a_character_to_its_neighbour() -> None:
    fields = {"seq": 1, "previous": "0" * 64, "at": 1.0, "kind": "health", "incident": 1, "payload_hash": "aa"}
    one = row_hash(**fields, subject='ab","c', sentence="d")  # pyright: ignore[reportArgumentType]  # a dict of several types
    two = row_hash(**fields, subject="ab", sentence='c","d')  # pyright: ignore[reportArgumentType]  # a dict of several types
    assert one != two


def test_the_hash_is_the_documented_formula() -> None:
    text = '[7,"' + "0" * 64 + '",1.5,"health","shop/webui","caf\\u00e9",null,"' + sha256('{"a":[1,null],"b":2}') + '"]'
    assert sha256(text) == row_hash(
        seq=7,
        previous="0" * 64,
        at=1.5,
        kind="health",
        subject="shop/webui",
        sentence="café",
        incident=None,
        payload_hash=sha256(canonical({"b": 2, "a": [1, None]})),
    )
