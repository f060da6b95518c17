"""Asks endpoints how they are: HTTP, TCP, TLS. Every question ends as an `Observation`, in bounded time and bytes."""

from watchdog.probes.prober import Prober

__all__ = ["Prober"]
