"""What waits for a person's approval, and the life of such a request as a table.

      WAITING ──APPROVE──► APPROVED ──USE──► USED
       │ │ │                  │
       │ │ └─WITHDRAW─► …     └────VOID───► VOID
       │ └───EXPIRE──► EXPIRED
       └────REJECT──► REJECTED

USED: the intent of the one attempt that it is good for is written. VOID: what was agreed to is not what would be done
now, or too late, or not needed any more. REJECTED and EXPIRED hand the service to a person.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from watchdog.model.alert import Alert
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.container import Container
from watchdog.model.health import Assessment, Health
from watchdog.model.observation import Verdict
from watchdog.model.plan import Act, HandOver
from watchdog.model.record import Desired, ServiceRecord, Severity
from watchdog.model.settings import RecoverySettings
from watchdog.model.snapshot import timestamp
from watchdog.policy.advice import APPROVAL, anchor
from watchdog.policy.guards import NOT_WANTED
from watchdog.policy.holds import About
from watchdog.policy.phases import IllegalTransition, diagram
from watchdog.policy.telling import span


class ApprovalEvent(StrEnum):
    """What takes a request from state to state."""

    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    USE = "use"
    VOID = "void"


TRANSITIONS: Final[dict[tuple[ApprovalState, ApprovalEvent], ApprovalState]] = {
    (ApprovalState.WAITING, ApprovalEvent.APPROVE): ApprovalState.APPROVED,
    (ApprovalState.WAITING, ApprovalEvent.REJECT): ApprovalState.REJECTED,
    (ApprovalState.WAITING, ApprovalEvent.EXPIRE): ApprovalState.EXPIRED,
    (ApprovalState.WAITING, ApprovalEvent.WITHDRAW): ApprovalState.WITHDRAWN,
    (ApprovalState.APPROVED, ApprovalEvent.USE): ApprovalState.USED,
    (ApprovalState.APPROVED, ApprovalEvent.VOID): ApprovalState.VOID,
}


def advance(state: ApprovalState, move: ApprovalEvent) -> ApprovalState:
    """The next state; raises IllegalTransition for what the table does not know."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        msg = f"{move} cannot happen while {state}"
        raise IllegalTransition(msg) from None


def mermaid() -> str:
    """The picture of this table, for `docs/approvals.md`."""
    return diagram(TRANSITIONS, ApprovalState.WAITING)


def needed(act: Act, settings: RecoverySettings, *, ordered: bool) -> bool:
    """Whether a person has to agree first; whoever ordered it has."""
    return not ordered and act.rung in settings.approval


def about_the_same(request: Approval, act: Act, container: Container | None) -> bool:
    """Whether the decision is still the one that was asked about, as far as can be told without planning it."""
    return request.rung is act.rung and request.container == (container.id if container is not None else "")


def expired(request: Approval, now: float) -> HandOver:
    """Nobody answered in time: a person is needed all the same."""
    after = span(now - request.asked_at)
    return HandOver(f"approval {request.id} to {request.rung} {request.service} expired unanswered after {after}")


def rejected(request: Approval, by: str, reason: str) -> HandOver:
    """Whoever rejects what would be done takes the service over."""
    return HandOver(f"approval {request.id} to {request.rung} {request.service} is rejected by {by}: {reason}")


def evidence(seen: Assessment) -> tuple[str, ...]:
    """What is wrong, as the alert shows it: the reason, then each check that fails."""
    failing = (check for check in seen.checks if check.verdict is Verdict.FAIL)
    return (seen.reason, *(f"check {check.check}: {check.reason}" for check in failing))


def alert_of(request: Approval, about: About, at: float, *, wall: float, pages: str, ended: bool = False) -> Alert:
    """What a receiver is told of a request, and of its end.

    `at` is Unix seconds, `wall` what steady seconds lack to them, `pages` the runbook's link.
    """
    until = timestamp(request.expires_at + wall)
    asks = f"{request.service}: {request.rung} waits for a person's approval until {until}: {request.evidence[0]}."
    return Alert(
        key=f"approval-{request.id}",
        severity=Severity.CRITICAL,
        subject=str(request.service),
        summary=f"resolved: {request.because}" if ended else asks,
        at=at,
        incident=request.incident,
        resolved=ended,
        command=f"watchdog show {request.incident}",
        project=about.project,
        labels=dict(about.labels),
        owner=about.owner,
        todo="" if ended else APPROVAL.todo.format(approval=request.id, until=until),
        runbook="" if ended else f"{pages}#{anchor(APPROVAL.heading)}",
        plan="" if ended else request.plan,
        evidence=() if ended else request.evidence,
    )


def unneeded(
    seen: Assessment, record: ServiceRecord, settings: RecoverySettings, now: float, *, ordered: bool
) -> str | None:
    """Why no approval is needed any more, whatever was asked for; None while one may be."""
    if ordered:
        return "a person ordered its recovery"
    if seen.serves:
        return f"it is good again: {seen.reason}"
    if seen.health in {Health.PAUSED, Health.DONE}:
        return f"nobody expects it to be up: {seen.reason}"
    if record.desired is not Desired.UP:
        return NOT_WANTED[record.desired]
    if record.quarantined is not None:
        return f"it is handed to a person: {record.quarantined}"
    if record.pause is not None and now < record.pause.until:
        return f"it is paused by {record.pause.by}: {record.pause.reason}"
    return None if settings.enabled else "recovery is off (recovery.enabled)"
