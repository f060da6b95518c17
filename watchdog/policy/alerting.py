"""Who is to be told of what now, and of what end: a decision about all open incidents at once, with no call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from watchdog.model.alert import FILES
from watchdog.model.alerting import AlertStage, AlertState, Told
from watchdog.model.record import Severity
from watchdog.policy.holds import About, Hold
from watchdog.policy.routing import Rules, comes_later, receivers_of
from watchdog.policy.stages import AlertEvent, advance

_GROUP: Final = "group-"
_SAME_MOMENT: Final = 1.0
"""Seconds: the end of a window by the wall clock, told in steady seconds, is not twice the same to the last digit."""
_TO: Final = {
    AlertStage.WARNING: AlertEvent.WARN,
    AlertStage.CRITICAL: AlertEvent.ESCALATE,
    AlertStage.HANDED_OVER: AlertEvent.CALL,
}
_HEIGHT: Final = {stage: height for height, stage in enumerate((AlertStage.WAITING, *_TO))}
_REMINDED: Final = {AlertStage.CRITICAL, AlertStage.HANDED_OVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An open incident, as far as telling goes. Times are steady seconds."""

    incident: int
    about: About
    severity: Severity
    failed_at: float
    detected_at: float
    downtime_allowed: float | None = None
    """Seconds; None where nothing is down."""
    handed_over: bool = False
    hold: Hold | None = None
    state: AlertState


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMessage:
    """One thing to tell one receiver; of several incidents when they are told together, the oldest first."""

    receiver: str
    key: str
    stage: AlertStage
    severity: Severity
    incidents: tuple[int, ...]
    reminder: int = 0

    @property
    def resolved(self) -> bool:
        """That it is over of which the receiver was told; an information has no end."""
        return self.stage is AlertStage.OVER and self.severity is not Severity.INFO

    @property
    def together(self) -> bool:
        """Of several incidents: its end is told with the end of the last of them."""
        return self.key.startswith(_GROUP)


@dataclass(frozen=True, slots=True)
class Telling:
    """Messages, and what is kept of each incident once they are queued; None: it is over."""

    messages: tuple[AlertMessage, ...] = ()
    states: Mapping[int, AlertState | None] = field(default_factory=dict[int, "AlertState | None"])


def excused(case: Case, now: float) -> Case:
    """The case with its patience begun anew: when those will be done who work on it, or now where they are already."""
    waits_from = case.state.waits_from
    if case.hold is not None and case.hold.excuses:
        begins = waits_from if abs(waits_from - case.hold.until) < _SAME_MOMENT else case.hold.until
    else:
        begins = min(waits_from, now)
    return case if begins == waits_from else replace(case, state=replace(case.state, waits_from=begins))


def critical_at(case: Case, now: float) -> float | None:
    """When its downtime is longer than allowed (steady seconds); None when that is said, or nothing is down.

    Time that is excused does not count, nor what came before it.
    """
    if case.severity is Severity.CRITICAL or case.downtime_allowed is None:
        return None
    waits_from = excused(case, now).state.waits_from
    return (waits_from if waits_from > case.detected_at else case.failed_at) + case.downtime_allowed


def due(cases: Sequence[Case], rules: Rules, now: float) -> Telling:
    """All that is to be told now.

    The warnings of a project go to a receiver as one, and with them those that still wait: it is disturbed anyway.
    """
    found = [excused(case, now) for case in cases]
    messages: list[AlertMessage] = []
    together: dict[tuple[str, str], list[Case]] = {}
    for case in found:
        for receiver, move in _moves(case, rules, now):
            if move is AlertEvent.WARN and receiver in rules.grouped:
                together.setdefault((receiver, case.about.project), []).append(case)
            else:
                messages.append(_of_one(case, receiver, move))
    for case in found:
        for receiver in _waiting(case, rules, now):
            if (receiver, case.about.project) in together:
                together[receiver, case.about.project].append(case)
    messages += [_of_several(members, receiver) for (receiver, _), members in together.items()]
    return Telling(tuple(messages), _states(cases, found, messages, now))


def ended(case: Case, others: Iterable[AlertState], rules: Rules, now: float) -> Telling:
    """It is over: told to whoever was told of it, under each key that no other open incident has.

    Of what nobody was told (watchdog mended it by itself) those hear that want to know of everything.
    """
    shares = any(key.startswith(_GROUP) for told in case.state.told.values() for key in told.keys)
    others = list(others) if shares else []  # there may be ten thousand
    messages = tuple(
        AlertMessage(
            receiver=receiver,
            key=key,
            stage=advance(told.stage, AlertEvent.END),
            severity=Severity.WARNING if key.startswith(_GROUP) else _severity(told.stage),
            incidents=(case.incident,),
        )
        for receiver, told in case.state.told.items()
        for key in told.keys
        if not any(receiver in other.told and key in other.told[receiver].keys for other in others)
    )
    if not case.state.told:
        informed = receivers_of(case.about, Severity.INFO, now - case.detected_at, rules)
        messages = tuple(
            AlertMessage(
                receiver=receiver,
                key=f"info-{case.incident}",
                stage=AlertStage.OVER,
                severity=Severity.INFO,
                incidents=(case.incident,),
            )
            for receiver in informed
            if _hears(receiver, case)
        )
    return Telling(messages, {case.incident: None})


def next_at(case: Case, rules: Rules, now: float) -> float | None:
    """When time alone may make something due (steady seconds); None when it never will."""
    case = excused(case, now)
    age = now - case.detected_at
    later = comes_later(case.about, case.severity, age, rules)
    reminded = [
        told.at + rules.repeat
        for receiver, told in case.state.told.items()
        if rules.repeat and told.stage in _REMINDED and receiver != FILES
    ]
    times = (
        case.state.waits_from + rules.group_wait if case.severity is Severity.WARNING else None,
        case.hold.until if case.hold is not None else None,
        case.detected_at + later if later is not None else None,
        critical_at(case, now),
        *reminded,
    )
    return min((at for at in times if at is not None and at > now), default=None)


def _moves(case: Case, rules: Rules, now: float) -> Iterable[tuple[str, AlertEvent]]:
    wanted = _wanted(case, rules, now)
    for receiver in receivers_of(case.about, case.severity, now - case.detected_at, rules):
        told = case.state.told.get(receiver)
        stage = told.stage if told is not None else AlertStage.WAITING
        if not _hears(receiver, case):
            continue
        if _HEIGHT[wanted] > _HEIGHT[stage]:
            yield receiver, _TO[wanted]
        elif told is not None and _is_reminded(receiver, told, rules, now):
            yield receiver, AlertEvent.REMIND


def _wanted(case: Case, rules: Rules, now: float) -> AlertStage:
    if case.severity is Severity.CRITICAL:
        return AlertStage.HANDED_OVER if case.handed_over else AlertStage.CRITICAL
    return AlertStage.WARNING if now >= case.state.waits_from + rules.group_wait else AlertStage.WAITING


def _waiting(case: Case, rules: Rules, now: float) -> tuple[str, ...]:
    """Who will hear of it when it has waited long enough."""
    if _wanted(case, rules, now) is not AlertStage.WAITING:
        return ()
    receivers = receivers_of(case.about, case.severity, now - case.detected_at, rules)
    return tuple(receiver for receiver in receivers if receiver not in case.state.told and _hears(receiver, case))


def _hears(receiver: str, case: Case) -> bool:
    return case.hold is None or receiver == FILES


def _is_reminded(receiver: str, told: Told, rules: Rules, now: float) -> bool:
    return receiver != FILES and told.stage in _REMINDED and 0 < rules.repeat <= now - told.at


def _of_one(case: Case, receiver: str, move: AlertEvent) -> AlertMessage:
    told = case.state.told.get(receiver)
    stage = advance(told.stage if told is not None else AlertStage.WAITING, move)
    return AlertMessage(
        receiver=receiver,
        key=f"incident-{case.incident}",
        stage=stage,
        severity=_severity(stage),
        incidents=(case.incident,),
        reminder=told.count if told is not None else 0,
    )


def _of_several(members: list[Case], receiver: str) -> AlertMessage:
    if len(members) == 1:
        return _of_one(members[0], receiver, AlertEvent.WARN)
    incidents = tuple(sorted(case.incident for case in members))
    return AlertMessage(
        receiver=receiver,
        key=f"{_GROUP}{incidents[0]}",
        stage=AlertStage.WARNING,
        severity=Severity.WARNING,
        incidents=incidents,
    )


def _severity(stage: AlertStage) -> Severity:
    return Severity.WARNING if stage is AlertStage.WARNING else Severity.CRITICAL


def _states(
    before: Iterable[Case], after: Iterable[Case], messages: Iterable[AlertMessage], now: float
) -> dict[int, AlertState | None]:
    """Those that changed."""
    states = {case.incident: case.state for case in after}
    for message in messages:
        for number in message.incidents:
            state = states[number]
            states[number] = replace(state, told={**state.told, message.receiver: _told(state, message, now)})
    return {case.incident: states[case.incident] for case in before if states[case.incident] != case.state}


def _told(state: AlertState, message: AlertMessage, now: float) -> Told:
    known = state.told.get(message.receiver)
    keys = (*(known.keys if known is not None else ()), message.key)
    return Told(
        stage=message.stage,
        at=now,
        keys=tuple(dict.fromkeys(keys)),
        count=known.count + 1 if known is not None else 1,
    )
