"""Asks endpoints and containers how they are. Every question ends as an `Observation`, in bounded time and bytes."""

from watchdog.probes.prober import Prober

__all__ = ["Prober"]
