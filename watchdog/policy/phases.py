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

State = TypeVar("State", bound=StrEnum)
Step = TypeVar("Step", bound=StrEnum)


class Phase(StrEnum):
    IDLE = "idle"
    WAITING = "waiting"
    ACTING = "acting"
    VERIFYING = "verifying"
    HANDED_OVER = "handed_over"


class Happening(StrEnum):
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


TRANSITIONS: dict[tuple[Phase, Happening], Phase] = {
    (Phase.IDLE, Happening.FAILED): Phase.WAITING,
    (Phase.IDLE, Happening.GOOD): Phase.IDLE,
    (Phase.IDLE, Happening.RELEASED): Phase.IDLE,
    (Phase.IDLE, Happening.ACT): Phase.ACTING,
    (Phase.WAITING, Happening.FAILED): Phase.WAITING,
    (Phase.WAITING, Happening.GOOD): Phase.IDLE,
    (Phase.WAITING, Happening.RELEASED): Phase.IDLE,
    (Phase.WAITING, Happening.ACT): Phase.ACTING,
    (Phase.WAITING, Happening.GIVE_UP): Phase.HANDED_OVER,
    (Phase.ACTING, Happening.ACTED): Phase.VERIFYING,
    (Phase.ACTING, Happening.FAILED): Phase.WAITING,
    (Phase.VERIFYING, Happening.GOOD): Phase.IDLE,
    (Phase.VERIFYING, Happening.FAILED): Phase.WAITING,
    (Phase.VERIFYING, Happening.RELEASED): Phase.IDLE,
    (Phase.HANDED_OVER, Happening.FAILED): Phase.HANDED_OVER,
    (Phase.HANDED_OVER, Happening.GOOD): Phase.IDLE,
    (Phase.HANDED_OVER, Happening.RELEASED): Phase.IDLE,
    (Phase.HANDED_OVER, Happening.ACT): Phase.ACTING,
}


class IllegalTransition(Exception):
    """The daemon asked for a transition that the table does not have: a bug, never an ordinary state."""


def advance(phase: Phase, happening: Happening) -> Phase:
    """The next phase; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[phase, happening]
    except KeyError:
        msg = f"{happening} cannot happen while {phase}"
        raise IllegalTransition(msg) from None


def diagram(transitions: Mapping[tuple[State, Step], State], beginning: State) -> str:
    """The picture of a table, for the documentation; tests keep the two equal."""
    lines = [f"    {state} --> {target}: {step}" for (state, step), target in transitions.items()]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {beginning}", *lines])


def mermaid() -> str:
    """Of this table, for `docs/architecture.md`."""
    return diagram(TRANSITIONS, Phase.IDLE)
