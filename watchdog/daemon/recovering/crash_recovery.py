"""What an earlier daemon was killed in the middle of: resolved before anything is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from watchdog.codecs.plans import steps_from_json
from watchdog.daemon.recording.journal import Journal
from watchdog.daemon.recording.records import Records
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.state.daemon import DaemonState
from watchdog.engine.protocol import Summary
from watchdog.errors import EngineRefused, LedgerError
from watchdog.model.container import ContainerState, RestartPolicy
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import (
    Plan,
    RemoveContainer,
    RenameContainer,
    SetRestartPolicy,
    Step,
    StopContainer,
    spec_of,
)
from watchdog.model.record import Attempt, EntryKind, Outcome, Row, Rung, ServiceRecord
from watchdog.policy.discovery import OwnName, is_own_name, key_of, read_own_name, stands_for
from watchdog.policy.planning import MEANT_TO_RUN
from watchdog.recovery.manager import Execution

_T = TypeVar("_T")

log = structlog.get_logger()

STOP_TIMEOUT = 10.0


class CrashRecovery:
    """Reads what is left over off the names that watchdog gives and off the intents that have no outcome."""

    def __init__(self, state: DaemonState, journal: Journal, records: Records, runner: RecoveryRunner) -> None:
        self._state = state
        self._journal = journal
        self._records = records
        self._runner = runner
        self._manager = runner.manager

    async def resolve(self) -> bool:
        """Whether anything was left; may be called again after an EngineError or LedgerError.

        A successor that never took its place is removed. What was set aside, or only stopped, is put back, unless its
        successor bears its name: then it stays stopped, with its restart policy off, and the attempt is verified as
        if its daemon lived. An intent gets its outcome last, so that a daemon killed here leaves it to the next.
        """
        summaries = await self._state.engine.list_containers()
        pending = await self._journal.ledger.pending_intents()
        looking_like_ours = [summary for summary in summaries if is_own_name(summary.name)]
        named = [one for one in await self._ours(looking_like_ours, pending) if not self._left(*one)]
        await self._side_by_side(self._remove(summary, own) for summary, own in named if own.successor)
        bearers = {summary.name: summary for summary in summaries}
        intents = {row.entry.payload.get("container"): row for row in pending}
        settled = await self._side_by_side(
            self._settle(summary, own, bearers.get(own.original), intents.get(summary.id))
            for summary, own in named
            if not own.successor
        )
        taken_up = set[int]().union(*settled)
        found = {summary.id: summary for summary in summaries}
        await self._side_by_side(
            self._end(row, found.get(row.entry.payload.get("container") or ""))
            for row in pending
            if row.seq not in taken_up
        )
        return bool(looking_like_ours or pending)

    async def _ours(self, looking: Sequence[Summary], pending: Sequence[Row]) -> list[tuple[Summary, OwnName]]:
        """Those whose names this ledger gave; whoever else calls a container so is told, and it is never touched."""
        acted_on = await self._journal.ledger.renamed_by_us({one.id: one.name for one in looking})
        ours = [one for one in looking if one.id in acted_on or await self._made(one, pending)]
        for summary in looking:
            if summary not in ours:
                log.warning(
                    f"container {summary.name} has a name as watchdog gives them, and this ledger knows nothing of it: "
                    "it is left alone and watched like any other"
                )
        self._state.own_actions.recall(summary.name for summary in ours)
        return [(summary, own) for summary in ours if (own := read_own_name(summary.name)) is not None]

    async def _made(self, summary: Summary, pending: Iterable[Row]) -> bool:
        """Whether it is what an attempt was about to make when its daemon died, before that could be recorded."""
        payloads = (row.entry.payload for row in pending)
        payload = next((one for one in payloads if summary.name in one.get("names", ())), None)
        if payload is None or not payload.get("spec"):
            return False
        try:
            spec = await self._journal.ledger.spec(payload["spec"])
        except LedgerError:
            return False
        labels: Mapping[str, str] = spec.config.get("Labels") or {}
        return summary.image_id == spec.image_id and labels.items() <= summary.labels.items()

    def _left(self, summary: Summary, own: OwnName) -> bool:
        """Whether what was left half-done stays so."""
        key = key_of(own.original, summary.labels)
        if self._kept(summary):
            return True
        if self._may_act(key):
            return False
        self._journal.say(key, f"{summary.name} is left as an interrupted recovery left it: recovery is off")
        return True

    def _may_act(self, key: ServiceKey) -> bool:
        known = self._state.services.known.get(key)
        settings = known.settings.recovery if known is not None else self._state.settings.recovery
        return settings.enabled

    def _kept(self, summary: Summary) -> bool:
        """Whether an open deployment knows better what becomes of it."""
        return self._state.deployment.reason(stands_for(summary.name, summary.labels)) is not None

    async def _side_by_side(self, works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
        """As many at once as recoveries are; all have ended when one of their errors is raised."""
        places = asyncio.Semaphore(self._state.settings.recovery.concurrency)

        async def one(work: Coroutine[Any, Any, _T]) -> _T:
            async with places:
                return await work

        results = await asyncio.gather(*map(one, works), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if not isinstance(result, BaseException)]

    async def _remove(self, successor: Summary, own: OwnName) -> None:
        sentence = f"removes {successor.name}, which an interrupted recovery made and never used"
        steps = [StopContainer(successor.id, STOP_TIMEOUT), RemoveContainer(successor.id)]
        await self._carry_out(key_of(own.original, successor.labels), sentence, *steps)

    async def _settle(self, aside: Summary, own: OwnName, bearer: Summary | None, intent: Row | None) -> set[int]:
        """What was set aside; returns the intent whose attempt is under way again."""
        key = ServiceKey.parse(intent.entry.subject) if intent is not None else key_of(own.original, aside.labels)
        rows = await self._journal.ledger.last_attempt(str(key))
        mine = bool(rows) and rows[0].entry.payload.get("container") == aside.id
        execution = await self._errand(key, rows[0]) if mine else None
        if bearer is None:
            sentence = f"puts {aside.name} back as {own.original}: the recovery that set it aside was interrupted"
            if execution is None:
                await self._carry_out(key, sentence, RenameContainer(aside.id, own.original))
            else:
                await self._undo(key, sentence, execution)
            return set()
        made = [row.entry.payload.get("container") for row in rows if row.entry.kind is EntryKind.STEP]
        if intent is None or bearer.id not in made:
            execution = None  # who bears the name is not its successor, or was judged already
        if execution is not None and bearer.state == ContainerState.CREATED:
            sentence = f"puts {aside.name} back as {own.original}: its successor was never started"
            await self._undo(key, sentence, execution, bearer.id)
            return set()
        sentence = f"keeps {aside.name} stopped until {own.original} is good"
        steps = [StopContainer(aside.id, STOP_TIMEOUT), SetRestartPolicy(aside.id, RestartPolicy.NO.value)]
        await self._carry_out(key, sentence, *steps)
        service = self._state.services.known.get(key)
        if execution is not None and service is not None and _in_doubt(service.record):
            await self._runner.take_up(service, execution, bearer.id)
            return {execution.intent}
        self._runner.superseded[key] = aside.id
        return set()

    async def _end(self, row: Row, container: Summary | None) -> None:
        """An attempt whose outcome no daemon lived to see is over: what it led to is observed, never blindly re-run."""
        key = ServiceKey.parse(row.entry.subject)
        gone_aside = container is not None and self._state.own_actions.gave(container.name)
        if container is not None and not gone_aside and self._may_act(key):
            await self._bring_back(row, key, container)
        sentence = "the daemon ended before the outcome of this attempt was known; it is observed afresh"
        payload = {"intent": row.seq, "outcome": Outcome.INTERRUPTED.value}
        entry = self._journal.entry(EntryKind.OUTCOME, key, sentence, incident=row.entry.incident, payload=payload)
        service = self._state.services.known.get(key)
        if service is None:
            record = self._state.ledger.records.get(key)
            await self._journal.write(entry, records=[_ended(record)] if record is not None else [], vital=True)
            return
        await self._records.change(service, _ended, entry, vital=True)

    async def _bring_back(self, row: Row, key: ServiceKey, container: Summary) -> None:
        """It was stopped to be restarted or set aside, and would pass for one that ended by itself or by a person."""
        stops = steps_from_json(row.entry.payload.get("stop") or ()) if await self._nothing_done(row) else ()
        if container.state in MEANT_TO_RUN and not stops:
            return
        execution = await self._errand(key, row)
        if execution is None:
            return
        sentence = f"brings {container.name} back, which an interrupted recovery stopped"
        await self._carry_out(key, sentence, *stops)  # its stop may be under way: asked again, it is waited for
        await self._undo(key, sentence, execution)

    async def _nothing_done(self, row: Row) -> bool:
        """Whether the daemon ended before the first step of an attempt was recorded."""
        rows = await self._journal.ledger.last_attempt(row.entry.subject)
        return not any(one.entry.kind is EntryKind.STEP for one in rows)

    async def _errand(self, key: ServiceKey, row: Row) -> Execution | None:
        """The attempt of an intent, as far as it takes to undo it; None when the ledger does not say how."""
        intent = row.entry.payload
        undo = steps_from_json(intent.get("undo") or ())
        if not undo:
            return None
        try:
            needed = {spec_of(step) for step in undo} - {""}
            specs = {spec_id: await self._journal.ledger.spec(spec_id) for spec_id in needed}
        except LedgerError as error:
            self._journal.say(key, f"its interrupted recovery cannot be undone: {error}")
            return None
        plan = Plan(
            service=key,
            rung=Rung(intent["rung"]),
            cause=Cause(intent["cause"]),
            because=row.entry.sentence,
            steps=(),
            cleanup=(RemoveContainer(intent["container"]),) if intent.get("container") else (),
            undo=undo,
        )
        return Execution(plan=plan, intent=row.seq, incident=row.entry.incident, specs=specs, replaced=_nobody)

    async def _undo(self, key: ServiceKey, sentence: str, execution: Execution, made: str | None = None) -> None:
        await self._write(key, sentence)
        trouble = await self._manager.undo(execution, made)
        if trouble:
            await self._write(key, f"it could not be undone: {trouble}")

    async def _carry_out(self, key: ServiceKey, sentence: str, *steps: Step) -> None:
        await self._write(key, sentence)
        for step in steps:
            try:
                await self._state.engine.execute(step)
            except EngineRefused as error:
                await self._write(key, f"{step}: {error}")

    async def _write(self, key: ServiceKey, sentence: str) -> None:
        self._journal.say(key, sentence)
        await self._journal.write(self._journal.entry(EntryKind.DECISION, key, sentence), vital=True)


def _in_doubt(record: ServiceRecord) -> bool:
    return bool(record.attempts) and record.attempts[-1].outcome is Outcome.PENDING


def _ended(record: ServiceRecord) -> ServiceRecord:
    return replace(record, attempts=tuple(map(_interrupted, record.attempts)))


def _interrupted(attempt: Attempt) -> Attempt:
    if attempt.outcome is not Outcome.PENDING:
        return attempt
    return replace(attempt, outcome=Outcome.INTERRUPTED, reason="the daemon ended before its outcome was known")


async def _nobody(_: frozenset[str]) -> bool:
    """An undo gives no successor its name, so there is no rename before which to look for somebody else's."""
    return False
