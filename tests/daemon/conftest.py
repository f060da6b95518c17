from __future__ import annotations

from dataclasses import dataclass

import pytest

from watchdog.model.alert import Alert
from watchdog.model.settings import ReceiverSettings


@dataclass
class Taker:
    """A receiver that takes everything in no time."""

    async def deliver(self, alert: Alert, told: Alert | None) -> None:
        """It is remembered where it was queued."""


@pytest.fixture
def takers(monkeypatch: pytest.MonkeyPatch) -> None:
    def taker(_: ReceiverSettings) -> Taker:
        return Taker()

    monkeypatch.setattr("watchdog.alerts.alerter.receiver_of", taker)
