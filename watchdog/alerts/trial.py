"""A test alert to one receiver, by hand: once, at once, and past the queue."""

from __future__ import annotations

import socket

from watchdog.alerts.receiver import DeliveryFailed
from watchdog.alerts.registry import receiver_of
from watchdog.model.alert import Alert
from watchdog.model.record import Severity
from watchdog.model.settings import ReceiverSettings


async def try_receiver(settings: ReceiverSettings, now: float) -> str | None:
    """Why it did not take the alert, None when it did. `now` is Unix seconds."""
    host = socket.gethostname()
    alert = Alert(
        key=f"test-{host}",
        severity=Severity.INFO,
        subject="watchdog",
        summary=f"This is a test of the alerts of watchdog on {host}. Nothing is wrong.",
        at=now,
        todo="Nothing: who reads this is reached by alerts.",
    )
    try:
        await receiver_of(settings).deliver(alert, None)
    except DeliveryFailed as failure:
        return str(failure)
    return None
