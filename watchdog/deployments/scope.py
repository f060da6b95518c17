"""What a deployment has to prove: of which services, by which checks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from watchdog.deployments.gates import Asked, Gates
from watchdog.deployments.host import DeploymentHost
from watchdog.model.deployment import Deployment, Gate, same_service
from watchdog.model.identity import ServiceKey
from watchdog.policy.naming import goes_by

ASKING: Final = (Gate.APPLICATION, Gate.JOURNEYS, Gate.PRODUCTION)
"""The gates that ask checks, in order."""


class DeploymentScope:
    def __init__(self, host: DeploymentHost, gates: Gates) -> None:
        self._host = host
        self._gates = gates

    def services(self, deployment: Deployment, touched: Collection[ServiceKey]) -> list[ServiceKey]:
        """All that were good and were not retired, and all that it touched and left there."""
        there = {key for key in self.standing() if deployment.scope.covers(key)}
        good = {one.service for one in deployment.before if one.good}
        excused = {key for key in there if any(goes_by(key, name) for name in deployment.excused)}
        return sorted((there & (good | set(touched))) - excused)

    def standing(self) -> list[ServiceKey]:
        """Services that have a container."""
        return [key for key, view in self._host.services().items() if view.container is not None]

    def running(self, keys: Collection[ServiceKey]) -> list[tuple[ServiceKey, str]]:
        """Those that run, each with its container."""
        views = [(key, self._host.view(key)) for key in keys]
        found = [(key, view.container) for key, view in views if view is not None]
        return [(key, container.id) for key, container in found if container is not None and container.running]

    def questions(self, deployment: Deployment, keys: Collection[ServiceKey]) -> dict[Gate, list[Asked]]:
        """What passed before the deployment, or was not there: the rest is none of its business."""
        found = {gate: self._gates.questions(gate, deployment.scope, keys) for gate in ASKING}
        left_out = {*deployment.failing, *self._given_up(deployment)}
        return {
            gate: [one for one in asked if self._gates.subject(*one) not in left_out] for gate, asked in found.items()
        }

    def asked(self, deployment: Deployment, keys: Collection[ServiceKey]) -> list[Asked]:
        return [one for asked in self.questions(deployment, keys).values() for one in asked]

    def _given_up(self, deployment: Deployment) -> set[str]:
        """Endpoints and journeys of no service that are excused by name, or need only what is retired."""

        def retired(key: ServiceKey) -> bool:
            return any(same_service(key, one) for one in deployment.retire)

        return {
            one.check.name
            for one in self._host.alone()
            if one.check.name in deployment.excused or (one.needs and all(map(retired, one.needs)))
        }
