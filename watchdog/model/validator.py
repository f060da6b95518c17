"""Who is asked before a change, what is announced to them, and what they say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from watchdog.model.snapshot import timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorSettings:
    """Somebody who confirms changes; without a webhook by the API, after an announcement on the event stream."""

    name: str
    webhook: str | None = field(default=None, repr=False)
    """URL to which an announcement is posted as JSON."""
    token: str | None = field(default=None, repr=False)
    """Sent as a bearer token."""
    secret: str | None = field(default=None, repr=False)
    """Signs what is posted."""
    timeout: float | None = None
    """Seconds that it may take to answer; None: as long as whoever asks waits."""
    services: tuple[str, ...] = ()
    """Shell patterns of the services whose changes it wants to be asked about; none: of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A change that is about to be made."""

    id: int
    """Number of the deployment."""
    at: float
    """Unix seconds."""
    by: str
    reason: str
    services: tuple[str, ...]
    """All that it may change, as `project/name`."""
    removes: tuple[str, ...] = ()
    """Those that it takes away."""
    command: tuple[str, ...] = ()
    """What is run; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a validator said, or that it did not."""

    validator: str
    confirmed: bool
    because: str
    """A sentence."""


def confirmation_json(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "validator": confirmation.validator,
        "confirmed": confirmation.confirmed,
        "because": confirmation.because,
    }


def announcement_json(announcement: Announcement) -> dict[str, Any]:
    return {
        "id": announcement.id,
        "at": timestamp(announcement.at),
        "by": announcement.by,
        "reason": announcement.reason,
        "services": list(announcement.services),
        "removes": list(announcement.removes),
        "command": list(announcement.command),
    }
