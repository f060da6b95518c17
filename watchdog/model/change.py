"""What the ledger is asked to write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watchdog.model.alert import Notice
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment
from watchdog.model.record import Entry, Incident, Kept, ServiceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All of it is written in one transaction, or nothing. An OUTCOME names its intent's row in `payload["intent"]`."""

    entries: Sequence[Entry] = ()
    records: Sequence[ServiceRecord] = ()
    incidents: Sequence[Incident] = ()
    specs: Sequence[ContainerSpec] = ()
    kept: Sequence[Kept] = ()
    """In their order: of two with the same key the last counts."""
    notices: Sequence[Notice] = ()
    deployments: Sequence[Deployment] = ()
    vital: bool = False
    """It must be recorded on a full disk too, from the reserve: the intent of a start, the recreation of a missing
    service, and their outcomes.
    """
