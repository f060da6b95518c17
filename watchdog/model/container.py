"""What the engine says of one container, and what was saved of it to make it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ContainerState(StrEnum):
    """`State.Status` of the engine API."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class HealthcheckState(StrEnum):
    """`State.Health.Status` of the engine API; NONE where the container has no HEALTHCHECK."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class RestartPolicy(StrEnum):
    """`HostConfig.RestartPolicy.Name` of the engine API."""

    NO = "no"
    ALWAYS = "always"
    UNLESS_STOPPED = "unless-stopped"
    ON_FAILURE = "on-failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One incarnation of a service, as inspected. Times are Unix seconds by the engine's clock.

    `created_at` of a container that Compose is about to swap in is later than its predecessor's.
    """

    id: str
    name: str
    image: str
    image_id: str
    state: ContainerState
    pid: int = 0
    """Of its first process, as the engine's host counts; 0 while it does not run."""
    healthcheck: HealthcheckState = HealthcheckState.NONE
    healthcheck_output: str = ""
    probed_at: float | None = None
    """When the newest of the health check's answers was asked for."""
    healthcheck_period: float = 0.0
    """Seconds within which the engine asks its health check anew and has the answer."""
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    restart_policy: RestartPolicy = RestartPolicy.NO
    restart_retries: int = 0
    """`MaximumRetryCount` of the policy on-failure."""
    restart_count: int = 0
    auto_remove: bool = False
    writable_mounts: bool = False
    writes_to: tuple[str, ...] = ()
    """Directories of the engine's host that lie behind its writable mounts."""
    cpu_limit: float = 0.0
    """How many processors it may use up; 0 where it has no limit."""
    stop_timeout: float = 10.0
    start_period: float = 0.0
    chosen_ports: tuple[str, ...] = ()
    """Where the engine chose the host port, at each start anew: `80/tcp at 32768`."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    inherits_service: bool = False
    """Whether its image alone says whose it is: `docker commit` takes labels along, and nobody gave it any."""
    joined: Mapping[str, str] = field(default_factory=dict[str, str])
    """Namespace (network, pid, ipc) → full ID of the container that it shares it with."""

    @property
    def running(self) -> bool:
        return self.state is ContainerState.RUNNING


def api_number(version: str) -> tuple[int, int]:
    """A version of the engine's API as numbers, since 1.9 is older than 1.10. Raises ValueError for what is none."""
    match = re.fullmatch(r"(\d+)\.(\d+)", version)
    if match is None:
        raise ValueError(f"no version of the engine's API: {version[:20]!r}")
    return int(match[1]), int(match[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSpec:
    """All that is needed to make a container again, taken by `engine.spec.capture` while it exists.

    `id` is the SHA-256 of the canonical content. `config`, `host_config` and `endpoints` are the engine's own
    inspect objects, cleaned of what belongs to the one incarnation. It holds secrets (environment): never
    logged, never in a hashed payload, 0600 on disk.
    """

    id: str
    container_name: str
    image: str
    image_id: str
    api_version: str
    config: Mapping[str, Any]
    host_config: Mapping[str, Any]
    endpoints: Mapping[str, Mapping[str, Any]]
    """Network name → endpoint settings as asked for, the primary network first."""
    networks: Mapping[str, Mapping[str, Any]]
    """Network name → the body that creates it again; predefined networks are left out."""
    volumes: Mapping[str, str]
    """Named and anonymous volumes: volume name → destination in the container."""
    unfaithful: tuple[str, ...] = ()
    """Why this version cannot reproduce the container faithfully, a sentence each; empty when it can."""

    def __post_init__(self) -> None:
        api_number(self.api_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a spec asks for alone and a running container has: `port 8081/tcp`, `address 10.0.0.9`."""

    what: str
    container: str
    """Full ID."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the engine has of the things that a spec needs, looked up before a plan is made."""

    image_present: bool = True
    volumes_gone: tuple[str, ...] = ()
    networks_gone: tuple[str, ...] = ()
    networks_changed: tuple[str, ...] = ()
    """Those that are there and were made anew in another way than the spec knows."""
    name_holder: str | None = None
    """Full ID of the container that has the spec's container name now."""
    taken: tuple[Taken, ...] = ()
