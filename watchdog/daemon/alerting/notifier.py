"""Keeps what each receiver was told of the open incidents, and makes of what is due the notices that are queued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import structlog

from watchdog.codecs.telling import ALERT_STATE, SILENCE
from watchdog.daemon.alerting.alert_inputs import account_of, case_of, rules_of
from watchdog.daemon.alerting.suppression import about_of, hold_of, service_named
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.incidents import OpenIncident
from watchdog.errors import LedgerError
from watchdog.model.alert import Alert, Notice
from watchdog.model.alerting import AlertStage, AlertState
from watchdog.model.record import EntryKind, Incident, Kept, Severity
from watchdog.policy.alerting import AlertMessage, Case, Telling, critical_at, due, ended, next_at
from watchdog.policy.holds import About
from watchdog.policy.routing import receivers_of
from watchdog.policy.telling import alert_of, alert_of_several

T = TypeVar("T")

log = structlog.get_logger()

ALERTS = "alert"
SILENCES = "silence"
"""Kinds of what the ledger keeps."""
AT_ONCE = 100
"""Incidents that are looked at in one go, lest checks wait: the others follow once this is written."""
SOON = 0.0
"""A due time that has passed: nobody has worked out yet when something is due."""
FLAPS = 30.0
"""Seconds after which what flaps is looked at again: it may be down for good by then."""


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What is written in one transaction with what it tells of; then `Notifier.take` it."""

    states: Mapping[int, AlertState | None]
    notices: tuple[Notice, ...]

    @property
    def kept(self) -> tuple[Kept, ...]:
        return tuple(
            Kept(ALERTS, str(number), ALERT_STATE.dump(state) if state is not None else None)
            for number, state in self.states.items()
        )


class Notifier:
    """Who plans for an incident is `changing` it until the plan is written and taken: else the same is told twice."""

    def __init__(self, state: DaemonState, journal: Journal, send: Callable[..., None]) -> None:
        self._state = state
        self._open = state.incidents
        self._journal = journal
        self._send = send
        self.stirred = asyncio.Event()
        """Set when something may be due sooner than was known."""
        measures, silences = state.measures, state.operators.silences
        measures.firing, measures.held, measures.silences = self._firing, self._held, lambda: len(silences)

    async def restore(self, found: Iterable[Incident]) -> Mapping[int, AlertState]:
        """What an earlier daemon told of these; of others it is forgotten. Silences go on."""
        kept = await self._journal.ledger.kept(ALERTS)
        numbers = {str(incident.id) for incident in found}
        states = {key: text for key, text in kept.items() if key in numbers}
        self._state.operators.silences.update(_read(SILENCE.load, await self._journal.ledger.kept(SILENCES)))
        return {int(key): state for key, state in _read(ALERT_STATE.load, states).items()}

    @asynccontextmanager
    async def changing(self, *incidents: OpenIncident) -> AsyncGenerator[None]:
        """Nobody else plans for these incidents until the block ends. A write that takes long delays no others."""
        async with AsyncExitStack() as stack:
            for one in sorted(incidents, key=lambda one: one.id):
                await stack.enter_async_context(one.alerts.lock)
            yield
        if incidents:
            self.stirred.set()

    def at_rest(self) -> list[OpenIncident]:
        """Those that nobody is changing; the others are looked at once that is done."""
        return [one for one in self._open.values() if not one.alerts.lock.locked()]

    def reconsider(self) -> None:
        """What holds alerts back, or who hears of them, may have changed."""
        for one in self._open.values():
            one.alerts.due_at = SOON
            if one.alerts.about is not None and service_named(self._state, one.alerts.about.subject) is not None:
                one.alerts.about = None
        self.stirred.set()

    def due(self, one: OpenIncident, now: float, handed_over: str | None = None) -> AlertPlan:
        """What is to be told of it now. `handed_over`: why a person is needed, as far as that is only being written."""
        telling = due([self._case(one, now, handed_over)], rules_of(self._state.settings.alert), now)
        return self._plan(telling, {one.id: one}, handed_over=handed_over)

    def late(self, opened: Iterable[OpenIncident], now: float) -> list[OpenIncident]:
        """Those of which something may be due by now, `AT_ONCE` at the most."""
        return list(islice((one for one in opened if _is_late(one, now)), AT_ONCE))

    def due_by_time(self, opened: Sequence[OpenIncident], now: float) -> tuple[AlertPlan, float | None]:
        """What time has made due, and when there will be more (steady seconds)."""
        rules = rules_of(self._state.settings.alert)
        found = {one.id: one for one in opened}
        late = self.late(opened, now)
        cases = [self._case(one, now) for one in late]
        telling = due(cases, rules, now)
        numbers = {
            message.incidents[0]
            for message in telling.messages
            if message.stage is AlertStage.WARNING and message.receiver in rules.grouped
        }
        projects = {self._about_of(found[number]).project for number in numbers}
        if projects:
            known = {case.incident for case in cases}
            others = (one for one in opened if one.id not in known)
            joining = (one for one in others if self._about_of(one).project in projects)
            cases += [self._case(one, now) for one in islice(joining, AT_ONCE)]
            telling = due(cases, rules, now)
        for case in cases:
            state = telling.states.get(case.incident) or case.state
            at = next_at(replace(case, state=state), rules, now)
            one = found[case.incident]
            one.alerts.due_at = min(now + FLAPS, at or now + FLAPS) if one.incident.flapping else at
        if len(late) == AT_ONCE:
            return self._plan(telling, found), now
        times = [one.alerts.due_at for one in opened if one.alerts.due_at is not None]
        return self._plan(telling, found), min(times, default=None)

    def ended(self, one: OpenIncident, sentence: str, now: float) -> AlertPlan:
        """What is told of its end."""
        one.alerts.ending = True
        others = (other.alerts.state for other in self._open.values() if not other.alerts.ending)
        telling = ended(self._case(one, now), others, rules_of(self._state.settings.alert), now)
        return self._plan(telling, {one.id: one}, sentence)

    def critical_at(self, one: OpenIncident, now: float) -> float | None:
        """When its downtime is longer than allowed (steady seconds)."""
        return critical_at(self._case(one, now), now)

    def take(self, plan: AlertPlan) -> None:
        """It is written; what is told of incidents that are over is gone with them."""
        for number, state in plan.states.items():
            one = self._open.get(number)
            if one is not None and state is not None:
                one.alerts.state, one.alerts.due_at = state, SOON
        self.stirred.set()

    def tell_unwritten(self, plan: AlertPlan) -> None:
        """The ledger does not take it: it is told all the same, and kept as soon as that can be."""
        self._send(*plan.notices)
        self.take(plan)
        for number in plan.states.keys() & self._open.keys():
            self._open[number].alerts.unkept = True

    async def keep(self, plan: AlertPlan) -> None:
        """Writes what time made due, and what could not be written before. Raises LedgerError; it is told anyway."""
        late = [one for one in self._open.values() if one.alerts.unkept]
        if not plan.states and not late:
            return
        everything = AlertPlan({**{one.id: one.alerts.state for one in late}, **plan.states}, plan.notices)
        entries = [
            self._journal.entry(EntryKind.ALERT, subject, f"told {', '.join(names)}: {summary}", incident=number)
            for (number, subject, summary), names in _gathered(plan.notices).items()
        ]
        try:
            await self._journal.write(*entries, kept=everything.kept, notices=plan.notices, vital=True)
        except LedgerError:
            self.tell_unwritten(plan)
            raise
        for one in late:
            one.alerts.unkept = False
        self.take(plan)

    def everybody(self, subject: str) -> tuple[str, ...]:
        """Who hears of something critical about a subject, whatever else holds."""
        return receivers_of(
            about_of(self._state, subject), Severity.CRITICAL, 0.0, rules_of(self._state.settings.alert)
        )

    def _firing(self) -> Mapping[Severity, int]:
        told = [{told.stage for told in one.alerts.state.told.values()} for one in self._open.values()]
        told = [stages for stages in told if stages]
        warnings = sum(stages == {AlertStage.WARNING} for stages in told)
        return {Severity.WARNING: warnings, Severity.CRITICAL: len(told) - warnings}

    def _held(self) -> int:
        now, abouts = self._state.clock.now(), [one.alerts.about for one in self._open.values()]
        return sum(about is not None and hold_of(self._state, about, now) is not None for about in abouts)

    def _about_of(self, one: OpenIncident) -> About:
        if one.alerts.about is None:
            one.alerts.about = about_of(self._state, one.incident.subject)
        return one.alerts.about

    def _case(self, one: OpenIncident, now: float, handed_over: str | None = None) -> Case:
        return case_of(self._state, one, self._about_of(one), now, handed_over)

    def _plan(
        self,
        telling: Telling,
        found: Mapping[int, OpenIncident],
        ending: str = "",
        *,
        handed_over: str | None = None,
    ) -> AlertPlan:
        at = self._state.clock.wall()  # one moment for all receivers: they are told the same
        pages = self._state.settings.alert.runbook

        def alert(message: AlertMessage) -> Alert:
            opened = [found[number] for number in message.incidents]
            accounts = [account_of(self._state, one, self._about_of(one), handed_over) for one in opened]
            if message.together:
                return alert_of_several(message, accounts, at, pages=pages)
            return alert_of(message, accounts[0], at, pages=pages, ending=ending)

        notices = [Notice(message.receiver, alert(message)) for message in telling.messages]
        return AlertPlan(telling.states, tuple(notices))


def _is_late(one: OpenIncident, now: float) -> bool:
    at = one.alerts.due_at
    return one.alerts.unkept or (at is not None and at <= now)


def _read(read: Callable[[str], T], texts: Mapping[str, str]) -> dict[str, T]:
    """What an earlier daemon kept; what is damaged is left out: then something is told twice, and nothing is lost."""
    found: dict[str, T] = {}
    for key, text in texts.items():
        try:
            found[key] = read(text)
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("What was kept of an alert or a silence cannot be read and is left out.", key=key)
    return found


def _gathered(notices: Iterable[Notice]) -> dict[tuple[int | None, str, str], list[str]]:
    """What is said → to whom."""
    found: dict[tuple[int | None, str, str], list[str]] = {}
    for notice in notices:
        alert = notice.alert
        found.setdefault((alert.incident, alert.subject, alert.summary), []).append(notice.receiver)
    return found
