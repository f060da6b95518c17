"""A circuit breaker around the engine's mutating calls: closed, open, half-open, as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

FAILURES = 5
WINDOW = 120.0
OPEN_FOR = 60.0


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """One call is let through to see."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` are the times (steady seconds) of the failed calls within the window."""

    state: BreakerState = BreakerState.CLOSED
    failures: tuple[float, ...] = ()
    opened_at: float = 0.0

    def open_until(self, now: float) -> float | None:
        """When the next call may be tried; None when one may be tried now."""
        if self.state is BreakerState.OPEN and now < self.opened_at + OPEN_FOR:
            return self.opened_at + OPEN_FOR
        return None

    def trying(self, now: float) -> Breaker:
        """Before a call: an open breaker whose time is over lets one through."""
        if self.state is BreakerState.OPEN and self.open_until(now) is None:
            return replace(self, state=BreakerState.HALF_OPEN)
        return self

    def succeeded(self) -> Breaker:
        return Breaker() if self.state is not BreakerState.OPEN else self

    def failed(self, now: float) -> Breaker:
        failures = (*(at for at in self.failures if now - at < WINDOW), now)
        if self.state is BreakerState.HALF_OPEN or len(failures) >= FAILURES:
            return Breaker(BreakerState.OPEN, failures[-FAILURES:], now)
        return replace(self, failures=failures)
