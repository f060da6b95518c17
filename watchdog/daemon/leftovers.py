"""What an earlier daemon was killed in the middle of: resolved before anything is judged."""

from __future__ import annotations

from watchdog.daemon.journal import Journal
from watchdog.daemon.world import Aside, World
from watchdog.engine.protocol import Summary
from watchdog.errors import EngineRefused, LedgerError
from watchdog.model.container import RestartPolicy
from watchdog.model.health import Cause
from watchdog.model.identity import ServiceKey
from watchdog.model.plan import (
    Plan,
    RemoveContainer,
    RenameContainer,
    SetRestartPolicy,
    Step,
    StopContainer,
    steps_from_json,
)
from watchdog.model.record import EntryKind, Row, Rung
from watchdog.policy.discovery import OwnName, key_of, read_own_name
from watchdog.recovery.manager import Errand, ServiceRecoveryManager

STOP_TIMEOUT = 10.0


class Leftovers:
    """Reads what is left over off the names that watchdog gives, and what to do with it off the ledger."""

    def __init__(self, world: World, journal: Journal, manager: ServiceRecoveryManager) -> None:
        self._world = world
        self._journal = journal
        self._manager = manager

    async def resolve(self) -> None:
        """A successor that never took its place is removed; what was set aside goes back unless its name is taken.

        A predecessor beside its successor stays stopped, with its restart policy off, until that one is good, or is
        found to be no better: the interrupted attempt can still be undone.
        """
        summaries = await self._world.engine.list_containers()
        named = [(summary, own) for summary in summaries if (own := read_own_name(summary.name)) is not None]
        for summary, own in named:
            if own.successor:
                sentence = f"removes {summary.name}, which an interrupted recovery made and never used"
                steps = [StopContainer(summary.id, STOP_TIMEOUT), RemoveContainer(summary.id)]
                await self._carry_out(key_of(own.original, summary.labels), sentence, *steps)
        bearers = {summary.name: summary.id for summary in summaries}
        for summary, own in named:
            if not own.successor:
                await self._settle(summary, own, bearers.get(own.original))

    async def _settle(self, aside: Summary, own: OwnName, bearer: str | None) -> None:
        key = key_of(own.original, aside.labels)
        rows = await self._journal.ledger.last_attempt(str(key))
        errand = await self._errand(key, aside.id, rows[0]) if rows else None
        if bearer is not None:
            made = any(row.entry.payload.get("container") == bearer for row in rows if row.entry.kind is EntryKind.STEP)
            self._world.asides[key] = Aside(aside.id, errand, bearer) if made else Aside(aside.id)
            sentence = f"keeps {aside.name} stopped until {own.original} is good"
            steps = [StopContainer(aside.id, STOP_TIMEOUT), SetRestartPolicy(aside.id, RestartPolicy.NO.value)]
            await self._carry_out(key, sentence, *steps)
            return
        sentence = f"puts {aside.name} back as {own.original}: the recovery that set it aside was interrupted"
        if errand is None:
            await self._carry_out(key, sentence, RenameContainer(aside.id, own.original))
            return
        trouble = await self._manager.put_back(errand, None)
        await self._write(key, sentence + (f", and could not: {trouble}" if trouble else ""))

    async def _errand(self, key: ServiceKey, aside: str, row: Row) -> Errand | None:
        """The attempt that set it aside, as far as it takes to undo it; None when the ledger knows of none."""
        intent = row.entry.payload
        if intent.get("container") != aside or not intent.get("undo"):
            return None
        plan = Plan(
            service=key,
            rung=Rung(intent["rung"]),
            cause=Cause(intent["cause"]),
            because=row.entry.sentence,
            steps=(),
            cleanup=(RemoveContainer(aside),),
            undo=steps_from_json(intent["undo"]),
        )
        try:
            spec = await self._journal.ledger.spec(intent["spec"])
        except LedgerError as error:
            self._journal.say(key, f"its interrupted recovery cannot be undone: {error}")
            return None
        return Errand(plan=plan, intent=row.seq, incident=row.entry.incident, spec=spec, vital=True, replaced=_nobody)

    async def _carry_out(self, key: ServiceKey, sentence: str, *steps: Step) -> None:
        await self._write(key, sentence)
        for step in steps:
            try:
                await self._world.engine.execute(step)
            except EngineRefused as error:
                await self._write(key, f"{step}: {error}")

    async def _write(self, key: ServiceKey, sentence: str) -> None:
        self._journal.say(key, sentence)
        await self._journal.write(self._journal.entry(EntryKind.DECISION, key, sentence))


async def _nobody(_: frozenset[str]) -> bool:
    """An undo gives no successor its name, so there is no rename before which to look for somebody else's."""
    return False
