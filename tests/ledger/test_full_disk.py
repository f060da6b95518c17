"""Fault 28: the disk under the ledger is full."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ledger.samples import change, entry, full_record, opened
from watchdog.errors import LedgerFull
from watchdog.ledger import Ledger, LedgerReader, read_json, write_json
from watchdog.model.record import EntryKind


def fill(disk: Path) -> Path:
    """Takes every byte that is left."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096) == 4096:
                pass
        except OSError:
            pass
    return filler


async def until_full(ledger: Ledger) -> str:
    """Appends what is not vital until it is refused; the head of the last row that was accepted."""
    head = ledger.head
    for _ in range(2000):
        try:
            (row,) = await ledger.append(change(entry("x" * 1000)))
        except LedgerFull:
            return head
        head = row.hash
    raise AssertionError("never full")


async def test_what_is_vital_is_recorded_on_a_full_disk_and_nothing_else_until_there_is_space(
    small_disk: Callable[[str], Path],
) -> None:
    disk = small_disk("6m")
    async with opened(disk / "state") as ledger:
        await ledger.append(change(entry()))
        filler = fill(disk)
        head = await until_full(ledger)
        assert ledger.head == head
        assert ledger.records == {}

        (intent,) = await ledger.append(
            change(entry("start webui", kind=EntryKind.INTENT), records=[full_record()], vital=True)
        )
        assert not (disk / "state" / "reserve").exists()
        with pytest.raises(LedgerFull):
            await ledger.append(change(entry("not vital")))
        await ledger.append(change(entry("webui runs", kind=EntryKind.OUTCOME, intent=intent.seq), vital=True))
        head = ledger.head

        filler.unlink()
        await ledger.append(change(entry("not vital")))
        assert (disk / "state" / "reserve").stat().st_blocks * 512 >= 1024 * 1024
        with LedgerReader.open(disk / "state") as reader:
            assert reader.verify(head).intact
            assert reader.records() == ledger.records


async def test_the_reserve_lasts_for_hundreds_of_vital_rows(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("6m")
    async with opened(disk / "state") as ledger:
        await ledger.append(change(entry()))
        fill(disk)
        await until_full(ledger)
        for _ in range(300):
            await ledger.append(change(entry("start webui"), records=[full_record()], vital=True))
    async with opened(disk / "state") as again:
        assert again.head == ledger.head


async def test_when_the_reserve_is_used_up_even_the_vital_is_refused_whole(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("6m")
    async with opened(disk / "state") as ledger:
        fill(disk)
        await until_full(ledger)
        refused = 0
        for _ in range(100):
            head = ledger.head
            try:
                await ledger.append(change(entry("x" * 100_000), records=[full_record()], vital=True))
            except LedgerFull:
                refused += 1
                assert ledger.head == head
        assert 0 < refused < 100, "some fit into the reserve"
        with LedgerReader.open(disk / "state") as reader:
            assert reader.verify(ledger.head).intact
            assert reader.head() == ledger.head


async def test_a_daemon_that_starts_on_a_full_disk_can_record_what_is_vital(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("6m")
    async with opened(disk / "state") as ledger:
        await ledger.append(change(entry(at=0.0)))
    fill(disk)
    async with opened(disk / "state", now=10_000.0, retention=100.0) as ledger:
        with pytest.raises(LedgerFull):
            await ledger.append(change(entry()))
        await ledger.append(change(entry(), vital=True))
        with LedgerReader.open(disk / "state") as reader:
            assert reader.verify(ledger.head).intact


async def test_a_first_start_on_a_full_disk_says_so(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("64k")
    fill(disk)
    with pytest.raises(LedgerFull, match=r"No space left for .*state.*: free some"):
        async with opened(disk / "state"):
            pass


def test_a_snapshot_that_does_not_fit_leaves_the_old_one(small_disk: Callable[[str], Path]) -> None:
    disk = small_disk("1m")
    path = disk / "recovery-state.json"
    write_json(path, {"services": 1})
    fill(disk)
    with pytest.raises(LedgerFull):
        write_json(path, {"services": "x" * 100_000})
    assert read_json(path) == {"services": 1}
    assert sorted(path.name for path in disk.iterdir()) == ["filler", "recovery-state.json"]
