"""Run as a program: appends without end and prints each row once it is acknowledged; made to be killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from watchdog.ledger import Ledger
from watchdog.model.change import Change
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Entry, EntryKind, ServiceRecord


async def append_without_end(directory: Path) -> None:
    ledger = await Ledger.open(directory, key_file=None, now=0.0, retention=1e9)
    service = ServiceKey("shop", "webui")
    while True:
        entry = Entry(at=1.0, kind=EntryKind.HEALTH, subject=str(service), sentence="x" * 300)
        rows = await ledger.append(
            Change(entries=(entry, entry), records=[ServiceRecord(service=service, container_id=ledger.head)])
        )
        sys.stdout.write("".join(f"{row.seq} {row.hash}\n" for row in rows))
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(append_without_end(Path(sys.argv[1])))
