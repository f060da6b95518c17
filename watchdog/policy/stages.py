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

from watchdog.model.alerting import AlertStage
from watchdog.policy.phases import IllegalTransition, diagram


class AlertEvent(StrEnum):
    """What takes an alert from stage to stage."""

    WARN = "warn"
    ESCALATE = "escalate"
    CALL = "call"
    REMIND = "remind"
    END = "end"


TRANSITIONS: Final[dict[tuple[AlertStage, AlertEvent], AlertStage]] = {
    (AlertStage.WAITING, AlertEvent.WARN): AlertStage.WARNING,
    (AlertStage.WAITING, AlertEvent.ESCALATE): AlertStage.CRITICAL,
    (AlertStage.WAITING, AlertEvent.CALL): AlertStage.HANDED_OVER,
    (AlertStage.WAITING, AlertEvent.END): AlertStage.OVER,
    (AlertStage.WARNING, AlertEvent.ESCALATE): AlertStage.CRITICAL,
    (AlertStage.WARNING, AlertEvent.CALL): AlertStage.HANDED_OVER,
    (AlertStage.WARNING, AlertEvent.END): AlertStage.OVER,
    (AlertStage.CRITICAL, AlertEvent.CALL): AlertStage.HANDED_OVER,
    (AlertStage.CRITICAL, AlertEvent.REMIND): AlertStage.CRITICAL,
    (AlertStage.CRITICAL, AlertEvent.END): AlertStage.OVER,
    (AlertStage.HANDED_OVER, AlertEvent.REMIND): AlertStage.HANDED_OVER,
    (AlertStage.HANDED_OVER, AlertEvent.END): AlertStage.OVER,
}


def advance(stage: AlertStage, move: AlertEvent) -> AlertStage:
    """The next stage; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[stage, move]
    except KeyError:
        msg = f"{move} cannot happen while {stage}"
        raise IllegalTransition(msg) from None


def mermaid() -> str:
    """The picture of this table, for `docs/alerts.md`."""
    return diagram(TRANSITIONS, AlertStage.WAITING)
