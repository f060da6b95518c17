"""The part of the daemon that `bench.alerts` kills: real ledger, couriers and asker, and incidents that open and close.

Run with a state directory, the receiver's URL, and how many incidents there should be (0: only the checks are asked). A
line on standard output for each second: the worst delay of a check in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from watchdog.alerts.alerter import Alerter
from watchdog.alerts.counts import AlertCounts
from watchdog.api.measures import Histogram, Measures
from watchdog.daemon.observing.check_schedule import CheckScheduler
from watchdog.daemon.state.clock import Clock
from watchdog.ledger import Ledger
from watchdog.model.alert import FILES, Alert, Notice
from watchdog.model.change import Change
from watchdog.model.health import Cause
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.network import TcpProbe
from watchdog.model.record import Entry, EntryKind, Incident, Severity
from watchdog.model.settings import AlertSettings, ReceiverKind, ReceiverSettings

CHECKS = 50
INTERVAL = 0.1
OPEN = 20
"""Incidents at a time."""
RECEIVER = "ops"


@dataclass
class Lateness(Histogram):
    """How late checks are asked, and the worst of it."""

    worst: float = 0.0

    def observe(self, seconds: float) -> None:
        self.worst = max(self.worst, seconds)


class Present:
    """Asks nothing: whatever is late is so before."""

    async def ask(self, check: Check) -> Observation:
        return Observation(check=check.name, at=time.time(), verdict=Verdict.PASS, reason="it is there")

    def forget(self, check: Check) -> None:
        """There is nothing that it remembers."""


async def main(directory: Path, url: str, wanted: int) -> None:
    import_module("aiohttp")  # the daemon has it, for its engine: what is measured is no import
    clock = Clock()
    lateness = Lateness()
    asker = CheckScheduler(Present(), clock, Measures(check_start_lag=lateness))
    probe = TcpProbe(tcp="127.0.0.1:1")
    checks = tuple(Check(name=str(number), probe=probe, interval=INTERVAL) for number in range(CHECKS))
    asker.set_checks("bench", checks, lambda check, _observation, _incarnation: check.interval, lambda: 0)
    ledger = await Ledger.open(directory, key_file=None, now=time.time(), retention=1e9)
    receivers = (ReceiverSettings(name=RECEIVER, kind=ReceiverKind.WEBHOOK, address=url, timeout=1.0),)
    alerter = Alerter(
        AlertSettings(receivers=receivers),
        directory / "alerts",
        AlertCounts(),
        ledger,
        works=lambda: True,
        wall=clock.wall,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(asker.run())
        group.create_task(alerter.run())
        if wanted:
            group.create_task(_live(ledger, alerter, wanted))
        while True:
            lateness.worst = 0.0
            await asyncio.sleep(1.0)
            print(json.dumps({"late": lateness.worst}), flush=True)


async def _live(ledger: Ledger, alerter: Alerter, wanted: int) -> None:
    """Goes on where the ledger stands: opens the next incident, closes the oldest."""
    begun = max((one.id for one in await ledger.incidents(1)), default=0)
    opened = list(reversed(await ledger.open_incidents()))
    while begun < wanted or opened:
        if begun < wanted and len(opened) < OPEN:
            begun += 1
            opened.append(_incident(begun))
            await _write(ledger, alerter, opened[-1], closed=False)
        else:
            await _write(ledger, alerter, opened.pop(0), closed=True)


def _incident(number: int) -> Incident:
    now = time.time()
    return Incident(
        id=number,
        subject=f"shop/service-{number % 100}",
        cause=Cause.CHECK_FAILED,
        severity=Severity.CRITICAL,
        summary="it does not answer",
        failed_at=now,
        detected_at=now,
    )


async def _write(ledger: Ledger, alerter: Alerter, incident: Incident, *, closed: bool) -> None:
    now = time.time()
    kind = EntryKind.INCIDENT_CLOSED if closed else EntryKind.INCIDENT_OPENED
    entry = Entry(at=now, kind=kind, subject=incident.subject, sentence=incident.summary, incident=incident.id)
    alert = Alert(
        key=f"incident-{incident.id}",
        severity=incident.severity,
        subject=incident.subject,
        summary=incident.summary,
        at=now,
        incident=incident.id,
        resolved=closed,
    )
    recorded = replace(incident, closed_at=now if closed else None)
    notices = [Notice(RECEIVER, alert), Notice(FILES, alert)]
    await ledger.append(Change(entries=[entry], incidents=[recorded], notices=notices))
    alerter.hurry()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
