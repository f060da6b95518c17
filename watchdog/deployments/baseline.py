"""The baseline gate: what is there is saved before anything is changed, and how well it serves is measured."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from watchdog.deployments.gates import Gates
from watchdog.deployments.host import DeploymentHost, ServiceView
from watchdog.engine.spec import config_hash
from watchdog.errors import EngineError
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Before, Deployment, Gate, GateResult, Proof, Scope
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict
from watchdog.model.record import Desired
from watchdog.policy.discovery import stands_for
from watchdog.policy.naming import goes_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """`deployment` knows what was there; `specs` make it again; `answers` were given before anything changed."""

    result: GateResult
    deployment: Deployment
    specs: tuple[ContainerSpec, ...]
    answers: tuple[GateResult, ...]


class BaselineGate:
    """Raises EngineError where the engine cannot tell what is there."""

    def __init__(self, host: DeploymentHost, gates: Gates) -> None:
        self._host = host
        self._gates = gates

    async def save(self, deployment: Deployment) -> Saved:
        """Touches nothing but tags of images, so that no prune takes what a rollback needs."""
        host, began = self._host, self._host.now()
        await host.look()
        views = [view for key, view in sorted(host.services().items()) if deployment.scope.covers(key)]
        found = await asyncio.gather(*(self._capture(view, deployment.excused) for view in views))
        before = tuple(one for one, _, _ in found if one is not None)
        known = {one.container for one in before}
        others = tuple(
            summary.id
            for summary in await host.engine.list_containers()
            if summary.id not in known and deployment.scope.covers(stands_for(summary.name, summary.labels))
        )
        proofs = [proof for _, _, proof in found] + await self._hooks()
        answers = await self._answers(deployment.scope, [view.key for view in views])
        failing = tuple(sorted({proof.subject for result in answers for proof in result.failures}))
        return Saved(
            result=GateResult(gate=Gate.BASELINE, proofs=tuple(proofs), seconds=host.now() - began),
            deployment=replace(deployment, before=before, others=others, failing=failing),
            specs=tuple(spec for _, spec, _ in found if spec is not None),
            answers=answers,
        )

    async def rehearse(self, scope: Scope) -> GateResult:
        """The gate by itself, without hooks: nothing is kept."""
        host, began = self._host, self._host.now()
        await host.look()
        views = [one for key, one in host.services().items() if scope.covers(key)]
        protected = [one for one in views if one.record.desired is Desired.UP]
        found = await asyncio.gather(*(self._capture(view, ()) for view in protected))
        proofs = tuple(proof for _, _, proof in found)
        return GateResult(gate=Gate.BASELINE, proofs=proofs, seconds=host.now() - began)

    async def _capture(
        self, view: ServiceView, excused: tuple[str, ...]
    ) -> tuple[Before | None, ContainerSpec | None, Proof]:
        host, container, name = self._host, view.container, str(view.key)
        excuse = any(goes_by(view.key, one) for one in excused)
        if container is None:
            return None, None, Proof(name, passed=excuse, sentence="has no container, and is excused by name")
        try:
            spec = await host.engine.capture(container.id, host.bearers(view.key))
            await host.engine.pin_image(spec.image_id, name)
        except EngineError as error:
            return None, None, Proof(name, passed=False, sentence=f"it could not be saved: {error}")
        protected = view.record.desired is Desired.UP
        before = Before(
            service=view.key,
            container=container.id,
            container_name=container.name,
            spec_id=spec.id,
            image_id=spec.image_id,
            config_hash=config_hash(spec),
            ran=container.running,
            protected=protected,
            good=container.running and view.seen is not None and view.seen.serves and not excuse,
        )
        if spec.unfaithful and protected and not excuse:
            sentence = f"it could not be brought back: {'; '.join(spec.unfaithful)}; excuse it by name to go on"
            return before, spec, Proof(name, passed=False, sentence=sentence)
        image = spec.image_id.removeprefix("sha256:")[:12]
        return before, spec, Proof(name, passed=True, sentence=f"saved as {spec.id[:12]}, image {spec.image} ({image})")

    async def _hooks(self) -> list[Proof]:
        """One after the other, as written: a later one may need an earlier one."""
        proofs: list[Proof] = []
        for hook in self._host.settings.hooks:
            answer = await self._host.ask(hook)
            passed = answer.verdict is Verdict.PASS
            proofs.append(Proof(f"hook {hook.name}", passed=passed, sentence=answer.reason))
            if not passed:
                break
        return proofs

    async def _answers(self, scope: Scope, keys: list[ServiceKey]) -> tuple[GateResult, ...]:
        """What fails before anything is changed is nothing that the deployment has to answer for."""
        gates = (Gate.APPLICATION, Gate.JOURNEYS, Gate.PRODUCTION)
        asking = (self._gates.once(gate, self._gates.questions(gate, scope, keys)) for gate in gates)
        return tuple(await asyncio.gather(*asking))
