"""What is appended is on the disk, can be read again, and is all or nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.ledger.samples import WEBUI, change, entry, full_record, incident, opened, spec
from tests.support.eventually import eventually
from watchdog.errors import LedgerError, UnknownIncident
from watchdog.ledger import LedgerReader
from watchdog.model.identity import ServiceKey
from watchdog.model.record import EntryKind, ServiceRecord


async def test_records_incidents_specs_and_rows_are_read_back_as_they_were_written(state: Path) -> None:
    async with opened(state) as ledger:
        rows = await ledger.append(
            change(
                entry("webui is missing", incident=3, kind=EntryKind.INCIDENT_OPENED, evidence=["gone", 1, None]),
                records=[full_record()],
                incidents=[incident(3)],
                specs=[spec()],
            )
        )
    async with opened(state) as ledger:
        assert ledger.records == {WEBUI: full_record()}
        assert ledger.head == rows[-1].hash
        assert await ledger.incidents(10) == (incident(3),)
        assert await ledger.timeline(3) == (incident(3), rows)
        kept = await ledger.spec(spec().id)
        assert kept == spec()
        assert list(kept.endpoints) == ["shop_front", "shop_back"], "the primary network comes first"


async def test_records_in_memory_follow_each_append_and_older_views_stay_as_they_were(state: Path) -> None:
    async with opened(state) as ledger:
        before = ledger.records
        await ledger.append(change(records=[ServiceRecord(service=WEBUI)]))
        await ledger.append(change(records=[ServiceRecord(service=WEBUI, container_id="c1")]))
        assert before == {}
        assert ledger.records[WEBUI].container_id == "c1"


async def test_an_append_that_cannot_be_written_changes_nothing(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry()))
        head = ledger.head
        with pytest.raises(ValueError, match="JSON"):
            await ledger.append(change(entry(), entry(score=float("nan")), records=[ServiceRecord(service=WEBUI)]))
        with pytest.raises(TypeError):
            await ledger.append(change(entry(who=object()), incidents=[incident(1)]))
        assert ledger.head == head
        assert ledger.records == {}
        assert await ledger.incidents(5) == ()
        (row,) = await ledger.append(change(entry()))
        assert row.seq == 2


async def test_many_appends_at_once_form_one_chain(state: Path) -> None:
    async with opened(state) as ledger:
        services = [ServiceKey("shop", f"web{n}") for n in range(40)]
        changes = [change(entry(), records=[ServiceRecord(service=service)]) for service in services]
        written = await asyncio.gather(*map(ledger.append, changes))
        assert sorted(rows[0].seq for rows in written) == list(range(1, 41))
        assert set(ledger.records) == set(services)
        with LedgerReader.open(state) as reader:
            assert reader.verify(ledger.head).intact


async def test_an_append_whose_caller_is_cancelled_is_either_in_view_and_database_or_in_neither(state: Path) -> None:
    async with opened(state) as ledger:
        for n in range(20):
            task = asyncio.create_task(ledger.append(change(records=[ServiceRecord(service=ServiceKey("", f"s{n}"))])))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await ledger.append(change(entry()))
        with LedgerReader.open(state) as reader:
            assert reader.records() == ledger.records
            assert reader.head() == ledger.head


async def test_the_event_loop_goes_on_while_the_disk_is_slow(state: Path) -> None:
    async with opened(state) as ledger:
        blocker = sqlite3.connect(state / "ledger.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(ledger.append(change(entry())))
        turns = 0

        def turned() -> bool:
            nonlocal turns
            turns += 1
            return turns > 20

        await eventually(turned)
        assert not writing.done()
        assert sum(thread.name.startswith("ledger") for thread in threading.enumerate()) == 1
        blocker.execute("ROLLBACK")
        blocker.close()
        (row,) = await writing
        assert row.hash == ledger.head


async def test_an_intent_is_pending_until_its_outcome_is_written(state: Path) -> None:
    async with opened(state) as ledger:
        first, second = await ledger.append(
            change(entry("restart webui", kind=EntryKind.INTENT), entry("start db", kind=EntryKind.INTENT))
        )
        await ledger.append(change(entry("webui recovered", kind=EntryKind.OUTCOME, intent=first.seq)))
    async with opened(state) as ledger:
        assert await ledger.pending_intents() == (second,)
        await ledger.append(change(entry("db did not start", kind=EntryKind.OUTCOME, intent=second.seq)))
        assert await ledger.pending_intents() == ()


async def test_the_last_attempt_at_a_service_is_its_newest_intent_and_what_came_of_it(state: Path) -> None:
    async with opened(state) as ledger:
        assert await ledger.last_attempt("shop/webui") == ()
        await ledger.append(
            change(entry("an older one", kind=EntryKind.INTENT), entry("its step", kind=EntryKind.STEP))
        )
        rows = await ledger.append(change(entry("restart", kind=EntryKind.INTENT), entry("done", kind=EntryKind.STEP)))
        await ledger.append(change(replace(entry("another's", kind=EntryKind.INTENT), subject="shop/db")))
        assert await ledger.last_attempt("shop/webui") == rows


async def test_numbers_of_incidents_are_never_given_twice(state: Path) -> None:
    async with opened(state) as ledger:
        assert [ledger.next_incident(), ledger.next_incident()] == [1, 2]
        await ledger.append(change(incidents=[incident(2)]))
    async with opened(state) as ledger:
        assert ledger.next_incident() == 3


async def test_open_incidents_are_those_that_are_not_closed_newest_first(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(incidents=[incident(1), incident(2), incident(3)]))
        await ledger.append(change(incidents=[incident(2, closed_at=1001.0)]))
        assert [found.id for found in await ledger.open_incidents()] == [3, 1]
        assert [found.id for found in await ledger.incidents(2)] == [3, 2]


async def test_an_unknown_incident_is_a_wrong_argument(state: Path) -> None:
    async with opened(state) as ledger:
        with pytest.raises(UnknownIncident, match="no incident 7") as caught:
            await ledger.timeline(7)
        assert caught.value.exit_code == 64


async def test_a_name_that_is_no_text_can_be_recorded(state: Path) -> None:
    odd = b"caf\xe9\x00".decode("utf-8", "surrogateescape")
    async with opened(state) as ledger:
        (row,) = await ledger.append(
            change(
                entry(f"{odd} is gone", incident=1, name=odd),
                records=[ServiceRecord(service=ServiceKey("", odd))],
                incidents=[incident(1)],
            )
        )
        assert row.entry.sentence == "caf\\udce9\x00 is gone"
        assert (await ledger.timeline(1))[1] == (row,)
        with LedgerReader.open(state) as reader:
            assert reader.verify(row.hash).intact
            assert ServiceKey("", odd) in reader.records()


async def test_a_time_of_negative_zero_is_hashed_as_it_is_kept(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(at=-0.0)))
        with LedgerReader.open(state) as reader:
            assert reader.verify(ledger.head).intact


async def test_a_closed_ledger_says_so(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.close()
        with pytest.raises(LedgerError, match="closed"):
            await ledger.append(change(entry()))


async def test_a_state_directory_stays_with_its_engine(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.bind_engine("ENGINE:A")
        await ledger.bind_engine("ENGINE:A")
    async with opened(state) as ledger:
        with pytest.raises(LedgerError, match=r"belongs to engine ENGINE:A, this one is ENGINE:B.*\[state\] dir"):
            await ledger.bind_engine("ENGINE:B")
        await ledger.append(change(entry()))


async def test_an_engine_with_another_id_is_the_same_when_it_has_a_container_of_the_records(state: Path) -> None:
    async with opened(state) as ledger:
        assert not await ledger.bind_engine("ENGINE:A")
        await ledger.append(change(records=[ServiceRecord(service=WEBUI, container_id="c1")]))
    async with opened(state) as ledger:
        with pytest.raises(LedgerError, match="belongs to engine ENGINE:A, this one is ENGINE:B"):
            await ledger.bind_engine("ENGINE:B", {"c2"})
        assert await ledger.bind_engine("ENGINE:B", {"c1", "c2"})
        assert not await ledger.bind_engine("ENGINE:B")
