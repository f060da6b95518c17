"""What a receiver of alerts is, and how a delivery can fail."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, runtime_checkable

from watchdog.model.alert import Alert


class DeliveryFailed(Exception):
    """The receiver did not take the alert this time; one sentence without secrets. It is tried again."""


class DeliveryRefused(DeliveryFailed):
    """The receiver will never take this alert as it is; one sentence without secrets."""


class Receiver(Protocol):
    """Where alerts go. `deliver` ends within the receiver's own deadline."""

    async def deliver(self, alert: Alert, told: Alert | None) -> None:
        """Raises DeliveryFailed. `told` is what it was last told under the same key, if it was."""
        ...


@runtime_checkable
class NeedsRefresh(Protocol):
    """A receiver that takes for over what it does not hear of again and again."""

    async def repeat(self, alerts: Collection[Alert]) -> None:
        """All that fires; raises DeliveryFailed."""
        ...
