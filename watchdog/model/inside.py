"""What is seen inside a container: how a command ended, what was logged, what is used. Sizes are bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended; `exit_code` is None where it was not waited for any longer and may still run."""

    exit_code: int | None
    output: bytes
    """The beginning of what it printed, standard output and standard error as they came."""
    too_much: bool = False
    """It printed more than was to be read, and was left there."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at` is Unix time by the engine's clock, when the container wrote it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a container uses at one moment, `at` by the engine's clock (Unix seconds)."""

    at: float
    memory: int
    """Working set, as `docker stats` shows it: without the file cache that can be dropped at once."""
    memory_limit: int
    """The host's memory where the container has no limit."""
    cpu_seconds: float
    """CPU time of all its processes since it started."""
    cpus: int
    """Processors of the engine's host that are online."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A file system of the engine's host."""

    path: str
    """What lies on it: the engine's root, or the directory of a volume."""
    size: int
    free: int
    """For programs that are not root's."""
