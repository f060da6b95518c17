"""What a receiver of alerts is, and how a delivery can fail."""

from __future__ import annotations

from typing import Protocol

from watchdog.model.alert import Alert


class DeliveryFailed(Exception):
    """The receiver did not take the alert this time; one sentence without secrets. It is tried again."""


class DeliveryRefused(Exception):
    """The receiver will never take this alert; one sentence without secrets. It is given up."""


class Receiver(Protocol):
    """Where alerts go. `deliver` ends within the receiver's own deadline."""

    async def deliver(self, alert: Alert) -> None:
        """Raises DeliveryFailed or DeliveryRefused."""
        ...
