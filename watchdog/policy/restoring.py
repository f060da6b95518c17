"""How a deployment is rolled back: which engine calls bring each service back to what it was before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from watchdog.model.container import Container, ContainerSpec, ContainerState, Survey
from watchdog.model.deployment import Before
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import (
    ConnectNetwork,
    CreateNetwork,
    DisconnectNetwork,
    Plan,
    RemoveContainer,
    RemoveNetwork,
    RenameContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
)
from watchdog.model.record import Rung
from watchdog.policy.discovery import aside_name, is_aside
from watchdog.policy.planning import Impossible, Remake, obstacle_to, plan_remake

ENDED = {ContainerState.CREATED, ContainerState.EXITED, ContainerState.DEAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is of a service when its rollback is planned."""

    service: ServiceKey
    before: Before | None
    """None where the deployment brought the service: then nothing of it stays."""
    spec: ContainerSpec | None = None
    """As it was before."""
    original: Container | None = None
    """Its container of before, or one that was made like it."""
    survey: Survey | None = None
    """What there is of the things that the spec needs."""
    unattached: tuple[str, ...] = ()
    """Networks of the spec that `original` is not on any more, or that are made again as they were."""
    newcomers: tuple[Container, ...] = ()
    """Those that the deployment made."""


def as_before(found: Found) -> bool:
    """Whether nothing of a service has to be brought back."""
    if found.newcomers:
        return False
    if found.before is None:
        return True
    original = found.original
    if original is None or found.unattached or original.name != found.before.container_name:
        return False
    return original.running is found.before.ran


def plan_set_aside(found: Found, because: str, nonce: str) -> Plan:
    """Newcomers are stopped and kept until what they replaced is good; they are never started again.

    Those that an earlier try has set aside are.
    """
    steps: list[Step] = []
    for number, container in enumerate(one for one in found.newcomers if not is_aside(one.name)):
        if container.state not in ENDED:
            steps.append(StopContainer(container.id, container.stop_timeout))
        steps.append(SetRestartPolicy(container.id, "no"))
        steps.append(RenameContainer(container.id, aside_name(container.name, f"{nonce}{number}")))
    return _plan(found.service, because, steps)


def networks_changed(found: Iterable[Found]) -> dict[str, tuple[Found, ...]]:
    """Networks that the deployment made otherwise, each with those whose spec has it."""
    changed: dict[str, tuple[Found, ...]] = {}
    for one in found:
        for network in one.survey.networks_changed if one.survey is not None else ():
            changed[network] = (*changed.get(network, ()), one)
    return changed


def plan_network(network: str, users: Sequence[Found], because: str) -> Plan:
    """Makes a network again as the spec of its first user knows it; what is there is connected again later."""
    steps: list[Step] = [DisconnectNetwork(one.original.id, network) for one in users if one.original is not None]
    spec_id = users[0].spec.id if users[0].spec is not None else ""
    return _plan(users[0].service, because, [*steps, RemoveNetwork(network), CreateNetwork(spec_id, network)])


def plan_restore(
    found: Found, survey: Survey, because: str, nonce: str, *, connects_later: bool
) -> Plan | Impossible | None:
    """Brings back what was there, from the container itself or from its spec; None when nothing has to be done."""
    before, spec, original = found.before, found.spec, found.original
    if before is None or spec is None:
        return None
    if original is not None:
        steps = tuple(_bring_back(before, spec, original, found.unattached))
        return _plan(found.service, because, steps) if steps else None
    remake = Remake(
        service=found.service,
        rung=Rung.ROLLBACK,
        cause=Cause.NONE,
        because=because,
        spec=spec,
        survey=survey,
        existing=None,
        existing_spec=None,
        stop_timeout=None,
        connects_later=connects_later,
        nonce=nonce,
    )
    plan = plan_remake(remake)
    if isinstance(plan, Impossible):
        return plan
    steps = plan.steps if before.ran else plan.steps[:-1]
    return replace(plan, steps=steps, undo=())  # a rollback is never rolled back


def _bring_back(before: Before, spec: ContainerSpec, original: Container, unattached: Sequence[str]) -> Iterable[Step]:
    policy: Mapping[str, Any] = spec.host_config.get("RestartPolicy") or {}
    name, retries = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    if original.restart_policy.value != name:
        yield SetRestartPolicy(original.id, name, retries)
    if original.name != before.container_name:
        yield RenameContainer(original.id, before.container_name)
    for network in unattached:
        yield ConnectNetwork(spec.id, original.id, network)
    if before.ran and original.state in ENDED:
        yield StartContainer(original.id)
    elif not before.ran and original.state not in ENDED:
        yield StopContainer(original.id, original.stop_timeout)


def plan_removal(found: Found, because: str) -> Plan:
    """What was set aside goes, once what it replaced is verified; volumes stay."""
    return _plan(found.service, because, [RemoveContainer(container.id) for container in found.newcomers])


def obstacle(found: Found, newcomers: Collection[str]) -> Impossible | None:
    """Why a service cannot be brought back, found out before anything is touched.

    `newcomers`: IDs of all containers that the deployment made: what they hold is free once they are set aside.
    """
    if found.before is None or found.spec is None or found.survey is None or found.original is not None:
        return None
    holder = found.survey.name_holder if found.survey.name_holder not in newcomers else None
    taken = tuple(one for one in found.survey.taken if one.container not in newcomers)
    return obstacle_to(found.spec, replace(found.survey, name_holder=holder, taken=taken), None)


def _plan(service: ServiceKey, because: str, steps: Iterable[Step]) -> Plan:
    return Plan(service=service, rung=Rung.ROLLBACK, cause=Cause.NONE, because=because, steps=tuple(steps))
