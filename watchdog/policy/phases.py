"""The phases of a service's recovery, as a table.

        ┌────────────── GOOD / RELEASED ──────────────┐
        ▼                                             │
      IDLE ──FAILED──► WAITING ──ACT──► ACTING ──ACTED──► VERIFYING
                        ▲  │              │                  │
                        │  └─GIVE_UP─┐    └──────FAILED──────┤
                        └────────────│───────────────────────┘
                                     ▼
                                HANDED_OVER ──ACT (operator)──► ACTING

WAITING: it is bad, and something has its turn first (Docker, a grace, a pause, backoff). HANDED_OVER ends only by
verification (GOOD), by a person's order (ACT) or when nobody wants the service any more (RELEASED).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from watchdog.model.record import ServiceRecord

State = TypeVar("State", bound=StrEnum)
Step = TypeVar("Step", bound=StrEnum)


class Phase(StrEnum):
    IDLE = "idle"
    WAITING = "waiting"
    ACTING = "acting"
    VERIFYING = "verifying"
    HANDED_OVER = "handed_over"


class RecoveryEvent(StrEnum):
    """What moves a recovery from phase to phase."""

    FAILED = "failed"
    """The service is seen bad; or the attempt did not bring it back."""
    GOOD = "good"
    """The service is verified good."""
    ACT = "act"
    ACTED = "acted"
    GIVE_UP = "give_up"
    RELEASED = "released"
    """Its absence is nobody's concern any more: paused by Docker, done, stopped on purpose, retired."""
    TAKEN_UP = "taken_up"
    """An attempt of an earlier daemon had got as far as its verification; again, where the start met trouble."""


TRANSITIONS: dict[tuple[Phase, RecoveryEvent], Phase] = {
    (Phase.IDLE, RecoveryEvent.FAILED): Phase.WAITING,
    (Phase.IDLE, RecoveryEvent.GOOD): Phase.IDLE,
    (Phase.IDLE, RecoveryEvent.RELEASED): Phase.IDLE,
    (Phase.IDLE, RecoveryEvent.ACT): Phase.ACTING,
    (Phase.WAITING, RecoveryEvent.FAILED): Phase.WAITING,
    (Phase.WAITING, RecoveryEvent.GOOD): Phase.IDLE,
    (Phase.WAITING, RecoveryEvent.RELEASED): Phase.IDLE,
    (Phase.WAITING, RecoveryEvent.ACT): Phase.ACTING,
    (Phase.WAITING, RecoveryEvent.GIVE_UP): Phase.HANDED_OVER,
    (Phase.ACTING, RecoveryEvent.ACTED): Phase.VERIFYING,
    (Phase.ACTING, RecoveryEvent.FAILED): Phase.WAITING,
    (Phase.VERIFYING, RecoveryEvent.GOOD): Phase.IDLE,
    (Phase.VERIFYING, RecoveryEvent.FAILED): Phase.WAITING,
    (Phase.VERIFYING, RecoveryEvent.RELEASED): Phase.IDLE,
    (Phase.HANDED_OVER, RecoveryEvent.FAILED): Phase.HANDED_OVER,
    (Phase.HANDED_OVER, RecoveryEvent.GOOD): Phase.IDLE,
    (Phase.HANDED_OVER, RecoveryEvent.RELEASED): Phase.IDLE,
    (Phase.HANDED_OVER, RecoveryEvent.ACT): Phase.ACTING,
    (Phase.IDLE, RecoveryEvent.TAKEN_UP): Phase.VERIFYING,
    (Phase.WAITING, RecoveryEvent.TAKEN_UP): Phase.VERIFYING,
    (Phase.HANDED_OVER, RecoveryEvent.TAKEN_UP): Phase.VERIFYING,
    (Phase.VERIFYING, RecoveryEvent.TAKEN_UP): Phase.VERIFYING,
}


class IllegalTransition(Exception):
    """The daemon asked for a transition that the table does not have: a bug, never an ordinary state."""


def phase_of(record: ServiceRecord) -> Phase:
    """Where a new daemon begins with a service, by what the ledger says of it."""
    if record.incident is None:
        return Phase.IDLE
    return Phase.HANDED_OVER if record.quarantined is not None else Phase.WAITING


def advance(phase: Phase, event: RecoveryEvent) -> Phase:
    """The next phase; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[phase, event]
    except KeyError:
        msg = f"{event} cannot happen while {phase}"
        raise IllegalTransition(msg) from None


def diagram(transitions: Mapping[tuple[State, Step], State], beginning: State) -> str:
    """The picture of a table, for the documentation; tests keep the two equal."""
    lines = [f"    {state} --> {target}: {step}" for (state, step), target in transitions.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {beginning}", *lines])


def mermaid() -> str:
    """Of this table, for `docs/architecture.md`."""
    return diagram(TRANSITIONS, Phase.IDLE)
