"""Who is told of a deployment, and asked before it begins."""

from __future__ import annotations

from typing import Any, Protocol

from watchdog.model.deployment import Deployment, GateResult


class Announcer(Protocol):
    async def announce(self, deployment: Deployment) -> list[dict[str, Any]]:
        """Asks every validator concerned; one answer each: `validator`, `confirmed`, `because`."""
        ...

    def gate(self, deployment: Deployment, result: GateResult) -> None: ...

    def went_on(self, deployment: Deployment, sentence: str) -> None:
        """It is at another stage: what fails is told to those who recover at once."""
        ...
