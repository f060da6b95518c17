"""Containers that watchdog protects, broken one after the other: each time as if it were the first."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.outside import DEADLINE
from tests.lab.engine import LabEngine
from tests.lab.watch import LabDaemon, lab_daemon

UNWATCHED = ("--label", "watchdog.enable=false")
"""Of the containers that belong to another contender."""
REST = 7.0
"""Seconds after which an earlier attempt counts no more: with one attempt 4.12 after its verification."""

RARE = 0.01
"""The share of rounds that may have the other cause."""


def config(max_attempts: int) -> str:
    """Grace zero, everything that waits for nothing short."""
    return f"""
[watch]
interval = "60s"
[health]
soak = "100ms"
stable = "100ms"
[recovery]
absence_grace = "0s"
max_attempts = {max_attempts}
window = "1s"
backoff = "100ms"
backoff_max = "100ms"
verify_timeout = "4s"
restarts_per_minute = 1000
"""


@dataclass
class Protected:
    """The daemon and its services of one scenario. They take turns, so that none spends a budget."""

    daemon: LabDaemon
    names: Sequence[str]
    _rested_at: dict[str, float] = field(default_factory=dict[str, float])
    _turns: int = 0

    def next(self) -> str:
        """Whose turn it is: protected, healthy, without an incident or an attempt that counts."""
        name = self.names[self._turns % len(self.names)]
        self._turns += 1
        self.daemon.wait(lambda: self._settled(name), f"{name} has not settled", DEADLINE)
        time.sleep(max(0.0, self._rested_at.get(name, 0.0) - time.monotonic()))
        return name

    def serves_again(self, name: str) -> None:
        self._rested_at[name] = time.monotonic() + REST

    def intents(self, rung: str, cause: str, *, or_rarely: str = "") -> list[float]:
        """Seconds from the engine's event to the intent in the ledger, of every round.

        AssertionError unless every round was one attempt by that rung for that cause, or in one of a hundred the other.
        """
        for name in self.names:
            self.daemon.wait(lambda name=name: self._settled(name), f"{name} is not verified", DEADLINE)
        found = Counter((row["payload"]["rung"], row["payload"]["cause"]) for row in self.daemon.rows("intent"))
        rare = found.pop((rung, or_rarely), 0)
        assert found == {(rung, cause): self._turns - rare}, found
        assert rare <= self._turns * RARE, rare
        return intent_seconds(self.daemon)

    def _settled(self, name: str) -> bool:
        return settled(self.daemon.service(name))


def settled(service: Any) -> bool:
    """By the status that the daemon publishes; None is a service that it does not know yet."""
    return bool(service and service["protected"] and service["health"] == "healthy" and service["incident"] is None)


def intent_seconds(daemon: LabDaemon) -> list[float]:
    """From the arrival of the event to the committed intent, of every attempt that an event led to."""
    waits = [row["payload"].get("event_to_intent_seconds") for row in daemon.rows("outcome")]
    return [wait for wait in waits if wait is not None]


@contextmanager
def protecting(engine: LabEngine, directory: Path, names: Sequence[str]) -> Generator[Protected]:
    """Starts a daemon whose state is in that directory."""
    directory.mkdir()
    with lab_daemon(engine, directory, config(max_attempts=1)) as daemon:
        yield Protected(daemon.start(), names)
