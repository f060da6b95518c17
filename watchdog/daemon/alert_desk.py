"""Keeps what each receiver was told of the open incidents, and makes of what is due the notices that are queued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog

from watchdog.codecs.telling import ALERT_STATE, SILENCE
from watchdog.daemon.accounts import Open, account_of, case_of, rules_of
from watchdog.daemon.holding import about_of, hold_of, watched_of
from watchdog.daemon.journal import Journal
from watchdog.daemon.world import World
from watchdog.errors import LedgerError
from watchdog.model.alert import Alert, Notice
from watchdog.model.alerting import AlertState, Stage
from watchdog.model.record import EntryKind, Incident, Kept, Severity
from watchdog.policy.alerting import Case, Message, Telling, critical_at, due, ended, next_at
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
FLAPS = 30.0
"""Seconds after which what flaps is looked at again: it may be down for good by then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written in one transaction with what it tells of; then `AlertDesk.take` it."""

    states: Mapping[int, AlertState | None]
    notices: tuple[Notice, ...]

    @property
    def kept(self) -> tuple[Kept, ...]:
        return tuple(
            Kept(ALERTS, str(number), ALERT_STATE.dump(state) if state is not None else None)
            for number, state in self.states.items()
        )


class AlertDesk:
    """Who plans for an incident is `changing` it until the plan is written and taken: else the same is told twice."""

    def __init__(self, world: World, journal: Journal, send: Callable[..., None]) -> None:
        self._world = world
        self._journal = journal
        self._send = send
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """By incident: a write that takes long for one delays no other."""
        self._ending: set[int] = set()
        """Incidents whose end is planned: no other leaves it to them to tell of an end that they share."""
        self.stirred = asyncio.Event()
        """Set when something may be due sooner than was known."""
        self._states: dict[int, AlertState] = {}
        self._about: dict[int, About] = {}
        """As it was when the incident opened: a service that is gone has no labels any more."""
        self._due_at: dict[int, float | None] = {}
        self._unkept: set[int] = set()
        """Incidents of which more was told than the ledger could be made to keep."""
        measures = world.measures
        measures.firing, measures.held, measures.silences = self._firing, self._held, lambda: len(world.silences)

    async def restore(self, found: Iterable[Incident]) -> None:
        """Takes up what an earlier daemon told of these; of others it forgets it. Silences go on."""
        kept = await self._journal.ledger.kept(ALERTS)
        numbers = {str(incident.id) for incident in found}
        states = {key: text for key, text in kept.items() if key in numbers}
        self._states = {int(key): state for key, state in _read(ALERT_STATE.load, states).items()}
        self._world.silences = _read(SILENCE.load, await self._journal.ledger.kept(SILENCES))

    @asynccontextmanager
    async def changing(self, *numbers: int) -> AsyncGenerator[None]:
        """Nobody else plans for these incidents until the block ends."""
        async with AsyncExitStack() as stack:
            for number in sorted(numbers):
                lock = self._locks.get(number) or asyncio.Lock()
                self._locks[number] = lock
                await stack.enter_async_context(lock)
            yield
        if numbers:
            self.stirred.set()

    def at_rest(self, opened: Iterable[Open]) -> list[Open]:
        """Those that nobody is changing; the others are looked at once that is done."""
        return [one for one in opened if (lock := self._locks.get(one.incident.id)) is None or not lock.locked()]

    def reconsider(self) -> None:
        """What holds alerts back, or who hears of them, may have changed."""
        self._due_at.clear()
        self._about = {
            number: about for number, about in self._about.items() if watched_of(self._world, about.subject) is None
        }
        self.stirred.set()

    def due(self, opened: Iterable[Open], now: float) -> Plan:
        """What is to be told of these now."""
        found = {one.incident.id: one for one in opened}
        cases = [self._case(one, now) for one in found.values()]
        telling = due(cases, rules_of(self._world.settings.alert), now)
        return self._plan(telling, found)

    def late(self, opened: Iterable[Open], now: float) -> list[Open]:
        """Those of which something may be due by now, `AT_ONCE` at the most."""
        return list(islice((one for one in opened if self._is_late(one.incident.id, now)), AT_ONCE))

    def due_by_time(self, opened: Sequence[Open], now: float) -> tuple[Plan, float | None]:
        """What time has made due, and when there will be more (steady seconds)."""
        rules = rules_of(self._world.settings.alert)
        found = {one.incident.id: one for one in opened}
        late = self.late(opened, now)
        cases = [self._case(one, now) for one in late]
        telling = due(cases, rules, now)
        numbers = {
            message.incidents[0]
            for message in telling.messages
            if message.stage is Stage.WARNING and message.receiver in rules.grouped
        }
        projects = {self._about_of(found[number]).project for number in numbers}
        if projects:
            known = {case.incident for case in cases}
            others = (one for one in opened if one.incident.id not in known)
            joining = (one for one in others if self._about_of(one).project in projects)
            cases += [self._case(one, now) for one in islice(joining, AT_ONCE)]
            telling = due(cases, rules, now)
        for case in cases:
            state = telling.states.get(case.incident) or case.state
            at = next_at(replace(case, state=state), rules, now)
            flaps = found[case.incident].incident.flapping
            self._due_at[case.incident] = min(now + FLAPS, at or now + FLAPS) if flaps else at
        if len(late) == AT_ONCE:
            return self._plan(telling, found), now
        times = [at for number in found if (at := self._due_at.get(number)) is not None]
        return self._plan(telling, found), min(times, default=None)

    def ended(self, one: Open, sentence: str, now: float) -> Plan:
        """What is told of its end."""
        number = one.incident.id
        self._ending.add(number)
        others = (state for other, state in self._states.items() if other not in self._ending)
        telling = ended(self._case(one, now), others, rules_of(self._world.settings.alert), now)
        return self._plan(telling, {number: one}, sentence)

    def critical_at(self, one: Open, now: float) -> float | None:
        """When its downtime is longer than allowed (steady seconds)."""
        return critical_at(self._case(one, now), now)

    def goes_on(self, number: int) -> None:
        """Its end could not be written."""
        self._ending.discard(number)

    def take(self, plan: Plan) -> None:
        """It is written."""
        for number, state in plan.states.items():
            if state is None:
                self.forget(number)
                self._unkept.discard(number)
            else:
                self._states[number] = state
                self._due_at.pop(number, None)
        self.stirred.set()

    def forget(self, number: int) -> None:
        """It was not opened after all."""
        self._ending.discard(number)
        for known in (self._states, self._about, self._due_at):
            known.pop(number, None)

    def tell_unwritten(self, plan: Plan) -> None:
        """The ledger does not take it: it is told all the same, and kept as soon as that can be."""
        self._send(*plan.notices)
        self.take(plan)
        self._unkept |= plan.states.keys()

    async def keep(self, plan: Plan) -> None:
        """Writes what time made due, and what could not be written before. Raises LedgerError; it is told anyway."""
        late = {number: self._states[number] for number in self._unkept & self._states.keys()}
        if not plan.states and not late:
            return
        everything = Plan({**late, **plan.states}, plan.notices)
        entries = [
            self._journal.entry(EntryKind.ALERT, subject, f"told {', '.join(names)}: {summary}", incident=number)
            for (number, subject, summary), names in _gathered(plan.notices).items()
        ]
        try:
            await self._journal.write(*entries, kept=everything.kept, notices=plan.notices, vital=True)
        except LedgerError:
            self.tell_unwritten(plan)
            raise
        self._unkept -= late.keys()
        self.take(plan)

    def everybody(self, subject: str) -> tuple[str, ...]:
        """Who hears of something critical about a subject, whatever else holds."""
        return receivers_of(
            about_of(self._world, subject), Severity.CRITICAL, 0.0, rules_of(self._world.settings.alert)
        )

    def _firing(self) -> Mapping[Severity, int]:
        told = [{one.stage for one in state.told.values()} for state in self._states.values() if state.told]
        warnings = sum(stages == {Stage.WARNING} for stages in told)
        return {Severity.WARNING: warnings, Severity.CRITICAL: len(told) - warnings}

    def _held(self) -> int:
        now = self._world.clock.now()
        return sum(hold_of(self._world, about, now) is not None for about in self._about.values())

    def _is_late(self, number: int, now: float) -> bool:
        if number not in self._due_at or number in self._unkept:
            return True
        at = self._due_at[number]
        return at is not None and at <= now

    def _about_of(self, one: Open) -> About:
        return self._about.setdefault(one.incident.id, about_of(self._world, one.incident.subject))

    def _case(self, one: Open, now: float) -> Case:
        state = self._states.setdefault(one.incident.id, AlertState(waits_from=one.detected_at))
        return case_of(self._world, one, self._about_of(one), state, now)

    def _plan(self, telling: Telling, found: Mapping[int, Open], ending: str = "") -> Plan:
        at = self._world.clock.wall()  # one moment for all receivers: they are told the same
        notices = [Notice(message.receiver, self._alert(message, found, ending, at)) for message in telling.messages]
        return Plan(telling.states, tuple(notices))

    def _alert(self, message: Message, found: Mapping[int, Open], ending: str, at: float) -> Alert:
        pages = self._world.settings.alert.runbook
        accounts = [account_of(self._world, found[n], self._about_of(found[n])) for n in message.incidents]
        if message.together:
            return alert_of_several(message, accounts, at, pages=pages)
        return alert_of(message, accounts[0], at, pages=pages, ending=ending)


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
