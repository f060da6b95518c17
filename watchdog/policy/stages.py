"""The life of an alert, for each of its receivers, as a table.

      WAITING ──WARN──► WARNING ──ESCALATE──► CRITICAL ──CALL──► HANDED_OVER
         │                 │                  ▲  │ ▲                │  ▲ │
         │                 │                  REMIND                REMIND
         └────────END──────┴─────────END─────────┴────────END───────┴──► OVER

WAITING: nobody was told (yet): recovery has its turn, or a silence, a pause or a maintenance window holds it back.
HANDED_OVER: a person was told that nothing more happens without one. What leaves another stage than WAITING by END is
told to be over to whoever was told of it, and to nobody else.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from watchdog.model.alerting import Stage
from watchdog.policy.phases import IllegalTransition, diagram


class Move(StrEnum):
    """What takes an alert from stage to stage."""

    WARN = "warn"
    ESCALATE = "escalate"
    CALL = "call"
    REMIND = "remind"
    END = "end"


TRANSITIONS: Final[dict[tuple[Stage, Move], Stage]] = {
    (Stage.WAITING, Move.WARN): Stage.WARNING,
    (Stage.WAITING, Move.ESCALATE): Stage.CRITICAL,
    (Stage.WAITING, Move.CALL): Stage.HANDED_OVER,
    (Stage.WAITING, Move.END): Stage.OVER,
    (Stage.WARNING, Move.ESCALATE): Stage.CRITICAL,
    (Stage.WARNING, Move.CALL): Stage.HANDED_OVER,
    (Stage.WARNING, Move.END): Stage.OVER,
    (Stage.CRITICAL, Move.CALL): Stage.HANDED_OVER,
    (Stage.CRITICAL, Move.REMIND): Stage.CRITICAL,
    (Stage.CRITICAL, Move.END): Stage.OVER,
    (Stage.HANDED_OVER, Move.REMIND): Stage.HANDED_OVER,
    (Stage.HANDED_OVER, Move.END): Stage.OVER,
}


def advance(stage: Stage, move: Move) -> Stage:
    """The next stage; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[stage, move]
    except KeyError:
        msg = f"{move} cannot happen while {stage}"
        raise IllegalTransition(msg) from None


def mermaid() -> str:
    """The picture of this table, for `docs/alerts.md`."""
    return diagram(TRANSITIONS, Stage.WAITING)
