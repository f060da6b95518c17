"""Telling systemd how the daemon is, by the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Final

import structlog

_STATUS_LENGTH: Final = 200

_log = structlog.get_logger(__name__)


class Supervisor:
    """What the daemon tells its supervisor; never fails and never blocks. This one tells nobody."""

    watchdog_interval: float | None = None
    """Seconds within which `alive` must be called again; call it twice as often. None: nobody waits for it."""

    @staticmethod
    def from_environment(environ: Mapping[str, str] = os.environ) -> Supervisor:
        """Speaks to systemd where it asked for it (`NOTIFY_SOCKET`), else to nobody."""
        address = environ.get("NOTIFY_SOCKET", "")
        return Systemd(address, _watchdog_interval(environ)) if address[:1] in {"/", "@"} else Supervisor()

    def ready(self) -> None:
        """The daemon works; also ends a reload."""
        self._tell("READY=1")

    def status(self, sentence: str) -> None:
        """For `systemctl status`; on one line, for a second one would be another assignment."""
        self._tell("STATUS=" + " ".join(sentence.split())[:_STATUS_LENGTH])

    def alive(self) -> None:
        """Not called in time, systemd restarts the daemon."""
        self._tell("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload has begun; `ready` ends it."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def _tell(self, *assignments: str) -> None:
        """To nobody."""


class Systemd(Supervisor):
    """Sends datagrams to `address`: a path, or an abstract socket written with a leading `@`."""

    def __init__(self, address: str, watchdog_interval: float | None) -> None:
        self.watchdog_interval = watchdog_interval
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def _tell(self, *assignments: str) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as door:
                door.sendto("\n".join(assignments).encode("utf-8", "replace"), self._address)
        except OSError as error:
            _log.warning("systemd could not be told how the daemon is.", because=error.strerror)


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """By sd_watchdog_enabled(3): microseconds in `WATCHDOG_USEC`, meant for the process `WATCHDOG_PID`."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    try:
        microseconds = int(environ.get("WATCHDOG_USEC", ""))
    except ValueError:
        return None
    return microseconds / 1_000_000 if microseconds > 0 else None
