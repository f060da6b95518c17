"""Brings back what a deployment changed: newcomers are set aside, what was there returns in order, all is verified."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from watchdog.deployments.event_stream import EventStream
from watchdog.deployments.gates import Asked, Gates
from watchdog.deployments.host import DeploymentHost
from watchdog.engine.protocol import Summary
from watchdog.engine.spec import ALL_NETWORKS_AT_CREATE, config_hash
from watchdog.errors import EngineRefused, EngineUnavailable, NotFound
from watchdog.model.container import Container, ContainerSpec, api_number
from watchdog.model.deployment import Before, Deployment, Gate, GateResult
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import Plan
from watchdog.model.record import EntryKind, Outcome
from watchdog.model.views import gate_json
from watchdog.policy.compose_changes import CONFIG_HASH
from watchdog.policy.discovery import NONCE, ONEOFF
from watchdog.policy.graph import COMPOSE_DEPENDS_ON, tiers
from watchdog.policy.planning import Impossible
from watchdog.policy.restoring import (
    Found,
    as_before,
    networks_changed,
    obstacle,
    plan_network,
    plan_removal,
    plan_restore,
    plan_set_aside,
)
from watchdog.recovery.manager import Execution
from watchdog.recovery.ours import own_names

ENGINE_PATIENCE: Final = 180.0
"""Seconds for which a rollback waits for an engine that is away."""


READ_LABELS: Final = (CONFIG_HASH, COMPOSE_DEPENDS_ON)
"""Compose's labels by which the next `up`, or a recovery, decides."""

SETTLES_WITHIN: Final = 30.0
"""Seconds that the engine has to end what it was still doing for the command."""
KILLS_WITHIN: Final = 2.0
"""Seconds after a container's stop time-out in which it is gone."""


class Failed(Exception):
    """A rollback that goes no further: one sentence. Everything stays as it is."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one service in one go; `vital` is what brings a missing service back."""

    plan: Plan
    spec: ContainerSpec | None
    vital: bool = False


class Rollback:
    """Of one deployment. May be run again: it looks at what there is, and plans anew."""

    def __init__(self, host: DeploymentHost, gates: Gates, telling: EventStream, deployment: Deployment) -> None:
        self._host = host
        self._gates = gates
        self._telling = telling
        self._deployment = deployment
        self._because = f"{deployment.subject} is rolled back"
        self._nonce = secrets.token_hex(NONCE)
        self._others = frozenset(deployment.others)
        self._specs: dict[ServiceKey, ContainerSpec] = {}
        self._elusive = False
        """At the last look something was listed and not to be found."""
        self.verified: list[GateResult] = []
        """What proves in the end that what was there before is good again."""

    async def run(self, questions: Mapping[Gate, list[Asked]]) -> str:
        """Returns what was brought back. Raises Failed, LedgerError and EngineError where that goes no further."""
        await self._engine_answers()
        found = [one for one in await self._settled() if not as_before(one)]
        _look_for_obstacles(found)
        newcomers = [one for one in found if one.newcomers]
        await self._each(Step(plan_set_aside(one, self._because, self._nonce), None) for one in newcomers)
        await self._networks(found)
        await self._restore(found)
        await self._verify(questions)
        await self._each(Step(plan_removal(one, self._because), None) for one in newcomers)
        names = ", ".join(str(one.service) for one in found if one.before is not None)
        gone = ", ".join(str(one.service) for one in found if one.before is None)
        removed = f"; {gone}, which it brought, is removed" if gone else ""
        return (f"{names} brought back and verified" if names else "what was there before is verified") + removed

    async def _engine_answers(self) -> None:
        until = self._host.now() + ENGINE_PATIENCE
        while (away := self._host.away()) is not None:
            if self._host.now() > until:
                raise Failed(f"the engine does not come back: {away}")
            await self._host.changed(1.0)

    async def _settled(self) -> list[Found]:
        """What there is, once the engine does nothing more of what the ended command had asked of it.

        A container that it is still making or removing is listed, and its inspect answers 404 or 500.
        """
        until = self._host.now() + SETTLES_WITHIN
        while True:
            try:
                found = await self._look_around()
                if not (self._elusive or await self._is_ending(found)) or self._host.now() > until:
                    return found
            except EngineRefused:
                if self._host.now() > until:
                    raise
            await self._host.changed(0.25)

    async def _is_ending(self, found: Iterable[Found]) -> bool:
        """Whether something runs on that was told to end: its stop is under way."""
        told = await self._host.engine.told_to_end()
        began, wall = self._deployment.began_at, self._host.wall()
        return any(
            began < told.get(one.id, 0.0) and wall < told[one.id] + one.stop_timeout + KILLS_WITHIN
            for one in (each.original for each in found)
            if one is not None and one.running
        )

    async def _look_around(self) -> list[Found]:
        """What there is of every service that the deployment covers, and what there was."""
        self._elusive = False
        host = self._host
        before = {one.service: one for one in self._deployment.before}
        by_container = {one.container: one.service for one in self._deployment.before}
        theirs: dict[ServiceKey, list[Summary]] = {}
        for summary in await host.engine.list_containers():
            key = by_container.get(summary.id) or self._newcomer_of(summary)
            if key is not None:
                theirs.setdefault(key, []).append(summary)
        keys = dict.fromkeys([*before, *theirs])
        return list(await asyncio.gather(*(self._find(key, before.get(key), theirs.get(key, [])) for key in keys)))

    def _newcomer_of(self, summary: Summary) -> ServiceKey | None:
        """The service in the scope that the deployment made this container for; None for any other container."""
        if summary.id in self._others or summary.labels.get(ONEOFF, "").lower() == "true":
            return None
        key = self._host.service_of(summary.id, summary.name, summary.labels)
        return key if key is not None and self._deployment.scope.covers(key) else None

    async def _find(self, key: ServiceKey, before: Before | None, theirs: list[Summary]) -> Found:
        host = self._host
        containers = [one for one in await asyncio.gather(*map(self._inspect, theirs)) if one is not None]
        if before is None:
            return Found(service=key, before=None, newcomers=tuple(containers))
        spec = await self._spec(before)
        survey = await host.engine.survey(spec)
        original = next((one for one in containers if one.id == before.container), None)
        if original is None:
            original = await self._made_alike(key, spec, containers)
        unattached = survey.networks_changed
        if original is not None and original.id == before.container:
            captured = await host.engine.capture(original.id, host.bearers(key))
            unattached += tuple(name for name in spec.endpoints if name not in captured.endpoints)
        newcomers = tuple(one for one in containers if original is None or one.id != original.id)
        return Found(
            service=key,
            before=before,
            spec=spec,
            survey=survey,
            original=original,
            unattached=tuple(dict.fromkeys(unattached)),
            newcomers=newcomers,
        )

    async def _made_alike(self, key: ServiceKey, spec: ContainerSpec, containers: list[Container]) -> Container | None:
        """A container that is what was there before in everything but its ID, and runs."""
        wanted = config_hash(spec)
        for container in containers:
            if not container.running:
                continue
            captured = await self._host.engine.capture(container.id, self._host.bearers(key))
            alike = config_hash(captured) == wanted and captured.volumes == spec.volumes
            if alike and all(_label(captured, name) == _label(spec, name) for name in READ_LABELS):
                return container
        return None

    async def _inspect(self, summary: Summary) -> Container | None:
        try:
            return await self._host.engine.inspect(summary.id)
        except NotFound:
            self._elusive = True
            return None

    async def _spec(self, before: Before) -> ContainerSpec:
        if before.service not in self._specs:
            self._specs[before.service] = await self._host.spec(before.spec_id)
        return self._specs[before.service]

    async def _networks(self, found: Iterable[Found]) -> None:
        for network, users in networks_changed(found).items():
            await self._carry_out(Step(plan_network(network, users, self._because), users[0].spec))

    async def _restore(self, found: Iterable[Found]) -> None:
        """Tier by tier: what others need comes first, and is healthy before they start."""
        waiting = {one.service: one for one in found if one.before is not None}
        graph = {key: roots for key, roots in self._host.graph().items() if key in waiting}
        order = tiers({key: graph.get(key, frozenset()) for key in waiting})
        for at, tier in enumerate(order):
            await _all(self._bring_back(waiting[key]) for key in tier)
            ran = [key for key in tier if (before := waiting[key].before) is not None and before.ran]
            if at + 1 < len(order) and ran:
                result = await self._gates.infrastructure(ran)
                if result.proofs and not result.passed:
                    raise Failed(f"what was brought back is not good: {result.sentence}")

    async def _bring_back(self, one: Found) -> None:
        if one.spec is None:
            return
        survey = await self._host.engine.survey(one.spec)
        later = api_number(self._host.api_version()) < ALL_NETWORKS_AT_CREATE
        plan = plan_restore(one, survey, self._because, self._nonce, connects_later=later)
        if isinstance(plan, Impossible):
            raise Failed(f"{one.service} cannot be brought back: {plan.because}")
        if plan is not None:
            await self._carry_out(Step(plan, one.spec, vital=one.original is None))

    async def _verify(self, questions: Mapping[Gate, list[Asked]]) -> None:
        """By fresh observations of all that was good before, not only of what was brought back."""
        good = [one.service for one in self._deployment.before if one.good]
        results = self.verified = [await self._gates.infrastructure(good)]
        for gate, asked in questions.items():
            if not results[-1].failures:
                results.append(await self._gates.checks(gate, asked))
        for result in results:
            if result.proofs:
                self._telling.tell("gate", **gate_json(result))
            if result.failures:
                raise Failed(f"what was there before is back and not good: {result.sentence}")

    async def _each(self, steps: Iterable[Step]) -> None:
        await _all(self._carry_out(step) for step in steps)

    async def _carry_out(self, step: Step) -> None:
        """Intent, engine calls, outcome."""
        host, plan = self._host, step.plan
        if not plan.steps:
            return
        payload = {
            "plan": str(plan),
            "rung": plan.rung.value,
            "cause": plan.cause.value,
            "spec": step.spec.id if step.spec is not None else None,
            "container": None,
            "names": own_names(plan),
            "deployment": self._deployment.id,
        }
        entry = host.entry(EntryKind.INTENT, plan.service, f"will act: {plan.because}", payload=payload)
        (row,) = await host.write(entry, vital=step.vital)
        for one in plan.steps:
            self._telling.tell("restore", service=str(plan.service), sentence=str(one))

        async def replaced(mine: frozenset[str]) -> bool:
            return await host.replaced(plan.service, mine)

        specs = {step.spec.id: step.spec} if step.spec is not None else {}
        attempted = await host.manager.execute(
            Execution(plan=plan, intent=row.seq, incident=None, specs=specs, replaced=replaced)
        )
        outcome = Outcome.FAILED if attempted.failure is not None else Outcome.RECOVERED
        sentence = f"{self._because}: {attempted.failure or 'done'}"
        facts = {"intent": row.seq, "outcome": outcome.value, "deployment": self._deployment.id}
        await host.write(host.entry(EntryKind.OUTCOME, plan.service, sentence, payload=facts), vital=True)
        if attempted.engine_away:
            raise EngineUnavailable(attempted.failure or "the engine went away")
        if attempted.failure is not None:
            raise Failed(f"{plan.service}: {attempted.failure}")


def _look_for_obstacles(found: Sequence[Found]) -> None:
    """Before anything is touched: what cannot be brought back in the end is not begun."""
    newcomers = {container.id for one in found for container in one.newcomers}
    reasons = [
        f"{one.service} cannot be brought back: {impossible.because}"
        for one in found
        if (impossible := obstacle(one, newcomers)) is not None
    ]
    if reasons:
        raise Failed("; ".join(reasons))


def _label(spec: ContainerSpec, name: str) -> str | None:
    labels: Mapping[str, str] = spec.config.get("Labels") or {}
    return labels.get(name)


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """Side by side; all have ended when the first of their errors is raised."""
    for result in await asyncio.gather(*works, return_exceptions=True):
        if result is not None:
            raise result
