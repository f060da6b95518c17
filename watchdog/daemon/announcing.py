"""Who is told of deployments."""

from __future__ import annotations

from typing import Any

from watchdog.model.deployment import Deployment, GateResult


class Announcing:
    """Implements `deployments.announcing.Announcer`."""

    async def announce(self, deployment: Deployment) -> list[dict[str, Any]]:
        return []

    def gate(self, deployment: Deployment, result: GateResult) -> None:
        pass

    def ended(self, deployment: Deployment, sentence: str) -> None:
        pass
