"""The loop that watches, decides and recovers; `run` is the whole of `watchdog run`."""

from watchdog.daemon.service import run

__all__ = ["run"]
