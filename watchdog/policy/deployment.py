"""How a deployment goes on, and what it does to services while it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from watchdog.model.deployment import Before, Scope, Stage, same_service
from watchdog.model.identity import ServiceKey
from watchdog.policy.phases import IllegalTransition, diagram


class Turn(StrEnum):
    """What happens to a deployment."""

    PASSED = "passed"
    """What its stage had to show was shown."""
    FAILED = "failed"
    RETRIED = "retried"
    """A person ordered the rollback again."""
    RELEASED = "released"
    """A person took over what it left behind."""


TRANSITIONS: Final[Mapping[tuple[Stage, Turn], Stage]] = {
    (Stage.OPENING, Turn.PASSED): Stage.CHANGING,
    (Stage.OPENING, Turn.FAILED): Stage.REFUSED,
    (Stage.CHANGING, Turn.PASSED): Stage.VALIDATING,
    (Stage.CHANGING, Turn.FAILED): Stage.ROLLING_BACK,
    (Stage.VALIDATING, Turn.PASSED): Stage.SOAKING,
    (Stage.VALIDATING, Turn.FAILED): Stage.ROLLING_BACK,
    (Stage.SOAKING, Turn.PASSED): Stage.COMMITTED,
    (Stage.SOAKING, Turn.FAILED): Stage.ROLLING_BACK,
    (Stage.ROLLING_BACK, Turn.PASSED): Stage.ROLLED_BACK,
    (Stage.ROLLING_BACK, Turn.FAILED): Stage.STUCK,
    (Stage.STUCK, Turn.RETRIED): Stage.ROLLING_BACK,
    (Stage.STUCK, Turn.RELEASED): Stage.RELEASED,
}
"""A rollback is never rolled back: once it has begun, only a person ends what it cannot."""


def advance(stage: Stage, turn: Turn) -> Stage:
    """The next stage; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[stage, turn]
    except KeyError:
        msg = f"{turn} cannot happen while {stage}"
        raise IllegalTransition(msg) from None


def mermaid() -> str:
    """The picture of this table, for `docs/deployments.md`."""
    return diagram(TRANSITIONS, Stage.OPENING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """One container that is there, as the engine's list tells."""

    id: str
    name: str
    service: ServiceKey
    running: bool


def touched(before: Iterable[Before], present: Iterable[Present], scope: Scope) -> dict[ServiceKey, str]:
    """Services of the scope that are not as they were, each with what was done to it."""
    found: dict[ServiceKey, str] = {}
    there = {one.id: one for one in present}
    known = {one.container: one for one in before}
    for one in known.values():
        now = there.get(one.container)
        if now is None:
            found[one.service] = f"{one.container[:12]} was removed"
        elif one.ran and not now.running:
            found[one.service] = f"{one.container[:12]} was stopped"
        elif now.running and not one.ran:
            found[one.service] = f"{one.container[:12]} was started"
        elif now.name != one.container_name:
            found[one.service] = f"{one.container[:12]} was renamed to {now.name}"
    for one in there.values():
        if one.id not in known and scope.covers(one.service):
            found[one.service] = f"{one.id[:12]} was created"
    return found


def several(touched: Iterable[ServiceKey]) -> int:
    """How many services these are: the containers of a scaled one are one."""
    return len({(key.project, key.name) for key in touched})


def lost(
    before: Iterable[Before], standing: Iterable[ServiceKey], retire: Iterable[ServiceKey]
) -> tuple[tuple[ServiceKey, ...], tuple[ServiceKey, ...]]:
    """Protected services that have no container any more and that nobody retired; and those that are scaled down.

    One of several containers of a service may go on purpose: scaling is said by the command itself.
    """
    there, retired = set(standing), tuple(retire)
    gone = [one.service for one in before if one.protected and one.service not in there]
    gone = [key for key in gone if not any(same_service(key, one) for one in retired)]
    fewer = tuple(key for key in gone if any(same_service(key, other) for other in there))
    return tuple(key for key in gone if key not in fewer), fewer


_OPTION: Final = re.compile(r"(?i)(--?[a-z0-9_-]*(?:pass|secret|token|key|credential)[a-z0-9_-]*)(=.*)?")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=.*", re.DOTALL)
_USERINFO: Final = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_LONGEST: Final = 200
_MOST: Final = 50
MASK: Final = "***"


def shown_command(command: Sequence[str]) -> tuple[str, ...]:
    """A command as records and people may see it: bounded, and what may be a secret masked."""
    shown: list[str] = []
    hide = False
    for word in command[:_MOST]:
        option, assignment = _OPTION.fullmatch(word), _ASSIGNMENT.fullmatch(word)
        if hide:
            shown.append(MASK)
            hide = False
        elif option is not None:
            shown.append(f"{option[1]}={MASK}" if option[2] else word)
            hide = not option[2]
        elif assignment is not None:
            shown.append(f"{assignment[1]}={MASK}")
        else:
            shown.append(_USERINFO.sub(MASK, word)[:_LONGEST])
    return tuple(shown)
