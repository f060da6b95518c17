"""Checks that belong to no single service: stand-alone endpoints, and journeys."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.journey import JourneyProbe
from watchdog.policy.flapping import Flaps
from watchdog.policy.streak import Streak, follow, without_failures


@dataclass(slots=True)
class Endpoint:
    """A stand-alone endpoint: one that belongs to no service."""

    check: Check
    streak: Streak = field(default_factory=Streak)
    flaps: Flaps = field(default_factory=Flaps)
    doubted_at: float | None = None
    """When it began to fail (steady seconds)."""
    waiting: str = ""
    """For which of the services that it needs it waits while it fails, a sentence."""
    attributed_to: ServiceKey | None = None
    """The service in whose incident the ledger says that this fails for want of it."""

    def hear(self, observation: Observation) -> None:
        self.streak = follow(self.streak, observation, self.check)

    def attribute(self, root: ServiceKey) -> None:
        """Until it is good again, or asked anew."""
        self.attributed_to = root

    def forget_failures(self) -> None:
        self.streak, self.flaps, self.attributed_to = without_failures(self.streak), Flaps(), None


@dataclass(slots=True)
class Journey:
    """A journey that belongs to services, which hear of it as a check of their own."""

    check: Check
    streak: Streak = field(default_factory=Streak)
    blamed: set[ServiceKey] = field(default_factory=set[ServiceKey])
    """Whose steps failed since they last passed."""

    @property
    def probe(self) -> JourneyProbe:
        assert isinstance(self.check.probe, JourneyProbe)  # noqa: S101 - for the type checker
        return self.check.probe

    def is_of(self, key: ServiceKey) -> bool:
        return any(one.means_replica(key) for one in self.probe.services)

    def hear(self, run: Observation) -> None:
        self.streak = follow(self.streak, run, self.check)

    def note(self, key: ServiceKey, heard: Observation) -> None:
        """Takes in what one of its services heard."""
        if heard.verdict is Verdict.FAIL:
            self.blamed.add(key)
        elif heard.verdict is Verdict.PASS:
            self.blamed.discard(key)
