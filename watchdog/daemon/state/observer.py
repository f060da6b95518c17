"""Whether the observer itself can see, as far as its checks and references tell. Times are steady seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from watchdog.daemon.state.connectivity import ConnectivityMonitor
from watchdog.daemon.state.services import Services
from watchdog.policy.common_cause import Suspicion, Word, judged
from watchdog.policy.streak import Standing


@dataclass(slots=True)
class ObserverState:
    services: Services
    connectivity: ConnectivityMonitor
    others_asked_at: float = 0.0
    """When the checks of others were last asked because one failed."""
    sees_since: float = 0.0
    """When the observer's own network was last found to be back."""
    word: Word | None = None
    """What the observer's references said, while there is something to ask them about."""

    def suspicion(self) -> Suspicion | None:
        """Whether the observer itself seems to be blind, its references heard."""
        suspicion = self.connectivity.common_cause()
        references = self.services.settings.observer.references
        return judged(suspicion, references, self.word) if suspicion is not None else None

    def past_threshold(self, names: Iterable[str]) -> bool:
        """Whether one of these checks has failed often enough to be believed."""
        wanted = set(names)
        streaks = [(endpoint.check.name, endpoint.streak) for endpoint in self.services.endpoints.values()]
        streaks += [pair for service in self.services.known.values() for pair in service.streaks.items()]
        return any(name in wanted and streak.standing is Standing.FAILING for name, streak in streaks)
