"""What is known of the engine. Times are steady seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.engine.protocol import EngineIdentity


@dataclass(slots=True)
class EngineActivity:
    """What the engine's events told of others than watchdog."""

    foreign: dict[str, float] = field(default_factory=dict[str, float])
    """Project (or name of a container outside Compose) → last foreign activity around it."""
    last_death: float = 0.0
    last_stop: float = 0.0


@dataclass(slots=True)
class EngineState:
    """`away` is None while the engine answers, else the sentence why not."""

    away: str | None = "the engine has not been seen yet"
    away_since: float | None = None
    settled_at: float = 0.0
    """Nothing is judged before."""
    identity: EngineIdentity | None = None
    polled_at: float | None = None
    """When the last poll ended; None before the first one."""
    activity: EngineActivity = field(default_factory=EngineActivity)

    def identified(self, identity: EngineIdentity) -> None:
        self.identity = identity

    def tells(self, now: float) -> bool:
        """Whether what is known of containers is what the engine says now."""
        return self.away is None and now >= self.settled_at
