"""Decisions and plans: printable values that say what would be done and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung

NEW: Final = "NEW"
"""Stands in a plan for the container that its create step makes."""


def short(container: str) -> str:
    """The twelve digits by which people know a container; NEW stays as it is."""
    return container if container == NEW else container[:12]


@dataclass(frozen=True, slots=True)
class StartContainer:
    container: str

    def __str__(self) -> str:
        return f"start {short(self.container)}"


@dataclass(frozen=True, slots=True)
class RestartContainer:
    container: str
    stop_timeout: float

    def __str__(self) -> str:
        return f"restart {short(self.container)} (stop time-out {self.stop_timeout:g} s)"


@dataclass(frozen=True, slots=True)
class StopContainer:
    container: str
    stop_timeout: float

    def __str__(self) -> str:
        return f"stop {short(self.container)} (time-out {self.stop_timeout:g} s)"


@dataclass(frozen=True, slots=True)
class SetRestartPolicy:
    """So that a container set aside does not come back beside its successor at the next engine start."""

    container: str
    policy: str
    maximum_retries: int = 0

    def __str__(self) -> str:
        return f"set restart policy of {short(self.container)} to {self.policy}"


@dataclass(frozen=True, slots=True)
class RenameContainer:
    container: str
    name: str

    def __str__(self) -> str:
        return f"rename {short(self.container)} to {self.name}"


@dataclass(frozen=True, slots=True)
class CreateNetwork:
    """Creates a network that is gone, with its saved options and Compose labels."""

    spec_id: str
    network: str

    def __str__(self) -> str:
        return f"create network {self.network}"


@dataclass(frozen=True, slots=True)
class RemoveNetwork:
    """Removes a network on which nothing runs, so that it can be made as it was."""

    network: str

    def __str__(self) -> str:
        return f"remove network {self.network}"


@dataclass(frozen=True, slots=True)
class DisconnectNetwork:
    """Frees a static address that the successor needs."""

    container: str
    network: str

    def __str__(self) -> str:
        return f"disconnect {short(self.container)} from {self.network}"


@dataclass(frozen=True, slots=True)
class CreateContainer:
    spec_id: str
    name: str
    image_id: str

    def __str__(self) -> str:
        return f"create {self.name} from spec {self.spec_id[:12]}, image {self.image_id.removeprefix('sha256:')[:12]}"


@dataclass(frozen=True, slots=True)
class ConnectNetwork:
    """Before API 1.44 a container is created on one network and connected to the rest."""

    spec_id: str
    container: str
    network: str

    def __str__(self) -> str:
        return f"connect {short(self.container)} to {self.network}"


@dataclass(frozen=True, slots=True)
class RemoveContainer:
    """Removes a container that its successor replaced; never its volumes."""

    container: str

    def __str__(self) -> str:
        return f"remove {short(self.container)}"


Step = (
    StartContainer
    | RestartContainer
    | StopContainer
    | SetRestartPolicy
    | RenameContainer
    | CreateNetwork
    | RemoveNetwork
    | DisconnectNetwork
    | CreateContainer
    | ConnectNetwork
    | RemoveContainer
)
"""Each is exactly one engine call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done to one service and why; `str(plan)` is what every face shows.

    `steps` bring the service up; after it is verified `cleanup` removes what was set aside. `undo` runs when a
    step fails, and after a failed verification where something was set aside.
    """

    service: ServiceKey
    rung: Rung
    cause: Cause
    because: str
    steps: tuple[Step, ...]
    cleanup: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.rung} {self.service}: {self.because}"]
        lines += [f"  {n}. {step}" for n, step in enumerate(self.steps, 1)]
        lines += [f"  once verified: {step}" for step in self.cleanup]
        lines += [f"  if it fails: {step}" for step in self.undo]
        return "\n".join(lines)


def container_of(step: Step) -> str:
    """The container that a step works on, perhaps NEW; '' for a step that works on none."""
    match step:
        case CreateContainer() | CreateNetwork() | RemoveNetwork():
            return ""
        case _:
            return step.container


def spec_of(step: Step) -> str:
    """The ID of the spec that a step needs; '' for a step that needs none."""
    match step:
        case CreateContainer() | CreateNetwork() | ConnectNetwork():
            return step.spec_id
        case _:
            return ""


def with_container(step: Step, new: str) -> Step:
    """The step with NEW replaced by the container that was made."""
    match step:
        case CreateContainer() | CreateNetwork() | RemoveNetwork():
            return step
        case _:
            return replace(step, container=new) if step.container == NEW else step


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is to be done."""

    because: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Something may have to be done, not before `until` (steady seconds); None waits for a change."""

    because: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """A rung of the ladder is due."""

    because: str
    rung: Rung
    cause: Cause
    baseline: int | None = None
    """Of a rollback that a person ordered: which proven deployment, 1 for the newest."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Only a person can help now: quarantine and a critical alert."""

    because: str


Decision = Rest | Wait | Act | HandOver
