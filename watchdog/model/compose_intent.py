"""What a command of Docker Compose asks for, and what it would do to the containers of its project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from watchdog.model.identity import ServiceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeService:
    """A service as the files, the environment and the command line together have it."""

    config_hash: str
    """What Compose writes into the label `com.docker.compose.config-hash`; empty where it cannot be told."""
    replicas: int = 1
    image: str = ""
    image_renewed: bool = False
    """Whether the command builds or pulls its image first, and it may be another one then."""
    depends_on: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """Service → whether it is restarted with that one."""
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    """What the hash is of, where the IDs of other services' containers are yet to be put in. It holds secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeIntent:
    """One command: `up`, `down`, … with its flags, and the project that it is about."""

    project: str
    verb: str
    services: Mapping[str, ComposeService] = field(default_factory=dict[str, ComposeService])
    """What the command works on: what it names and what that needs, or all that no inactive profile keeps back."""
    known: frozenset[str] = frozenset()
    """All services of the files; a container of any other is an orphan."""
    by_containers: bool = False
    """The command has a project's name and no files: the services are those that have containers."""
    named: tuple[str, ...] = ()
    scale: Mapping[str, int] = field(default_factory=dict[str, int])
    remove_orphans: bool = False
    force_recreate: bool = False
    recreate_dependencies: bool = False
    no_recreate: bool = False
    no_dependencies: bool = False
    no_start: bool = False
    stop_first: bool = False
    """Of `rm`: also what runs is removed."""
    remove_volumes: bool = False
    """`down --volumes` removes the project's named volumes as well, `rm --volumes` anonymous ones only."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeContainer:
    """A container of the project, by its labels."""

    id: str
    name: str
    service: str
    number: int
    config_hash: str
    image_id: str = ""
    """As Compose found it when it made the container."""
    running: bool = True
    oneoff: bool = False
    created_at: float = 0.0
    """Unix time."""


class Action(StrEnum):
    CREATE = "create"
    RECREATE = "recreate"
    START = "start"
    RESTART = "restart"
    """The same container ends and starts again."""
    STOP = "stop"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeChange:
    """What would become of one container; `because` is a sentence without its subject."""

    service: ServiceKey
    action: Action
    because: str
    sure: bool = True
    """False where it may be made anew as well, for the reason that `because` gives."""

    @property
    def touches(self) -> bool:
        return self.action is not Action.KEEP or not self.sure

    def __str__(self) -> str:
        return f"{self.action} {self.service}: {self.because}"
