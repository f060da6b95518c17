"""What the daemon counts while it works; `api/metrics.py` turns it into Prometheus' families at each scrape."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from watchdog.alerts.counts import AlertCounts
from watchdog.channels.counts import ChannelCounts
from watchdog.model.approval import ApprovalState
from watchdog.model.deployment import Stage
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung, Severity

BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds in seconds, inclusive: from an event seen at once to the end of the default ladder."""

OTHER: Final = "other"
"""Stands for whatever the engine names that is not in `EVENTS`: the number of series stays bounded."""

EVENTS: Final = {
    "container": (
        "create", "start", "restart", "stop", "kill", "die", "oom", "destroy", "health_status", "pause", "unpause",
        "rename", "update", OTHER,
    ),
    "network": ("create", "connect", "disconnect", "destroy", "prune", OTHER),
    "volume": ("create", "mount", "unmount", "destroy", "prune", OTHER),
    "image": ("pull", "tag", "untag", "delete", "import", "load", "prune", OTHER),
    OTHER: (OTHER,),
}  # fmt: skip
"""Type of an engine event → its actions that are counted by name."""


@dataclass(slots=True)
class Histogram:
    """Durations in seconds, counted by `BUCKETS`."""

    total: float = 0.0
    _counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))

    def observe(self, seconds: float) -> None:
        """A negative duration (the engine's clock is ahead of ours) counts as 0."""
        seconds = max(0.0, seconds)
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    @property
    def cumulative(self) -> tuple[int, ...]:
        """One figure per bucket, each including those before it; the last counts everything."""
        return tuple(accumulate(self._counts))


@dataclass(slots=True)
class Measures:
    """Mutable and owned by the daemon's loop. Counters since the start of the daemon; times are Unix seconds."""

    events: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By type and action; add with `count_event`."""
    recoveries: Counter[tuple[ServiceKey, Rung]] = field(default_factory=Counter[tuple[ServiceKey, Rung]])
    """Attempts, counted when their intent is written."""
    recovery_failures: Counter[tuple[ServiceKey, Rung]] = field(default_factory=Counter[tuple[ServiceKey, Rung]])
    """Attempts whose outcome was not verified good."""
    detection: Histogram = field(default_factory=Histogram)
    """From the engine's timestamp of a failure to its detection."""
    detection_bound: Histogram = field(default_factory=Histogram)
    """From the last good observation to the detection, where the time of the failure is not known."""
    recovery: Histogram = field(default_factory=Histogram)
    """From the detection to the verification that the service is good again."""
    check_start_lag: Histogram = field(default_factory=Histogram)
    """From the moment at which a check is due to the moment at which it is asked."""
    checks_missed: int = 0
    """Slots of checks that passed without a question, because the daemon was asleep or too busy."""
    polls: int = 0
    polls_missed: int = 0
    poll_seconds: float | None = None
    """How long the last poll took."""
    last_poll_at: float | None = None
    """When the last poll ended that reached the engine."""
    claims: int = 0
    claims_refuted: int = 0
    ledger_failures: int = 0
    heartbeats: Counter[str] = field(default_factory=Counter[str])
    """Calls by name, of those that are configured."""
    alerts: AlertCounts = field(default_factory=AlertCounts)
    channels: ChannelCounts = field(default_factory=ChannelCounts)
    firing: Callable[[], Mapping[Severity, int]] = dict
    """Open incidents of which somebody was told, by how bad they were called."""
    held: Callable[[], int] = int
    """Open incidents of which nobody is told now: silence, pause, maintenance."""
    silences: Callable[[], int] = int
    approvals: Counter[ApprovalState] = field(default_factory=Counter[ApprovalState])
    """Requests for a person's approval that came to this state."""
    approvals_waiting: Callable[[], int] = int
    deployments: Counter[Stage] = field(default_factory=Counter[Stage])
    """Those that came to an end, or to where a person is needed."""
    deployment_open: Callable[[], bool] = bool

    def count_event(self, kind: str, action: str) -> None:
        """Counts an engine event; names that are not in `EVENTS` count as `other`."""
        if kind not in EVENTS:
            kind = OTHER
        self.events[kind, action if action in EVENTS[kind] else OTHER] += 1
