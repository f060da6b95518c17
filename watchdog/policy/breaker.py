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
    """Calls are let through to see; the first answer decides."""


class BreakerEvent(StrEnum):
    """What moves a breaker from state to state."""

    DUE = "due"
    """A call is made, and the time for which it was open is over."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FAILED_TOO_OFTEN = "failed_too_often"
    """The last of FAILURES failures within WINDOW seconds with no success in between."""


TRANSITIONS: dict[tuple[BreakerState, BreakerEvent], BreakerState] = {
    (BreakerState.CLOSED, BreakerEvent.DUE): BreakerState.CLOSED,
    (BreakerState.CLOSED, BreakerEvent.SUCCEEDED): BreakerState.CLOSED,
    (BreakerState.CLOSED, BreakerEvent.FAILED): BreakerState.CLOSED,
    (BreakerState.CLOSED, BreakerEvent.FAILED_TOO_OFTEN): BreakerState.OPEN,
    (BreakerState.OPEN, BreakerEvent.DUE): BreakerState.HALF_OPEN,
    (BreakerState.OPEN, BreakerEvent.SUCCEEDED): BreakerState.OPEN,  # it began before: says nothing about now
    (BreakerState.OPEN, BreakerEvent.FAILED): BreakerState.OPEN,
    (BreakerState.OPEN, BreakerEvent.FAILED_TOO_OFTEN): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, BreakerEvent.DUE): BreakerState.HALF_OPEN,
    (BreakerState.HALF_OPEN, BreakerEvent.SUCCEEDED): BreakerState.CLOSED,
    (BreakerState.HALF_OPEN, BreakerEvent.FAILED): BreakerState.OPEN,
    (BreakerState.HALF_OPEN, BreakerEvent.FAILED_TOO_OFTEN): BreakerState.OPEN,
}


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` are the times (steady seconds) of the last failed calls within the window, FAILURES at the most."""

    state: BreakerState = BreakerState.CLOSED
    failures: tuple[float, ...] = ()
    opened_at: float = 0.0

    def open_until(self, now: float) -> float | None:
        """When the next call may be tried; None when one may be tried now."""
        if self.state is BreakerState.OPEN and now < self.opened_at + OPEN_FOR:
            return self.opened_at + OPEN_FOR
        return None

    def trying(self, now: float) -> Breaker:
        """Before a call: an open breaker whose time is over lets it through to see."""
        return self if self.open_until(now) is not None else self._after(BreakerEvent.DUE)

    def succeeded(self) -> Breaker:
        after = self._after(BreakerEvent.SUCCEEDED)
        return after if after.state is BreakerState.OPEN else Breaker()

    def failed(self, now: float) -> Breaker:
        """Opens it, or keeps it open for longer, where that is one failure too many."""
        failures = (*(at for at in self.failures if now - at < WINDOW), now)[-FAILURES:]
        event = BreakerEvent.FAILED_TOO_OFTEN if len(failures) == FAILURES else BreakerEvent.FAILED
        after = self._after(event)
        return Breaker(after.state, failures, now if after.state is BreakerState.OPEN else 0.0)

    def _after(self, event: BreakerEvent) -> Breaker:
        return replace(self, state=TRANSITIONS[self.state, event])
