"""Which container stands for a service, where several could: the rule of succession (docs/security.md).

Labels travel: `docker commit` takes them along, and anybody can write them. What was proven stands for its service as
long as it is there, and who takes its place must bear its name, or have come as it was told to end.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from watchdog.model.container import Container
from watchdog.model.record import Desired, ServiceRecord
from watchdog.policy.discovery import incumbent


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """The container that a protected service had last."""

    id: str
    name: str = ""
    """'' where an older ledger does not say."""
    stopped_at: float | None = None
    """When somebody stopped it (Unix seconds), as the engine told; None where nobody did, or nobody heard of it."""


def predecessor_of(record: ServiceRecord, stopped_at: float | None) -> Predecessor | None:
    """Whom a container that comes for a service must succeed; None where it was never protected."""
    if record.desired is not Desired.UP or not record.baselines:
        return None
    return Predecessor(id=record.container_id, name=record.container_name, stopped_at=stopped_at)


@dataclass(frozen=True, slots=True)
class Succession:
    container: Container | None
    others: tuple[str, ...] = ()
    """Names of those that bear the same key and are not the service."""


def standing(
    bearers: Sequence[Container], predecessor: Predecessor | None, *, ours: Collection[str] = (), covered: bool = False
) -> Succession:
    """Which of the containers that bear a service's key by name or labels stands for it.

    `ours`: full IDs of those that this ledger's attempts made. `covered`: an open deployment may change it.
    """
    if predecessor is None or covered or not predecessor.name:
        return _told(bearers, incumbent(bearers))
    same = next((one for one in bearers if one.id == predecessor.id), None)
    if same is not None:
        heir = incumbent(
            one for one in bearers if one.id != same.id and (one.id in ours or one.name == predecessor.name)
        )
        return _told(bearers, heir if heir is not None and heir.running and not same.running else same)
    return _told(bearers, incumbent(one for one in bearers if one.id in ours or _succeeds(one, predecessor)))


def _succeeds(newcomer: Container, predecessor: Predecessor) -> bool:
    """Whether it takes the place of one that is gone: by its name, or because it came as that one had been stopped."""
    if newcomer.name == predecessor.name:
        return True
    stopped_at, started_at = predecessor.stopped_at, newcomer.started_at
    return stopped_at is not None and (started_at is None or started_at >= stopped_at)


def _told(bearers: Sequence[Container], chosen: Container | None) -> Succession:
    return Succession(chosen, tuple(sorted(one.name for one in bearers if chosen is None or one.id != chosen.id)))
