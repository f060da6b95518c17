"""What is known of heartbeats: who called in and when, for the probe that judges it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from watchdog.codecs.states import HEART
from watchdog.daemon.state.clock import Clock
from watchdog.model.observation import Check
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.policy.heartbeat import Heart, Reading, heartbeat_name, may_stay_unwritten, read_heart

log = structlog.get_logger()


@dataclass(slots=True)
class HeartbeatStore:
    """Implements `probes.beats.Beats`. Names are those of `policy.heartbeat.heartbeat_name`."""

    clock: Clock
    born: Callable[[Check], float]
    """When the container was started whose service a check belongs to, steady seconds; 0 where it has none."""
    heard_since: float | None = None
    """When calls began to be heard, steady seconds; None for an onlooker, who only reads what the daemon wrote."""
    known: dict[str, Heart] = field(default_factory=dict[str, Heart])
    unwritten: set[str] = field(default_factory=set[str])
    dirty: asyncio.Event = field(default_factory=asyncio.Event)
    """Something is unwritten."""

    def reading(self, check: Check) -> Reading:
        probe, name, now = check.probe, heartbeat_name(check), self.clock.now()
        assert isinstance(probe, HeartbeatProbe)  # noqa: S101 - asked by its probe alone
        if name not in self.known:
            self.hear(name, Heart(since=now))
        return read_heart(
            self.known[name],
            probe,
            now,
            heard_since=self.heard_since or 0.0,
            born=self.born(check),
            unwritten=may_stay_unwritten(probe.heartbeat) if self.heard_since is None else 0.0,
        )

    def hear(self, name: str, heart: Heart) -> None:
        self.known[name] = heart
        self.unwritten.add(name)
        self.dirty.set()

    def forget(self, name: str) -> None:
        del self.known[name]

    def load(self, kept: Mapping[str, str]) -> None:
        """Takes up what the ledger keeps; what cannot be read is as if it had never called."""
        for name, text in kept.items():
            try:
                self.known[name] = self._heart(text)
            except (ValueError, TypeError, KeyError) as error:
                log.error(f"what is kept of heartbeat {name} cannot be read: {type(error).__name__}")

    def text(self, name: str) -> str:
        """As the ledger keeps it: steady seconds are this run's, so they are written as Unix time."""
        heart, to_wall = self.known[name], self.clock.wall() - self.clock.now()
        called_at = None if heart.called_at is None else heart.called_at + to_wall
        return HEART.dump(replace(heart, since=heart.since + to_wall, called_at=called_at))

    def _heart(self, text: str) -> Heart:
        """Unix times as steady ones, never in the future: the wall clock may have been set back."""
        heart, steady = HEART.load(text), self.clock.steady
        called_at = None if heart.called_at is None else steady(heart.called_at)
        return replace(heart, since=steady(heart.since), called_at=called_at)
