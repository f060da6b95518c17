"""A deployment as a transaction: what it may touch, what was there before, what was proven, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchdog.model.identity import ServiceKey


class Stage(StrEnum):
    """How far a deployment is. The last four are its ends; STUCK is one that only a person ends."""

    OPENING = "opening"
    """Preflight, baseline, announcement: nothing was touched."""
    CHANGING = "changing"
    VALIDATING = "validating"
    SOAKING = "soaking"
    ROLLING_BACK = "rolling_back"
    STUCK = "stuck"
    REFUSED = "refused"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    RELEASED = "released"

    @property
    def over(self) -> bool:
        return self in {Stage.REFUSED, Stage.COMMITTED, Stage.ROLLED_BACK, Stage.RELEASED}

    @property
    def exit_code(self) -> int:
        """What the command that waited for it ends with."""
        return EXIT_CODES[self]


EXIT_CODES = {
    Stage.COMMITTED: 0,
    Stage.ROLLED_BACK: 1,
    Stage.REFUSED: 3,
    Stage.RELEASED: 2,
} | dict.fromkeys((Stage.OPENING, Stage.CHANGING, Stage.VALIDATING, Stage.SOAKING, Stage.ROLLING_BACK, Stage.STUCK), 2)


class Gate(StrEnum):
    """A named validation that must pass before work goes on, in their order."""

    PREFLIGHT = "preflight"
    BASELINE = "baseline"
    INFRASTRUCTURE = "infrastructure"
    APPLICATION = "application"
    JOURNEYS = "journeys"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found about one subject of a gate; the sentence is its evidence."""

    subject: str
    passed: bool
    sentence: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.sentence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What a gate found. One without proofs has proven nothing."""

    gate: Gate
    proofs: tuple[Proof, ...]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return bool(self.proofs) and all(proof.passed for proof in self.proofs)

    @property
    def failures(self) -> tuple[Proof, ...]:
        return tuple(proof for proof in self.proofs if not proof.passed)

    @property
    def sentence(self) -> str:
        if not self.proofs:
            return f"{self.gate}: it has nothing to check, so nothing is proven"
        if self.passed:
            return f"{self.gate}: {len(self.proofs)} of {len(self.proofs)} passed"
        return f"{self.gate}: {'; '.join(map(str, self.failures))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which services a deployment may touch: named ones, those of projects, or, with neither, all."""

    services: tuple[ServiceKey, ...] = ()
    """Numbers do not count: all containers of a scaled service belong to it."""
    projects: tuple[str, ...] = ()

    def covers(self, key: ServiceKey) -> bool:
        if self.services:
            return any(same_service(key, named) for named in self.services)
        return key.project in self.projects if self.projects else True

    def __str__(self) -> str:
        if self.services:
            return ", ".join(map(str, self.services))
        return f"project {', '.join(self.projects)}" if self.projects else "every service"


def same_service(one: ServiceKey, other: ServiceKey) -> bool:
    """Whether both are containers of one service, whatever their numbers."""
    return (one.project, one.name) == (other.project, other.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A service as it was when the deployment began: what a rollback brings back."""

    service: ServiceKey
    container: str
    """Full ID."""
    container_name: str
    spec_id: str
    image_id: str
    config_hash: str
    ran: bool
    protected: bool
    good: bool
    """It served, so it has to serve afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Within which a deployment has to stay. Durations are seconds."""

    max_services: int = 3
    max_downtime: float = 300.0
    """Of each protected service, from the moment at which it serves no more."""
    timeout: float = 900.0
    """Of the command, or of the work between `begin` and `commit`."""
    soak: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployOrder:
    """What a person or a pipeline orders. Limits that are None are the configured ones."""

    by: str
    uid: int
    services: tuple[str, ...] = ()
    project: str = ""
    """The Compose project that the command is about, where that is known."""
    planned: tuple[str, ...] = ()
    """Services that its file names."""
    retire: tuple[str, ...] = ()
    excuse: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    reason: str = ""
    max_services: int | None = None
    max_downtime: float | None = None
    timeout: float | None = None
    soak: float | None = None
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The ledger's record of one. Times are Unix seconds."""

    id: int
    stage: Stage
    by: str
    uid: int
    reason: str
    command: tuple[str, ...]
    """With what may be a secret masked; empty where pipelines begin and commit by themselves."""
    scope: Scope
    limits: Limits
    retire: tuple[ServiceKey, ...] = ()
    excused: tuple[str, ...] = ()
    began_at: float
    ended_at: float | None = None
    mark: str = ""
    """In the environment of the command and of all that it starts: by it they are found again."""
    token_hash: str = ""
    """SHA-256 of the token that may commit it or roll it back, once; empty where there is none (any more)."""
    before: tuple[Before, ...] = ()
    others: tuple[str, ...] = ()
    """Full IDs of the other containers that were there: what it made is none of them."""
    failing: tuple[str, ...] = ()
    """Subjects of the checks that did not pass before: they are nothing that it has to answer for."""
    left: tuple[ServiceKey, ...] = ()
    """Where it needs a person: those that nobody else acts on meanwhile."""
    touched: tuple[str, ...] = ()
    downtime: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of each protected service that was down: seconds in all."""
    because: str = ""
    """The sentence of its end, or of why it is rolled back."""

    @property
    def subject(self) -> str:
        return f"deployment {self.id}"

    @property
    def changed(self) -> bool:
        """Whether it may have touched anything, so that it has to be finished."""
        return self.stage is not Stage.OPENING and not self.stage.over
