"""From a rung to a plan: which engine calls, in which order, and what undoes them."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.container import Container, ContainerSpec, ContainerState, Survey
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import (
    NEW,
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    HandOver,
    Plan,
    RemoveContainer,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
    Wait,
)
from watchdog.model.record import Rung
from watchdog.policy.discovery import aside_name, successor_name

MEANT_TO_RUN = {ContainerState.RUNNING, ContainerState.RESTARTING, ContainerState.PAUSED}
"""Put back after a failed recreation, these are started again: Docker would otherwise still hold them up."""


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why a rung cannot be climbed at all; nothing is tried and no attempt is burnt.

    `passing`: somebody else is in the middle of something, so that a moment later it may look different.
    """

    because: str
    passing: bool = False


LOOK_AGAIN_AFTER = 1.0
"""Seconds after which what passes is looked at again."""


def instead(of: Impossible, now: float) -> Wait | HandOver:
    """What is decided where a rung cannot be climbed."""
    return Wait(of.because, now + LOOK_AGAIN_AFTER) if of.passing else HandOver(of.because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remake:
    """What a recreation or a rollback needs to know. `nonce` makes its temporary names unique."""

    service: ServiceKey
    rung: Rung
    cause: Cause
    because: str
    spec: ContainerSpec
    survey: Survey
    existing: Container | None
    existing_spec: ContainerSpec | None
    """What `existing` was made from: another one than `spec` where it is rolled back."""
    stop_timeout: float | None
    """Seconds, where the configuration says other than the container."""
    connects_later: bool
    """The engine's API is older than 1.44: one network at create, the rest connected after it."""
    nonce: str


def plan_start(service: ServiceKey, cause: Cause, because: str, container: Container) -> Plan:
    steps: tuple[Step, ...] = (StartContainer(container.id),)
    return Plan(service=service, rung=Rung.START, cause=cause, because=because, steps=steps)


def plan_restart(
    service: ServiceKey, cause: Cause, because: str, container: Container, stop_timeout: float | None
) -> Plan:
    timeout = container.stop_timeout if stop_timeout is None else stop_timeout
    steps: tuple[Step, ...] = (RestartContainer(container.id, timeout),)
    undo: tuple[Step, ...] = (StartContainer(container.id),)  # where it was stopped and got no further
    return Plan(service=service, rung=Rung.RESTART, cause=cause, because=because, steps=steps, undo=undo)


def plan_remake(remake: Remake) -> Plan | Impossible:
    """Make the container again from its spec; a broken one that exists is set aside until the new one is verified."""
    spec, survey, existing = remake.spec, remake.survey, remake.existing
    obstacle = obstacle_to(spec, survey, existing)
    if obstacle is not None:
        return obstacle
    steps: list[Step] = []
    cleanup: list[Step] = []
    if existing is not None and remake.existing_spec is not None:
        before = remake.existing_spec
        freed = [network for network in _static(spec) if network in before.endpoints]
        stop_timeout = existing.stop_timeout if remake.stop_timeout is None else remake.stop_timeout
        steps += [
            StopContainer(existing.id, stop_timeout),
            SetRestartPolicy(existing.id, "no"),
            RenameContainer(existing.id, aside_name(existing.name, remake.nonce)),
            *(DisconnectNetwork(existing.id, network) for network in freed),
        ]
        cleanup = [RemoveContainer(existing.id)]
        undo: list[Step] = [
            StopContainer(NEW, stop_timeout),
            RemoveContainer(NEW),
            *(ConnectNetwork(before.id, existing.id, network) for network in freed),
            RenameContainer(existing.id, existing.name),
            SetRestartPolicy(existing.id, existing.restart_policy.value, existing.restart_retries),
            *([StartContainer(existing.id)] if existing.state in MEANT_TO_RUN else []),
        ]
    else:
        undo = [RemoveContainer(NEW)]
    steps += [CreateNetwork(spec.id, network) for network in survey.networks_gone]
    steps.append(CreateContainer(spec.id, successor_name(spec.container_name, remake.nonce), spec.image_id))
    if remake.connects_later:
        steps += [ConnectNetwork(spec.id, NEW, network) for network in list(spec.endpoints)[1:]]
    steps += [RenameContainer(NEW, spec.container_name), StartContainer(NEW)]
    return Plan(
        service=remake.service,
        rung=remake.rung,
        cause=remake.cause,
        because=remake.because,
        steps=tuple(steps),
        cleanup=tuple(cleanup),
        undo=tuple(undo),
    )


def obstacle_to(spec: ContainerSpec, survey: Survey, existing: Container | None) -> Impossible | None:
    """Why a container cannot be made from a spec beside `existing`, which makes room; None when it can."""
    if existing is not None and existing.state is ContainerState.REMOVING:
        return Impossible("its container is being removed", passing=True)
    if spec.unfaithful:
        return Impossible(f"it cannot be reproduced faithfully: {'; '.join(spec.unfaithful)}")
    if survey.volumes_gone:
        names = ", ".join(survey.volumes_gone)
        because = f"DATA_GONE: volume {names} no longer exists, and recreating would silently start with an empty one"
        return Impossible(because)
    if not survey.image_present:
        image_id = spec.image_id.removeprefix("sha256:")[:12]
        return Impossible(f"its image {spec.image} ({image_id}) is gone from the engine")
    if survey.name_holder is not None and (existing is None or survey.name_holder != existing.id):
        because = f"the name {spec.container_name} is taken by container {survey.name_holder[:12]}"
        return Impossible(because, passing=True)
    taken = [one for one in survey.taken if existing is None or one.container != existing.id]
    if taken:
        return Impossible(" and ".join(f"{one.what} is taken by container {one.name}" for one in taken), passing=True)
    return None


def _static(spec: ContainerSpec) -> list[str]:
    """Networks on which the container asked for an address of its own: it must be free before the successor comes."""
    return [name for name, endpoint in spec.endpoints.items() if endpoint.get("IPAMConfig")]
