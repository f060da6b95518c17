"""One container of the fake engine, and how containers of its image behave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdog.engine.protocol import Summary
from watchdog.model.container import Container, ContainerSpec, ContainerState, HealthcheckState, RestartPolicy
from watchdog.policy.discovery import inherits_service

UP: Final = frozenset({ContainerState.RUNNING, ContainerState.PAUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Seconds count from each start. `healthy_after` None means no HEALTHCHECK; `start_error` refuses every start."""

    exits_after: float | None = None
    exit_code: int = 1
    healthy_after: float | None = None
    start_error: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Those of the image itself."""


@dataclass(slots=True)
class Box:
    id: str
    name: str
    spec: ContainerSpec
    image_id: str
    behaviour: Behaviour
    created_at: float
    state: ContainerState = ContainerState.CREATED
    health: HealthcheckState = HealthcheckState.NONE
    started_at: float | None = None
    finished_at: float | None = None
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    restart_count: int = 0
    retries: int = 0
    delay: float = 0.0
    incarnation: int = 0
    """Counts starts and ends: a timer of an earlier one does nothing."""
    policy_off: bool = False
    """After any kill or stop, until it is started again."""
    policy: RestartPolicy = RestartPolicy.NO
    attached: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        asked: Mapping[str, str] = self.spec.host_config["RestartPolicy"]
        self.policy = RestartPolicy(asked["Name"])
        self.attached = set(self.spec.endpoints)

    def begin(self, now: float) -> None:
        checked = self.behaviour.healthy_after is not None
        self.state, self.started_at, self.policy_off = ContainerState.RUNNING, now, False
        self.health = HealthcheckState.STARTING if checked else HealthcheckState.NONE
        self.exit_code, self.error, self.oom_killed = 0, "", False
        self.incarnation += 1

    def end(self, now: float, exit_code: int) -> None:
        self.state, self.finished_at, self.exit_code = ContainerState.EXITED, now, exit_code
        self.incarnation += 1

    def restarts_after(self, exit_code: int) -> bool:
        """Whether Docker's own restart policy brings it back."""
        match self.policy:
            case _ if self.policy_off:
                return False
            case RestartPolicy.NO:
                return False
            case RestartPolicy.ON_FAILURE:
                return exit_code != 0 and not 0 < self.retries <= self.restart_count
            case RestartPolicy.ALWAYS | RestartPolicy.UNLESS_STOPPED:
                return True

    def summary(self) -> Summary:
        marks = f" ({self.health.value})" if self.health is not HealthcheckState.NONE else ""
        return Summary(
            id=self.id,
            name=self.name,
            image=self.spec.image,
            image_id=self.image_id,
            state=self.state.value,
            status=f"{self.state.value} {self.incarnation}{marks}",
            created_at=self.created_at,
            labels=self.spec.config["Labels"],
        )

    def container(self) -> Container:
        return Container(
            id=self.id,
            name=self.name,
            image=self.spec.image,
            image_id=self.image_id,
            state=self.state,
            healthcheck=self.health,
            exit_code=self.exit_code,
            oom_killed=self.oom_killed,
            error=self.error,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
            restart_policy=self.policy,
            restart_retries=self.retries,
            restart_count=self.restart_count,
            writable_mounts=bool(self.spec.volumes),
            labels=self.spec.config["Labels"],
            inherits_service=inherits_service(self.spec.config["Labels"], self.behaviour.labels),
        )


def digest(*parts: object) -> str:
    """64 hexadecimal digits, the same for the same parts."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
