"""Which container stands for a service, where several could: the rule of succession (docs/security.md).

Labels travel: `docker commit` takes them along, and anybody can write them. What was proven stands for its service as
long as it is there. Who takes its place was given its labels itself, and bears its name or has come for one that was
stopped and removed.
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
    stopped: bool = False
    """Somebody stopped it before it went, as the engine told; False where nobody heard of that."""


def predecessor_of(record: ServiceRecord, *, stopped: bool) -> Predecessor | None:
    """Whom a container that comes for a service must succeed; None where it was never protected."""
    if record.desired is not Desired.UP or not record.baselines:
        return None
    return Predecessor(id=record.container_id, name=record.container_name, stopped=stopped)


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
        others = (one for one in bearers if one.id != same.id)
        heir = incumbent(one for one in others if one.id in ours or _takes_name(one, predecessor))
        return _told(bearers, heir if heir is not None and heir.running and not same.running else same)
    return _told(bearers, incumbent(one for one in bearers if one.id in ours or _succeeds(one, predecessor)))


def _succeeds(newcomer: Container, predecessor: Predecessor) -> bool:
    """Whether it takes the place of one that is gone: by its name, or because that one was stopped to make room."""
    made_room = predecessor.stopped and not newcomer.inherits_service
    return made_room or _takes_name(newcomer, predecessor)


def _takes_name(newcomer: Container, predecessor: Predecessor) -> bool:
    return newcomer.name == predecessor.name and not newcomer.inherits_service


def _told(bearers: Sequence[Container], chosen: Container | None) -> Succession:
    return Succession(chosen, tuple(sorted(one.name for one in bearers if chosen is None or one.id != chosen.id)))
