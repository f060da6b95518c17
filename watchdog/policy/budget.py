"""How often, and how soon again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace

from watchdog.model.identity import ServiceKey
from watchdog.model.record import Attempt, Rung
from watchdog.model.settings import RecoverySettings

JITTER = 0.2


def counting_window(settings: RecoverySettings, start_period: float) -> float:
    """Seconds for which an attempt counts: `window`, and never shorter than a whole ladder may take.

    Else the attempts of a service that is slow to be verified would be forgotten before the last of them failed, and
    it would never be handed to a person. `start_period` is the container's, in seconds.
    """
    slowest = settings.verify_timeout + start_period + settings.backoff_max * (1 + JITTER)
    return max(settings.window, settings.max_attempts * slowest)


def spent(attempts: Iterable[Attempt], window: float, now: float) -> tuple[Attempt, ...]:
    """The attempts that count: watchdog's own (a person's order spends nothing), of the last `window` seconds."""
    return tuple(
        attempt
        for attempt in attempts
        if not attempt.by_operator and attempt.rung is not Rung.DOCKER and now - attempt.at < window
    )


def none_in_future(attempts: Iterable[Attempt], now: float) -> tuple[Attempt, ...]:
    """Attempts of an earlier daemon, whose clock was ahead of the present one: the latest that they can be is now."""
    return tuple(replace(attempt, at=min(attempt.at, now)) for attempt in attempts)


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
