"""Retention removes what is old, keeps what is needed, and leaves a chain that can be checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ledger.samples import DAY, SECRET, WEBUI, baseline, change, entry, incident, opened, spec
from watchdog.errors import LedgerError, UnknownIncident
from watchdog.ledger import LedgerReader
from watchdog.model.record import EntryKind, ServiceRecord


async def test_old_rows_leave_and_the_chain_stays_intact(state: Path) -> None:
    async with opened(state, now=0.0, retention=10 * DAY) as ledger:
        old = [(await ledger.append(change(entry(at=n * DAY))))[0] for n in range(20)]
        await ledger.compact(20 * DAY)
        with LedgerReader.open(state) as reader:
            assert reader.verify(None).rows == 11
            assert reader.verify(ledger.head).intact
            assert reader.verify(old[10].hash).intact, "a row that is kept is an anchor"
            assert reader.verify(old[9].hash).intact, "so is the last that was removed"
            older = reader.verify(old[3].hash)
            assert not older.intact
            assert "or it is older than row 10" in older.sentence
        await ledger.append(change(entry(at=20 * DAY)))
    async with opened(state, now=40 * DAY, retention=10 * DAY) as ledger:
        with LedgerReader.open(state) as reader:
            assert reader.verify(ledger.head).rows == 1, "opening applies the retention; only the checkpoint is left"


async def test_nothing_old_means_nothing_written(state: Path) -> None:
    async with opened(state, retention=DAY) as ledger:
        await ledger.append(change(entry(at=1000.0)))
        head = ledger.head
        await ledger.compact(1000.0 + DAY)
        assert ledger.head == head


async def test_more_rows_than_a_batch_leave_in_several(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        for _ in range(13):
            await ledger.append(change(*(entry(at=0.0) for _ in range(1000))))
        await ledger.compact(2 * DAY)
        with LedgerReader.open(state) as reader:
            verified = reader.verify(ledger.head)
            assert verified.intact
            assert verified.rows == 3, "a checkpoint for each batch"


async def test_an_intent_without_an_outcome_is_kept_with_all_that_follows(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        await ledger.append(change(entry(at=0.0), entry(at=0.0)))
        (intent,) = await ledger.append(change(entry("start webui", at=0.0, kind=EntryKind.INTENT)))
        await ledger.append(change(entry(at=0.0)))
        await ledger.compact(5 * DAY)
        assert await ledger.pending_intents() == (intent,)
        with LedgerReader.open(state) as reader:
            assert reader.verify(intent.hash).rows == 3


async def test_specs_of_baselines_stay_and_others_leave_with_their_rows(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        record = ServiceRecord(service=WEBUI, baselines=(baseline("used"),))
        await ledger.append(change(entry(at=0.0), records=[record], specs=[spec("used"), spec("unused")]))
        await ledger.append(change(entry(at=5 * DAY), specs=[spec("young")]))
        await ledger.compact(5 * DAY)
        assert await ledger.spec("used") == spec("used")
        assert await ledger.spec("young") == spec("young")
        with pytest.raises(LedgerError, match="is not in"):
            await ledger.spec("unused")


async def test_a_removed_spec_leaves_no_secret_behind(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        await ledger.append(change(entry(at=0.0), specs=[spec("unused")]))
    async with opened(state, now=5 * DAY, retention=DAY):
        pass
    assert SECRET.encode() not in (state / "ledger.db").read_bytes()


async def test_closed_incidents_leave_with_their_rows_and_their_numbers_are_not_used_again(state: Path) -> None:
    async with opened(state, now=0.0, retention=DAY) as ledger:
        incidents = [incident(1, closed_at=10.0), incident(2), incident(3, closed_at=10.0)]
        await ledger.append(change(*(entry(at=0.0, incident=n) for n in (1, 2, 3)), incidents=incidents))
        await ledger.compact(5 * DAY)
        with pytest.raises(UnknownIncident):
            await ledger.timeline(1)
        assert await ledger.timeline(2) == (incident(2), ())
        assert [found.id for found in await ledger.incidents(9)] == [3, 2]
    async with opened(state, now=5 * DAY) as ledger:
        assert ledger.next_incident() == 4
