"""From a decision to a plan: looks up what the plan needs, and changes nothing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from watchdog.engine.protocol import Engine
from watchdog.engine.spec import ALL_NETWORKS_AT_CREATE, networks_unknown, with_networks_of
from watchdog.errors import NotFound
from watchdog.ledger import Ledger
from watchdog.model.container import Container, ContainerSpec, api_number
from watchdog.model.plan import Act, Plan
from watchdog.model.record import Rung, ServiceRecord
from watchdog.policy.discovery import NONCE
from watchdog.policy.ladder import rollback_target
from watchdog.policy.planning import Impossible, Remake, plan_remake, plan_restart, plan_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The service that a plan is for, as it was when it was decided on."""

    record: ServiceRecord
    container: Container | None
    config_hash: str | None
    stop_timeout: float | None
    bearers: Mapping[str, str]
    """Container, as its own one refers to it, whose namespace it shares → what that one's service calls its now."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan and the specs that its steps need: the one to make it from, then that of the one that is there."""

    plan: Plan
    specs: tuple[ContainerSpec, ...] = ()


class Planner:
    """Raises EngineError and LedgerError; what cannot be done at all is a value."""

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger

    async def plan(self, subject: Subject, decision: Act, api_version: str) -> Planned | Impossible:
        key, container = subject.record.service, subject.container
        if container is not None and decision.rung is Rung.START:
            return Planned(plan_start(key, decision.cause, decision.because, container))
        if container is not None and decision.rung is Rung.RESTART:
            plan = plan_restart(key, decision.cause, decision.because, container, subject.stop_timeout)
            return Planned(plan)
        return await self._plan_remake(subject, decision, api_version)

    async def _plan_remake(self, subject: Subject, decision: Act, api_version: str) -> Planned | Impossible:
        spec = await self._spec_for(subject, decision)
        if isinstance(spec, Impossible):
            return spec
        if api_number(spec.api_version) > api_number(api_version):
            return Impossible(
                f"its saved spec is from an engine with API {spec.api_version}, and this one (API {api_version}) would "
                f"leave out what it does not know: deploy the service again"
            )
        spec = await self._with_networks(spec, subject.record)
        key = subject.record.service
        before = await self._existing_spec(subject, spec, decision.rung)
        if isinstance(before, Impossible):
            return before
        named = spec if key.project else replace(spec, container_name=key.name)  # it may be renamed now
        remake = Remake(
            service=key,
            rung=decision.rung,
            cause=decision.cause,
            because=decision.because,
            spec=named,
            survey=await self._engine.survey(named),
            existing=subject.container,
            existing_spec=before,
            stop_timeout=subject.stop_timeout,
            connects_later=api_number(api_version) < ALL_NETWORKS_AT_CREATE,
            nonce=secrets.token_hex(NONCE),
        )
        plan = plan_remake(remake)
        if isinstance(plan, Impossible):
            return plan
        return Planned(plan, (spec, before) if before is not None and before != spec else (spec,))

    async def _spec_for(self, subject: Subject, decision: Act) -> ContainerSpec | Impossible:
        """Recreate: what is there, else the newest proven deployment. Rollback: the newest proven one that differs."""
        baselines = subject.record.baselines
        if decision.rung is Rung.ROLLBACK:
            newest = rollback_target(subject.record, subject.config_hash)
            target = decision.baseline - 1 if decision.baseline is not None else newest
            if target is None or target >= len(baselines):
                return Impossible("there is no other proven deployment to go back to")
            return await self._ledger.spec(baselines[target].spec_id)
        if subject.container is not None:
            return await self._capture(subject.container, subject.bearers)
        if not baselines:
            return Impossible("no deployment of it was ever proven, so there is nothing to recreate it from")
        return await self._ledger.spec(baselines[0].spec_id)

    async def _existing_spec(
        self, subject: Subject, spec: ContainerSpec, rung: Rung
    ) -> ContainerSpec | Impossible | None:
        """What is there is captured for a recreation anyhow; a rollback needs it to be undone."""
        if subject.container is None:
            return None
        return await self._capture(subject.container, subject.bearers) if rung is Rung.ROLLBACK else spec

    async def _capture(self, container: Container, bearers: Mapping[str, str]) -> ContainerSpec | Impossible:
        try:
            return await self._engine.capture(container.id, bearers)
        except NotFound:
            return Impossible("its container is being removed", passing=True)

    async def _with_networks(self, spec: ContainerSpec, record: ServiceRecord) -> ContainerSpec:
        """What was captured after a network had gone knows only its name: what was proven knows how to make it."""
        if not record.baselines or not networks_unknown(spec):
            return spec
        return with_networks_of(await self._ledger.spec(record.baselines[0].spec_id), spec)
