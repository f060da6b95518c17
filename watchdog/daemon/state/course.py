"""How far a service's worker has come with it: written by the worker alone. Times are steady seconds."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.policy.phases import Phase, RecoveryEvent, advance


@dataclass(slots=True, kw_only=True)
class Course:
    phase: Phase
    assessment: Assessment | None = None
    health_since: float = 0.0
    bad_since: float | None = None
    last_good_at: float | None = None
    attributed_to: ServiceKey | None = None
    """The root cause in whose incident the ledger says that this service fails for want of it."""
    message: str = ""
    """The sentence of the last decision."""
    intent_seconds: float | None = None
    """From the arrival of the event that told of a failure to the committed intent of the present attempt."""
    busy_since: float | None = None
    broken: str | None = None
    """The bug that the last turn ended with."""

    def advance(self, event: RecoveryEvent) -> None:
        """Raises IllegalTransition where the table of phases knows no such step."""
        self.phase = advance(self.phase, event)

    def assess(self, assessment: Assessment, now: float) -> bool:
        """Takes in what was assessed; whether the health is another one than before."""
        before, self.assessment = self.assessment, assessment
        changed = before is None or before.health is not assessment.health
        if changed:
            self.health_since = now
        return changed

    def note_health(self, now: float, *, serves: bool, bad: bool) -> None:
        """Since when it is good or bad, by an engine that answers."""
        if serves:
            self.last_good_at = now
            self.bad_since = None
            self.attributed_to = None
        elif not bad:
            self.bad_since = None
        elif self.bad_since is None:
            self.bad_since = now

    def decided(self, message: str) -> None:
        self.message = message

    def attribute(self, root: ServiceKey) -> None:
        """Once, until it is good again."""
        self.attributed_to = root

    def closed(self) -> None:
        """What was decided during an incident ends with it."""
        self.message = ""
