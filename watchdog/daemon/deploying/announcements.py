"""Who is told of deployments, and asked before they begin."""

from __future__ import annotations

from typing import Any

from watchdog.channels.validators import Validators
from watchdog.daemon.state.daemon import DaemonState
from watchdog.model.channel import Channel
from watchdog.model.deployment import Deployment, GateResult, Stage
from watchdog.model.validator import Announcement, confirmation_json
from watchdog.model.views import gate_json


class Announcing:
    """Implements `deployments.announcer.Announcer`."""

    def __init__(self, state: DaemonState, validators: Validators) -> None:
        self._state = state
        self._validators = validators

    async def announce(self, deployment: Deployment) -> list[dict[str, Any]]:
        announcement = Announcement(
            id=deployment.id,
            at=self._state.clock.wall(),
            by=deployment.by,
            reason=deployment.reason,
            services=tuple(str(one.service) for one in deployment.before),
            removes=tuple(map(str, deployment.retire)),
            command=deployment.command,
        )
        found = await self._validators.confirm(announcement, self._state.settings.deploy.confirm_timeout)
        return [confirmation_json(one) for one in found]

    def gate(self, deployment: Deployment, result: GateResult) -> None:
        payload = {"deployment": deployment.id, **gate_json(result)}
        self._state.hub.publish(Channel.VALIDATION_RESULTS, "gate", deployment.subject, result.sentence, payload)

    def went_on(self, deployment: Deployment, sentence: str) -> None:
        hub, payload = self._state.hub, {"deployment": deployment.id, "stage": deployment.stage.value}
        hub.publish(Channel.DEPLOYMENT_COORDINATION, "deployment", deployment.subject, sentence, payload)
        if deployment.stage in {Stage.ROLLING_BACK, Stage.STUCK}:
            hub.publish(Channel.RECOVERY_COORDINATION, "deployment", deployment.subject, sentence, payload)
