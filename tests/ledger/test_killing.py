"""SIGKILL in the middle of appending loses nothing that was acknowledged."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.ledger import appender
from tests.ledger.samples import opened
from watchdog.ledger import LedgerReader

ROOT = Path(__file__).parents[2]


def killed_while_appending(state: Path, lines: int) -> list[tuple[int, str]]:
    """The rows that were acknowledged before the kill, which follows the given number of them."""
    program = [sys.executable, str(appender.__file__), str(state)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    assert process.returncode == -9
    return [(int(seq), digest) for seq, digest in (line.split() for line in said if line.endswith("\n"))]


async def test_twenty_kills_leave_one_intact_chain_with_every_acknowledged_row(state: Path) -> None:
    chance = random.Random(4)  # noqa: S311 - a seed, not a secret
    acknowledged: list[tuple[int, str]] = []
    stored: dict[int, str] = {}
    for _ in range(20):
        acknowledged += killed_while_appending(state, chance.randrange(2, 120))
        with LedgerReader.open(state) as reader:
            verified = reader.verify(acknowledged[-1][1])
            assert verified.intact, verified.sentence
            (record,) = reader.records().values()
        database = sqlite3.connect(state / "ledger.db")
        stored = dict(database.execute("SELECT seq, hash FROM entries"))
        database.close()
        assert stored.items() >= set(acknowledged)
        assert len(stored) % 2 == 0, "a transaction of two rows is never cut in half"
        assert record.container_id == stored.get(len(stored) - 2, "0" * 64), "the record is of the last transaction"
    async with opened(state) as ledger:
        assert ledger.head == stored[len(stored)]
