"""What kinds of receivers there are."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from watchdog.alerts.receiver import Receiver
from watchdog.model.settings import ReceiverSettings


def receiver_of(settings: ReceiverSettings) -> Receiver:
    """By the module of this room that is named like the kind, imported when one is configured."""
    return cast("Receiver", import_module(f"watchdog.alerts.{settings.kind}").make(settings))
