"""What became of the alerts, per receiver, and of the pings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class AlertCounts:
    """Counters by receiver (`files`, or its name in the configuration); the metrics show them.

    `failed` counts tries that failed, `dropped` alerts that never arrived: too many waited, refused or given up.
    """

    sent: Counter[str] = field(default_factory=Counter[str])
    failed: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])
    queued: Callable[[], Mapping[str, int]] = dict[str, int]
    """How many wait now."""
    pings: int = 0
    """Those that were taken."""
    ping_failures: int = 0
    pinged_at: float | None = None
    """Unix time of the last ping that was taken."""
