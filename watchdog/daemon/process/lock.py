"""Who acts: one daemon per engine, one per state directory. When the process ends, the kernel lets go."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from watchdog.errors import LockHeld, WatchdogError
from watchdog.ledger import prepare

_BOUND: Final = 4096
"""Bytes read of what a holder says of itself."""


class FileLock:
    """An exclusive `flock` on a file that tells who holds it; the file stays when the lock is released."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path, what: str, holder: Mapping[str, Any]) -> Self:
        """`holder` is written as JSON: pid, since (RFC 3339), state_dir, command; blocks for no lock.

        Raises LockHeld, naming the holder of `what`, or WatchdogError when the file cannot be made.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise WatchdogError(
                f"Lock file {path} cannot be opened ({error.strerror}): run as the user who made it, or set "
                f"[state] run_dir elsewhere"
            ) from error
        try:
            _lock(descriptor, what)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(dict(holder)).encode(), 0)
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError):
                raise WatchdogError(f"Lock file {path} cannot be written ({error.strerror}): free its disk") from error
            raise
        return cls(descriptor)

    def release(self) -> None:
        """May be called twice."""
        if self._descriptor is not None:
            # A child between fork and exec has the descriptor, too: closing ours alone would leave it the lock.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = None


class EngineLock(FileLock):
    """The right to act on one engine, wherever the ledger is kept. Daemons on other hosts are not seen."""

    @classmethod
    def acquire(cls, run_dir: Path, engine_id: str, holder: Mapping[str, Any]) -> Self:
        """Raises LockHeld when another daemon watches the engine, WatchdogError when `run_dir` is not usable."""
        try:
            run_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WatchdogError(
                f"Run directory {run_dir} cannot be made ({error.strerror}): set [state] run_dir elsewhere"
            ) from error
        name = re.sub(r"[^A-Za-z0-9.-]", "_", engine_id)[:128]
        return cls.take(run_dir / f"engine-{name}.lock", f"Engine {engine_id[:128]} is watched", holder)


class StateLock(FileLock):
    """The right to write one state directory: daemons of two engines must not share a ledger."""

    @classmethod
    def acquire(cls, state_dir: Path, holder: Mapping[str, Any]) -> Self:
        """Makes the directory. Raises LockHeld when a daemon uses it, LedgerError when it is not usable."""
        prepare(state_dir)
        return cls.take(state_dir / "lock", f"State directory {state_dir} is used", holder)


def _lock(descriptor: int, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LockHeld(f"{what} already by {_holder(descriptor)}: stop it first") from error


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, _BOUND, 0))
        return (
            f"process {holder['pid']} ({holder['command']}), since {holder['since']}, "
            f"with state directory {holder['state_dir']}"
        )
    except (ValueError, TypeError, KeyError):
        return "another process, which has just started"
