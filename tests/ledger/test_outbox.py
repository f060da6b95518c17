"""What is to be told waits in the ledger, in order and bounded, until it is delivered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.ledger.samples import DAY, change, entry, full_record, opened
from tests.support.alert_values import alert, full_alert
from watchdog.ledger import Ledger, LedgerReader
from watchdog.ledger import outbox as ledger_outbox
from watchdog.model.alert import Alert, Notice, Queued
from watchdog.model.record import Kept, Severity

_OLD_TABLES = ("kept", "outbox", "told", "deployments")
"""That version 1 did not have."""


def notices(*alerts: Alert, receiver: str = "ops") -> list[Notice]:
    return [Notice(receiver, one) for one in alerts]


def keys(queued: Iterable[Queued]) -> list[str]:
    return [one.notice.alert.key + (" resolved" if one.notice.alert.resolved else "") for one in queued]


async def waiting_for(ledger: Ledger, receiver: str = "ops") -> tuple[Queued, ...]:
    return await ledger.outbox(receiver, 0, 1000)


async def test_a_notice_waits_over_a_restart_with_all_it_says(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(), notices=[Notice("ops", full_alert()), Notice("files", alert(2))]))
    async with opened(state) as ledger:
        (queued,) = await waiting_for(ledger)
        assert queued.notice == Notice("ops", full_alert())
        assert ledger.waiting.counts == {"ops": 1, "files": 1}
        assert ledger.waiting.newest == 2


async def test_an_append_that_fails_queues_nothing(state: Path) -> None:
    async with opened(state) as ledger:
        with pytest.raises(ValueError, match="JSON"):
            await ledger.append(change(entry(score=float("nan")), notices=notices(alert())))
        assert await waiting_for(ledger) == ()
        assert ledger.waiting.counts == {}


async def test_notices_are_read_in_order_piece_by_piece(state: Path) -> None:
    async with opened(state) as ledger:
        for number in range(5):
            await ledger.append(change(notices=notices(alert(number))))
        first = await ledger.outbox("ops", 0, 2)
        rest = await ledger.outbox("ops", first[-1].id, 10)
        assert keys([*first, *rest]) == [f"incident-{number}" for number in range(5)]


async def test_reading_a_piece_and_making_room_sort_nothing_however_many_wait(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(*(alert(number) for number in range(50)))))
    statements: list[str] = []
    with sqlite3.connect(state / "ledger.db") as database:
        database.set_trace_callback(statements.append)
        outbox = ledger_outbox.Outbox(database)
        outbox.read("ops", 10, 5)
        full = ledger_outbox.Waiting(newest=50, counts={"ops": ledger_outbox.CAPACITY})
        outbox.put(notices(alert(99)), full)
        database.set_trace_callback(None)
        asked = [one for one in statements if "FROM outbox" in one]
        plans = [str(database.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()) for one in asked]
    database.close()
    assert len(plans) == 2
    assert not [plan for plan in plans if "TEMP B-TREE" in plan or "SCAN" in plan]


async def test_what_was_delivered_waits_no_longer_and_its_end_is_owed(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(1), alert(2), alert(3))))
        first, second, third = await waiting_for(ledger)
        await ledger.delivered([first, second])
        await ledger.undelivered([third])
        await ledger.append(change(notices=notices(alert(1, resolved=True))))
        assert await ledger.told("ops") == {"incident-1": alert(1), "incident-2": alert(2)}
    async with opened(state) as ledger:
        await ledger.delivered(await waiting_for(ledger))
        assert await ledger.told("ops") == {"incident-2": alert(2)}
        assert await waiting_for(ledger) == ()
        assert ledger.waiting.counts == {}


async def test_of_an_information_no_end_is_owed(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(1), alert(2, Severity.INFO))))
        await ledger.delivered(await waiting_for(ledger))
        assert await ledger.told("ops") == {"incident-1": alert(1)}


async def test_what_was_never_written_can_be_delivered_too(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(1))))
        await ledger.delivered([Queued(0, Notice("ops", alert(7)))])
        assert await ledger.told("ops") == {"incident-7": alert(7)}
        assert ledger.waiting.counts == {"ops": 1}


async def test_the_crowd_gives_way_and_of_it_the_least_important(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_outbox, "CAPACITY", 5)
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(100, Severity.INFO), receiver="quick")))
        await ledger.append(
            change(
                notices=notices(
                    alert(1, resolved=True),
                    alert(2),
                    alert(3, Severity.WARNING),
                    alert(4, Severity.INFO),
                    receiver="slow",
                )
            )
        )
        left: list[list[str]] = []
        for number in range(10, 14):
            await ledger.append(change(notices=notices(alert(number), receiver="slow")))
            left.append(keys(await waiting_for(ledger, "slow")))
        assert left[0] == ["incident-1 resolved", "incident-2", "incident-3", "incident-10"]
        assert left[-1] == ["incident-1 resolved", "incident-11", "incident-12", "incident-13"]
        assert len(await waiting_for(ledger, "quick")) == 1
        assert ledger.waiting.gave_way == {"slow": 4}
        assert ledger.waiting.counts == {"quick": 1, "slow": 4}


async def test_a_receiver_that_is_gone_loses_what_waits_for_it(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=[*notices(alert(1), alert(2)), *notices(alert(1), receiver="files")]))
        await ledger.delivered((await waiting_for(ledger))[:1])
        assert await ledger.serve(["files"]) == {"ops": 1}
        assert await ledger.told("ops") == {}
        assert ledger.waiting.counts == {"files": 1}
        assert await ledger.serve(["files"]) == {}


async def test_numbers_are_never_given_twice(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(1))))
        await ledger.delivered(await waiting_for(ledger))
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(alert(2))))
        assert [one.id for one in await waiting_for(ledger)] == [2]


async def test_who_was_told_long_ago_is_forgotten_with_the_rows_of_that_time(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(), notices=notices(alert(1))))
        await ledger.delivered(await waiting_for(ledger))
    async with opened(state, now=alert().at + 91 * DAY) as ledger:
        assert await ledger.told("ops") == {}


async def test_a_name_that_is_no_text_is_kept_as_one(state: Path) -> None:
    strange = alert(key="unrecorded-caf\udce9")
    async with opened(state) as ledger:
        await ledger.append(change(notices=notices(strange)))
        (queued,) = await waiting_for(ledger)
        await ledger.delivered([queued])
        assert await ledger.told("ops") == {queued.notice.alert.key: queued.notice.alert}


async def test_small_states_are_kept_replaced_and_forgotten(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(
            change(kept=[Kept("silence", "b", "2"), Kept("silence", "a", "1"), Kept("alert", "a", "0")])
        )
        assert await ledger.kept("silence") == {"a": "1", "b": "2"}
        await ledger.append(change(entry(), kept=[Kept("silence", "a", None), Kept("silence", "b", "3")]))
    async with opened(state) as ledger:
        assert await ledger.kept("silence") == {"b": "3"}
        assert await ledger.kept("alert") == {"a": "0"}
        assert await ledger.kept("nothing") == {}


async def test_a_ledger_of_the_version_before_is_read_as_it_is_and_gets_the_new_tables(state: Path) -> None:
    async with opened(state) as ledger:
        await ledger.append(change(entry(), records=[full_record()]))
    with sqlite3.connect(state / "ledger.db") as database:
        for table in _OLD_TABLES:
            database.execute(f"DROP TABLE {table}")
        database.execute("DROP INDEX entries_of_deployments")
        database.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    database.close()
    with LedgerReader.open(state) as reader:
        assert list(reader.records().values()) == [full_record()]
    async with opened(state) as ledger:
        assert list(ledger.records.values()) == [full_record()]
        await ledger.append(change(notices=notices(alert(1)), kept=[Kept("silence", "a", "1")]))
        assert keys(await waiting_for(ledger)) == ["incident-1"]
    with LedgerReader.open(state) as reader:
        assert reader.verify(None).rows == 1
