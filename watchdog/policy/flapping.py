"""Whether something keeps changing between good and bad: Nagios' weighted formula, with hysteresis.

Of the last 21 states each change counts by its age, the newest half as much again as the oldest (the manual of
Nagios, "Detection and Handling of State Flapping"). It flaps once more than `flap_high` per cent changed, and until no
more than `flap_low` did (docs/adr/0009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from watchdog.model.settings import HealthSettings

STATES = 21
CHANGES = STATES - 1
NEWEST, OLDEST = 1.2, 0.8
HELD_LEAST, HELD_MOST = 30.0, 120.0
"""Seconds. With the most of it the ladder still ends under ten minutes."""

_KEPT = (1 << CHANGES) - 1
_STEP = (NEWEST - OLDEST) / (CHANGES - 1)


@dataclass(frozen=True, slots=True)
class Flaps:
    """The last states of one check, or of a container's health check. Times are steady seconds."""

    good: bool | None = None
    """The last state; None until it was good once: what only starts does not flap."""
    changes: int = 0
    """Bit n says whether the state n samples ago was another than the one before it."""
    flapping: bool = False
    bad_since: float = 0.0
    longest_bad: float = 0.0
    """Its longest bad spell since it was last steady, in seconds."""

    @property
    def percent(self) -> float:
        """0..100: how much of its last 21 states changed, by weight."""
        weights = (NEWEST - _STEP * age for age in range(CHANGES) if self.changes >> age & 1)
        return 100.0 * sum(weights) / CHANGES

    @property
    def hold(self) -> float:
        """Seconds that it may be bad for without a break before that is no flap any more."""
        return min(max(2 * self.longest_bad, HELD_LEAST), HELD_MOST)


@dataclass(frozen=True, slots=True)
class Flapping:
    """That something flaps: `hold` are the seconds for which its being bad is not acted on."""

    name: str
    because: str
    hold: float


def sample(flaps: Flaps, now: float, settings: HealthSettings, *, good: bool) -> Flaps:
    """After one more state."""
    if flaps.good is None:
        return Flaps(good=True) if good else flaps
    changed = flaps.good is not good
    if not changed and not flaps.changes:
        return flaps
    changes = (flaps.changes << 1 | changed) & _KEPT
    if not changes:
        return Flaps(good=good, bad_since=flaps.bad_since)
    mended = changed and good
    after = Flaps(
        good=good,
        changes=changes,
        bad_since=now if changed and not good else flaps.bad_since,
        longest_bad=max(flaps.longest_bad, now - flaps.bad_since) if mended else flaps.longest_bad,
    )
    limit = settings.flap_low if flaps.flapping else settings.flap_high
    return replace(after, flapping=after.percent > limit)


def worst(known: Mapping[str, Flaps]) -> Flapping | None:
    """Of what flaps, by its name, the one that changes most; None where nothing flaps."""
    flapping = [(flaps.percent, name, flaps) for name, flaps in known.items() if flaps.flapping]
    if not flapping:
        return None
    percent, name, flaps = max(flapping, key=lambda one: one[:2])
    return Flapping(name, f"{name} flaps: {percent:.0f} % of its last {STATES} states changed", flaps.hold)
