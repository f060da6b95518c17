"""How far a deployment is: in the ledger first, then told to all who follow it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from watchdog.deployments.announcer import Announcer
from watchdog.deployments.degradation import DegradationMonitor
from watchdog.deployments.event_stream import EventStream
from watchdog.deployments.host import DeploymentHost
from watchdog.errors import LedgerError
from watchdog.model.deployment import Deployment, GateResult, Stage
from watchdog.model.record import Entry, EntryKind
from watchdog.model.views import deployment_json, gate_json
from watchdog.policy.deployment import Turn, advance


class DeploymentLog:
    """Of one deployment; `deployment` is what the ledger says of it. What is written may raise LedgerError."""

    def __init__(
        self, host: DeploymentHost, announce: Announcer, watching: DegradationMonitor, deployment: Deployment
    ) -> None:
        self._host = host
        self._announce = announce
        self._watching = watching
        self.deployment = deployment
        self.telling = EventStream()

    async def advance(self, turn: Turn, sentence: str, *, because: str = "", vital: bool = False) -> None:
        updated = self.updated(turn, because)
        await self._host.write(self.entry(sentence, of=updated), deployments=[updated], vital=vital)
        self.deployment = updated
        self._host.say(updated.subject, sentence)
        self.telling.tell("stage", stage=updated.stage.value, sentence=sentence)
        if updated.stage is not Stage.STUCK:  # of that its end tells
            self._announce.went_on(updated, sentence)

    def updated(self, turn: Turn, because: str) -> Deployment:
        """The deployment after that turn, with what was seen by now."""
        return replace(
            self.deployment,
            stage=advance(self.deployment.stage, turn),
            touched=tuple(sorted(map(str, self._watching.touched))) or self.deployment.touched,
            downtime=self._watching.downtime() or self.deployment.downtime,
            because=because or self.deployment.because,
        )

    async def end(self, turn: Turn, sentence: str, *, gates: Sequence[GateResult] = ()) -> None:
        ended = replace(self.updated(turn, sentence), ended_at=self._host.wall(), token_hash="")
        await self._host.write(self.entry(sentence, of=ended, gates=gates), deployments=[ended], vital=True)
        self.deployment = ended
        if ended.stage is Stage.ROLLED_BACK:
            await self._host.all_clear(ended, sentence)
        await self._host.unpin(ended)
        self.tell_end(sentence)

    async def end_refused(self, because: str) -> None:
        """Also on a disk that is full: nothing was touched, so nothing needs a record."""
        try:
            await self.end(Turn.FAILED, f"refused: {because}")
        except LedgerError as error:
            self._host.say(self.deployment.subject, f"its refusal is not recorded: {error}")
            self.deployment = replace(self.deployment, stage=Stage.REFUSED, because=because)
            self.tell_end(f"refused: {because}")

    async def end_stuck(self, sentence: str) -> None:
        """A person is told, whatever can be recorded of it."""
        host = self._host
        try:
            await self.advance(Turn.FAILED, f"needs a person: {sentence}", because=sentence, vital=True)
        except LedgerError as error:
            host.say(self.deployment.subject, f"that it needs a person is not recorded: {error}")
            self.deployment = replace(self.deployment, stage=Stage.STUCK, because=sentence)
        try:
            await host.alarm(self.deployment, sentence)
        except LedgerError as error:
            host.say(self.deployment.subject, f"the incident is not recorded: {error}")
        self.tell_end(sentence)

    def tell_end(self, sentence: str) -> None:
        self._host.say(self.deployment.subject, sentence)
        self._announce.went_on(self.deployment, sentence)
        self.telling.tell("end", sentence=sentence, **deployment_json(self.deployment))

    def tell_gate(self, result: GateResult) -> None:
        self.telling.tell("gate", **gate_json(result))
        self._announce.gate(self.deployment, result)

    async def write(self, sentence: str, gates: Sequence[GateResult]) -> None:
        await self._host.write(self.entry(sentence, gates=gates))

    def entry(
        self, sentence: str, *, of: Deployment | None = None, gates: Sequence[GateResult] = (), **facts: Any
    ) -> Entry:
        deployment = of or self.deployment
        payload = {**deployment_json(deployment), "gates": [gate_json(result) for result in gates], **facts}
        return self._host.entry(EntryKind.DEPLOYMENT, deployment.subject, sentence, payload=payload)
