"""What an alert says, from what is known of its incidents: bounded, and without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from watchdog.model.alert import Alert
from watchdog.model.alerting import AlertStage
from watchdog.model.record import Attempt, Incident, Outcome, Severity
from watchdog.model.snapshot import timestamp
from watchdog.policy.advice import HANDED_OVER, LOOK, NOTHING, WORKING, Advice, advice, anchor
from watchdog.policy.alerting import AlertMessage
from watchdog.policy.holds import About

_MOST_TRIED: Final = 10
_MOST_NAMED: Final = 20
_SENTENCE: Final = 500
"""Characters of a stranger's sentence that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of one incident."""

    incident: Incident
    about: About
    container: str = ""
    attempts: tuple[Attempt, ...] = ()
    """Made during it, oldest first."""
    handed_over: str | None = None
    """Why a person is needed."""
    recovers: bool = True
    """Whether watchdog works on it by itself."""
    root: str = ""
    dependents: tuple[str, ...] = ()
    runbook: str = ""
    """The link of its own; else that of the section in the runbook."""
    flapping: bool = False


def alert_of(message: AlertMessage, account: Account, at: float, *, pages: str, ending: str = "") -> Alert:
    """What one receiver is told of one incident. `ending` is the sentence that closed it; `pages` the runbook's link.

    `at` is Unix seconds.
    """
    incident, about = account.incident, account.about
    over = message.stage is AlertStage.OVER
    summary = _summary(message, account, at, ending)
    what = _advice(account)
    return Alert(
        key=message.key,
        severity=message.severity,
        subject=incident.subject,
        summary=summary,
        at=at,
        incident=incident.id,
        resolved=message.resolved,
        command=f"watchdog show {incident.id}",
        project=about.project,
        labels=dict(about.labels),
        owner=about.owner,
        since=incident.failed_at,
        root=account.root,
        dependents=_bounded(account.dependents),
        tried=tuple(map(_tried, account.attempts[-_MOST_TRIED:])),
        todo="" if over else _filled(what, account),
        runbook="" if over else account.runbook or f"{pages}#{anchor(what.heading)}",
        flapping=account.flapping,
        reminder=message.reminder,
    )


def alert_of_several(message: AlertMessage, accounts: Sequence[Account], at: float, *, pages: str) -> Alert:
    """What one receiver is told of several incidents at once; of their end when the last one is over."""
    project = accounts[0].about.project
    failed_at = min(account.incident.failed_at for account in accounts)
    if message.resolved:
        summary = "resolved: all that was told together is over."
    else:
        told = [f"{account.incident.subject}: {_cut(account.incident.summary)}." for account in accounts[:_MOST_NAMED]]
        more = len(accounts) - len(told)
        summary = " ".join([*told, *([f"And {more} more."] if more else [])])
    return Alert(
        key=message.key,
        severity=message.severity,
        subject=_together(project, len(accounts)),
        summary=summary,
        at=at,
        incident=message.incidents[0],
        resolved=message.resolved,
        command="watchdog incidents --open",
        project=project,
        since=failed_at,
        todo="" if message.resolved else _filled(NOTHING, accounts[0]),
        runbook="" if message.resolved else f"{pages}#{anchor(NOTHING.heading)}",
    )


def _together(project: str, count: int) -> str:
    several = f"{count} incidents" if count > 1 else "incidents"
    return f"{project}: {several}" if project else several


def _summary(message: AlertMessage, account: Account, at: float, ending: str) -> str:
    incident = account.incident
    if message.resolved:
        return f"resolved: {_cut(ending)}"
    if message.stage is AlertStage.OVER:
        return f"{incident.subject}: {_cut(incident.summary)}; {_cut(ending)}."
    if message.stage is AlertStage.HANDED_OVER and account.handed_over is not None:
        return f"{incident.subject}: {_cut(account.handed_over)}. A person is needed."
    if message.severity is Severity.CRITICAL:
        return f"{incident.subject} is down for {span(at - incident.failed_at)}: {_cut(incident.summary)}."
    return f"{incident.subject}: {_cut(incident.summary)}."


def _advice(account: Account) -> Advice:
    if account.handed_over is not None:
        return advice(account.handed_over, HANDED_OVER)
    if not account.recovers:
        return advice(account.incident.summary, LOOK)
    return advice(account.incident.summary, WORKING if account.incident.severity is Severity.CRITICAL else NOTHING)


def _filled(what: Advice, account: Account) -> str:
    return what.todo.format(
        subject=account.incident.subject,
        container=account.container or account.incident.subject,
        incident=account.incident.id,
    )


def _tried(attempt: Attempt) -> str:
    how = {
        Outcome.PENDING: "is under way",
        Outcome.RECOVERED: "brought it back",
        Outcome.FAILED: "failed",
        Outcome.INTERRUPTED: "was interrupted",
    }[attempt.outcome]
    because = f": {_cut(attempt.reason)}" if attempt.reason and attempt.outcome is Outcome.FAILED else ""
    by = " by a person" if attempt.by_operator else ""
    return f"{attempt.rung}{by} at {timestamp(attempt.at)} {how}{because}"


def _bounded(names: tuple[str, ...]) -> tuple[str, ...]:
    more = len(names) - _MOST_NAMED
    return (*names[:_MOST_NAMED], f"and {more} more") if more > 0 else names


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= _SENTENCE else f"{sentence[: _SENTENCE - 1]}…"


def span(seconds: float) -> str:
    """As people say it: `90 s`, `12 min`, `5 h`, `3 d`."""
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
