"""When a maintenance window is open, by the clocks of its zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from watchdog.model.alerting import Once, Weekly

DAY: Final = 86400.0


def open_until(when: Once | Weekly, at: float) -> float | None:
    """The end of what is open at this moment (both Unix seconds); None when nothing is.

    `lasts` is time that passes, whatever the clocks are set to meanwhile. A beginning that the clocks skip in spring
    is as much later as they skip; of one that they show twice in autumn the first counts (PEP 495, fold 0).
    """
    if isinstance(when, Once):
        return when.ends if when.begins <= at < when.ends else None
    begins = [_begins(when, day) for day in _days(when, at)]
    ends = [begin + when.lasts for begin in begins if begin <= at < begin + when.lasts]
    return max(ends, default=None)


def _days(when: Weekly, at: float) -> list[date]:
    """Those on which one that is open now can have begun: a day more than it lasts, for what the clocks are set by."""
    today = datetime.fromtimestamp(at, UTC).astimezone(when.zone).date()
    back = int(when.lasts // DAY) + 1
    days = [today - timedelta(days=ago) for ago in range(back + 1)]
    return [day for day in days if day.weekday() in when.days]


def _begins(when: Weekly, day: date) -> float:
    return datetime.combine(day, when.at, when.zone).timestamp()
