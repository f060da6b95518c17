"""A request for a person's word before a plan is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from watchdog.model.identity import ServiceKey
from watchdog.model.record import Rung
from watchdog.model.snapshot import timestamp


class ApprovalState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    """A person agreed, and the attempt that this is good for has not begun."""
    USED = "used"
    VOID = "void"
    """A person agreed to what is not to be done any more."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Nobody needs it any more."""


STANDING: Final = frozenset({ApprovalState.WAITING, ApprovalState.APPROVED})
"""In which something still follows from a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Kept in the ledger, so that it outlives the daemon. Times are steady seconds."""

    id: int
    service: ServiceKey
    rung: Rung
    container: str
    """Full ID of the one that it is about; '' where there is none."""
    incident: int
    plan: str
    """As it was printed."""
    essence: str
    """What of the plan must be the same when it is carried out (`codecs.plans.essence`)."""
    evidence: tuple[str, ...]
    """What is wrong, a sentence each."""
    asked_at: float
    expires_at: float
    state: ApprovalState = ApprovalState.WAITING
    by: str = ""
    """Who decided; '' where nobody did."""
    reason: str = ""
    """In that person's words."""
    ended_at: float | None = None
    """When it was last decided on."""
    because: str = ""
    """How it stands when it waits no more, a sentence."""
    told: tuple[str, ...] = ()
    """The receivers that were told of it: they hear of its end."""

    @property
    def stands(self) -> bool:
        return self.state in STANDING

    def as_json(self, wall: float) -> dict[str, Any]:
        """For people and programs (docs/api.md). `wall` is what steady seconds lack to Unix seconds."""
        return {
            "id": self.id,
            "service": str(self.service),
            "action": self.rung.value,
            "state": self.state.value,
            "plan": self.plan,
            "evidence": list(self.evidence),
            "incident": self.incident,
            "asked_at": timestamp(self.asked_at + wall),
            "expires_at": timestamp(self.expires_at + wall),
            "by": self.by,
            "reason": self.reason,
            "ended_at": timestamp(self.ended_at + wall) if self.ended_at is not None else None,
            "because": self.because,
        }
