"""What became of the alerts, per receiver."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class AlertCounts:
    """Counters by receiver (`files`, `webhook`, `command`); the metrics show them.

    `failed` counts tries that failed, `dropped` alerts that never arrived: queue full or given up.
    """

    sent: Counter[str] = field(default_factory=Counter[str])
    failed: Counter[str] = field(default_factory=Counter[str])
    dropped: Counter[str] = field(default_factory=Counter[str])
