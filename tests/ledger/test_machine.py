"""The ledger against a model of it: appends, deaths, restarts and retention in any order."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.ledger.samples import DAY, change, entry
from watchdog.ledger import Ledger, LedgerReader
from watchdog.model.identity import ServiceKey
from watchdog.model.record import EntryKind, Row, ServiceRecord

KINDS = st.sampled_from([kind for kind in EntryKind if kind not in {EntryKind.CHECKPOINT, EntryKind.OUTCOME}])
PAYLOADS = st.dictionaries(
    st.text(max_size=5),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    max_size=3,
)
TIMES = st.floats(-1e10, 1e10)
NAMES = st.sampled_from(["web", "db", "api"])


class LedgerMachine(RuleBasedStateMachine):
    """Every acknowledged row is there, under its number and hash, until retention removes it."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.runner = asyncio.Runner()
        self.rows: list[Row] = []
        self.records: dict[ServiceKey, ServiceRecord] = {}
        self.pending: dict[int, Row] = {}
        self.heads: list[str] = []

    @initialize()
    def open(self) -> None:
        opening = Ledger.open(self.place / "state", key_file=None, now=0.0, retention=1e12)
        self.ledger = self.runner.run(opening)

    @rule(kind=KINDS, at=TIMES, sentence=st.text(max_size=20), payload=PAYLOADS, name=NAMES, attempts=st.integers(0, 9))
    def append(  # noqa: PLR0917 - what Hypothesis chooses
        self, kind: EntryKind, at: float, sentence: str, payload: dict[str, object], name: str, attempts: int
    ) -> None:
        record = ServiceRecord(service=ServiceKey("shop", name), container_id=f"c{attempts}")
        said = entry(sentence, at=at, kind=kind, incident=attempts or None, content=payload)
        (row,) = self.runner.run(self.ledger.append(change(said, records=[record])))
        self.records[record.service] = record
        self._follow(row)

    @precondition(lambda self: self.pending)
    @rule(which=st.integers(0, 99))
    def end_an_intent(self, which: int) -> None:
        seq = sorted(self.pending)[which % len(self.pending)]
        (row,) = self.runner.run(self.ledger.append(change(entry(kind=EntryKind.OUTCOME, intent=seq))))
        del self.pending[seq]
        self._follow(row)

    @rule()
    def restart(self) -> None:
        self.runner.run(self.ledger.close())
        self.open()

    @rule()
    def die_and_start_again(self) -> None:
        """A copy of the files as they are is what a dead process leaves."""
        copy = self.place / "copy"
        shutil.copytree(self.place / "state", copy)
        self.runner.run(self.ledger.close())
        shutil.rmtree(self.place / "state")
        copy.rename(self.place / "state")
        self.open()

    @rule(now=TIMES)
    def compact(self, now: float) -> None:
        self.runner.run(self.ledger.close())
        self.ledger = self.runner.run(Ledger.open(self.place / "state", key_file=None, now=now, retention=DAY))
        kept = next(
            (n for n, row in enumerate(self.rows) if row.entry.at >= now - DAY or row.seq in self.pending), None
        )
        gone = len(self.rows) if kept is None else kept
        if gone:
            removed, self.rows = self.rows[:gone], self.rows[gone:]
            self.heads = [removed[-1].hash, *(row.hash for row in self.rows), self.ledger.head]
            self.rows.append(Row(seq=removed[-1].seq + len(self.rows) + 1, hash=self.ledger.head, entry=entry(at=now)))

    @invariant()
    def the_chain_holds_every_acknowledged_row(self) -> None:
        if not hasattr(self, "ledger"):
            return
        assert self.ledger.records == self.records
        assert {row.seq for row in self.runner.run(self.ledger.pending_intents())} == set(self.pending)
        with LedgerReader.open(self.place / "state") as reader:
            assert reader.head() == self.ledger.head
            assert reader.records() == self.records
            assert reader.verify(self.ledger.head).rows == len(self.rows)
            for head in self.heads:
                assert reader.verify(head).intact

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.runner.run(self.ledger.close())
        self.runner.close()
        shutil.rmtree(self.place)

    def _follow(self, row: Row) -> None:
        self.rows.append(row)
        self.heads.append(row.hash)
        if row.entry.kind is EntryKind.INTENT:
            self.pending[row.seq] = row


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
