"""What is asked inside a container, or of this host."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from watchdog.model.probe import Probe


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending(Probe):
    """How a command is expected to end."""

    exit_code: tuple[int, ...] = (0,)
    output_matches: str | None = None
    """A regular expression that must be found in what it prints."""
    output: str | None = None
    """A comparison (`policy.comparison`) with all that it prints, blanks around it left out."""
    max_bytes: int = 65_536
    """It is ended when it prints more."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecProbe(Ending):
    kind: ClassVar[str] = "exec"

    exec: tuple[str, ...]
    """Runs inside the container of the check's service, without a shell."""
    user: str = ""
    """Name or number, perhaps with a group: `postgres`, `1000:1000`; the container's own when it is empty."""

    @property
    def target(self) -> str:
        return shlex.join(self.exec)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandProbe(Ending):
    kind: ClassVar[str] = "command"

    command: tuple[str, ...]
    """Runs on this host as whom watchdog runs, without a shell."""

    @property
    def target(self) -> str:
        return shlex.join(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsProbe(Probe):
    kind: ClassVar[str] = "logs"
    for_people: ClassVar[bool] = True

    logs: str
    """A regular expression: the lines of the container's log that count."""
    max_per_minute: float | None = None
    """More lines within the last minute are a FAIL."""
    new_errors: bool = False
    """Whether lines of a kind that was never seen before are a FAIL."""
    learn: float = 3600.0
    """So long after the check began, once and for all, every kind is taken for how things are."""
    new_for: float = 600.0
    """So long after it first came a kind is new."""

    @property
    def target(self) -> str:
        return self.logs


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcesProbe(Probe):
    """Shares are parts of 1."""

    kind: ClassVar[str] = "resources"
    for_people: ClassVar[bool] = True

    resources: bool = True
    max_memory: float | None = 0.9
    """Of its limit, or of the host's memory where it has none."""
    max_cpu: float | None = None
    """Of its limit, or of all processors where it has none, between two questions."""
    max_restarts: int | None = None
    """Within `restart_window`."""
    restart_window: float = 3600.0
    min_free_disk: float | None = None
    """Of each file system that holds the engine's root or what the container writes to."""
    exhausts_within: float | None = None
    """Memory or disk that will be used up within so many seconds, if it goes on like this, is a FAIL."""

    @property
    def target(self) -> str:
        return "what its container uses"
