"""How often, and how soon again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from watchdog.model.identity import ServiceKey
from watchdog.model.record import Attempt, Rung
from watchdog.model.settings import RecoverySettings

JITTER = 0.2


def spent(attempts: Iterable[Attempt], settings: RecoverySettings, now: float) -> tuple[Attempt, ...]:
    """The attempts that count: watchdog's own (a person's order spends nothing), within the window."""
    return tuple(
        attempt
        for attempt in attempts
        if not attempt.by_operator and attempt.rung is not Rung.DOCKER and now - attempt.at < settings.window
    )


def backoff(service: ServiceKey, attempts: int, settings: RecoverySettings) -> float:
    """Seconds to wait after the `attempts`-th attempt: `backoff` * 2^(attempts-1), at most `backoff_max`, ± 20 %.

    The jitter keeps services that failed together from being retried together. It comes from the service's name,
    so that the same facts always give the same decision.
    """
    if attempts <= 0:
        return 0.0
    wait = min(settings.backoff * 2.0 ** min(attempts - 1, 32), settings.backoff_max)
    spread = zlib.crc32(f"{service}:{attempts}".encode()) / 0xFFFFFFFF
    return wait * (1 - JITTER + 2 * JITTER * spread)
