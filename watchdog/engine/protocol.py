"""The door to the engine, as the rest of the product sees it.

Every method is bounded by a deadline and raises only `EngineError` children: `EngineUnavailable` (no answer),
`NotFound`, `Conflict`, `EngineRefused`, `OutOfReach`. Containers are always named by full ID.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from watchdog.model.container import Container, ContainerSpec, Survey
from watchdog.model.inside import Disk, Ended, LogLine, Usage
from watchdog.model.plan import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineIdentity:
    id: str
    name: str
    version: str
    api_version: str
    """The version that is spoken: the lower of the engine's and ours."""
    containers_running: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of the engine's container list: enough to know whether an inspect is due."""

    id: str
    name: str
    image: str
    image_id: str
    state: str
    status: str
    """The engine's human text, as `Up 5 minutes (healthy)`; when it changes, inspect."""
    created_at: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEvent:
    """`at` is the engine's timeNano in Unix seconds. `actor` is the full container ID for container events."""

    kind: str
    """container, network, volume, image"""
    action: str
    """start, die, destroy, health_status, ... without the `: detail` part; the detail is in attributes."""
    actor: str
    at: float
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Connected:
    """First item of every (re)connected event stream: whatever came before may have been missed."""

    identity: EngineIdentity
    first: bool


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The event stream ended; the stream reconnects by itself, for ever."""

    because: str


Signal = EngineEvent | Connected | Disconnected


class Engine(Protocol):
    """What a real engine (`engine.docker.DockerEngine`) and the tests' fake have in common."""

    async def identify(self) -> EngineIdentity:
        """Who it is; EngineUnavailable also while it answers and cannot run containers, its containerd being away."""
        ...

    async def list_containers(self) -> tuple[Summary, ...]:
        """All containers, stopped ones included; one call."""
        ...

    async def inspect(self, container: str) -> Container: ...

    async def capture(self, container: str, names: Mapping[str, str] | None = None) -> ContainerSpec:
        """The spec of an existing container, with its image, networks and volumes; makes no change.

        `names`: what containers that it refers to, as the engine names them, are called now; the engine is not asked.
        """
        ...

    async def survey(self, spec: ContainerSpec) -> Survey:
        """What exists now of the things that the spec needs; its lookups run side by side."""
        ...

    def signals(self) -> AsyncIterator[Signal]:
        """Events of containers, networks, volumes and images (no exec_*), reconnecting for ever."""
        ...

    async def told_to_end(self) -> Mapping[str, float]:
        """Containers that ended or were sent a signal to end, as far as the engine remembers; a new one does not.

        With the engine's Unix time of the last such signal; 0 for those that ended without one.
        """
        ...

    async def pin_image(self, image_id: str, service: str) -> None:
        """Tags the image so that `image prune` cannot take it from under a baseline."""
        ...

    async def unpin_image(self, image_id: str, service: str) -> None: ...

    async def forget_addresses(self, container: str) -> None:
        """What this host remembers of its addresses from before its start: whoever asks it next need not wait."""
        ...

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:
        """Makes the one engine call of a step; returns the new container's ID for a create, else ''.

        `spec` is needed by CreateContainer, CreateNetwork and ConnectNetwork. What is already so succeeds: a start,
        stop, rename or connect may be made twice. After a start the host's stale neighbour entry is dropped.
        """
        ...

    async def prepare_inside(
        self, container: str, command: tuple[str, ...], *, user: str, environment: Mapping[str, str]
    ) -> str:
        """The ID of an execution of a command in a container that runs; nothing is run yet. Empty `user`: its own."""
        ...

    async def run_inside(self, execution: str, *, seconds: float, at_most: int) -> Ended:
        """Runs it, once. Waits for its end no longer than `seconds` and no further than `at_most` bytes of output."""
        ...

    async def runs_inside(self, execution: str) -> bool:
        """Whether it still runs; what the engine does not know (it was restarted since) does not."""
        ...

    async def end_inside(self, execution: str) -> bool:
        """Kills it and what it started; False where it cannot be reached, the engine having no call for that."""
        ...

    def log(self, container: str, *, since: float, at_most: int, follow: bool) -> AsyncGenerator[tuple[LogLine, ...]]:
        """What it wrote after `since` (Unix seconds by the engine's clock), at most so many of the newest lines.

        With `follow` then what it writes, until it ends; some lines at a time, or none, so that silence is noticed.
        """
        ...

    async def usage(self, container: str) -> Usage: ...

    async def disks(self, paths: tuple[str, ...]) -> tuple[Disk, ...]:
        """The file systems that hold the engine's root and these directories of its host, each once.

        OutOfReach where the engine is on another machine, or they cannot be seen from here.
        """
        ...

    async def close(self) -> None: ...
