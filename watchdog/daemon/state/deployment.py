"""Which services an open deployment covers: it alone acts on them."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.daemon.state.dependencies import Dependencies
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check


@dataclass(slots=True)
class DeploymentCover:
    dependencies: Dependencies
    deployment: Deployment | None = None
    """The one that is open, or that waits for a person."""
    left: frozenset[ServiceKey] | None = None
    """Of one that waits for a person, all that it still covers."""

    def set(self, deployment: Deployment | None, left: frozenset[ServiceKey] | None) -> None:
        self.deployment, self.left = deployment, left

    def reason(self, key: ServiceKey) -> str | None:
        """Why nobody but an open deployment acts on a service; None where none covers it."""
        deployment, left = self.deployment, self.left
        if deployment is None or not (deployment.scope.covers(key) if left is None else key in left):
            return None
        if left is None:
            return f"{deployment.subject} is under way and alone acts here"
        return f"{deployment.subject} needs a person, and everything stays as it is"

    def watches(self, check: Check) -> bool:
        """Whether an open deployment watches a stand-alone endpoint itself."""
        if self.deployment is None or self.left is not None:
            return False
        needed = self.dependencies.needed(check)
        return not needed or any(self.reason(key) is not None for key in needed)
