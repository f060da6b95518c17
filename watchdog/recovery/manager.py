"""`ServiceRecoveryManager`: one attempt at one plan, recorded before, while and after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from watchdog.engine.protocol import Engine
from watchdog.errors import Conflict, EngineError, EngineUnavailable, NotFound, WatchdogError
from watchdog.ledger import Ledger
from watchdog.model.container import ContainerSpec, ContainerState
from watchdog.model.plan import (
    NEW,
    CreateContainer,
    Plan,
    RenameContainer,
    Step,
    StopContainer,
    container_of,
    with_container,
)
from watchdog.model.record import Entry, EntryKind
from watchdog.policy.breaker import Breaker
from watchdog.recovery.ours import Ours


class Superseded(WatchdogError):
    """While a container was recreated somebody else created one for the same service: that one wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What executing a plan led to; `container` is the full ID of the one that should now be good."""

    container: str | None = None
    failure: str | None = None
    superseded: bool = False
    engine_away: bool = False
    """It failed because the engine went away: that says nothing about the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A plan with what its execution needs. `replaced` looks whether somebody else made a container meanwhile."""

    plan: Plan
    intent: int
    """The ledger's row that announced it."""
    incident: int | None
    spec: ContainerSpec | None
    vital: bool
    """Its intent was let through on a full disk; its steps are then, too."""
    replaced: Callable[[frozenset[str]], Awaitable[bool]]


class ServiceRecoveryManager:
    """Executes plans, at most `concurrency` at a time. It never decides, and it never calls anything recovered."""

    def __init__(
        self,
        *,
        engine: Engine,
        ledger: Ledger,
        ours: Ours,
        now: Callable[[], float],
        wall: Callable[[], float],
        concurrency: int,
    ) -> None:
        self.breaker = Breaker()
        self._engine = engine
        self._ledger = ledger
        self._ours = ours
        self._now = now
        self._wall = wall
        self._places = asyncio.Semaphore(concurrency)

    async def execute(self, errand: Errand) -> Attempted:
        """Runs the steps; when one fails, runs the undo. Raises nothing but cancellation and LedgerError."""
        async with self._places:
            made: str | None = None
            try:
                for step in errand.plan.steps:
                    made = await self._step(errand, step, made) or made
            except Superseded as error:
                await self._undo(errand, made)
                return Attempted(failure=str(error), superseded=True)
            except EngineError as error:
                await self._undo(errand, made)
                return Attempted(failure=str(error), engine_away=isinstance(error, EngineUnavailable))
        target = made or container_of(errand.plan.steps[0])
        return Attempted(container=target)

    async def clean_up(self, errand: Errand) -> str | None:
        """After verification: removes what was set aside. Returns why it could not, for a person to see."""
        return await self._best_effort(errand, errand.plan.cleanup, None)

    async def put_back(self, errand: Errand, made: str | None) -> str | None:
        """After a failed verification: puts back what was set aside; does nothing where nothing was."""
        return await self._best_effort(errand, errand.plan.undo, made) if errand.plan.cleanup else None

    async def _undo(self, errand: Errand, made: str | None) -> None:
        await self._best_effort(errand, errand.plan.undo, made)

    async def _best_effort(self, errand: Errand, steps: tuple[Step, ...], made: str | None) -> str | None:
        trouble: list[str] = []
        for step in steps:
            if container_of(step) == NEW and made is None:
                continue
            try:
                await self._step(errand, step, made)
            except NotFound:
                continue
            except EngineError as error:
                trouble.append(f"{step}: {error}")
                if isinstance(step, RenameContainer):
                    break  # its name is somebody else's now: started as well, two would write on one volume
        return "; ".join(trouble) or None

    async def _step(self, errand: Errand, step: Step, made: str | None) -> str:
        if made is not None:
            step = with_container(step, made)
        held = container_of(step)
        if held:
            self._ours.hold(held)
        if isinstance(step, RenameContainer) and step.container == made:
            mine = frozenset({step.container, *map(container_of, errand.plan.steps)})
            if await errand.replaced(mine):
                raise Superseded("somebody else created a container for it meanwhile, and that one wins")
        try:
            result = await self._call(step, errand.spec)
        except Conflict as error:
            if isinstance(step, RenameContainer) and step.container == made:
                raise Superseded(f"somebody else was faster: {error}") from error
            raise
        finally:
            if held:
                self._ours.release(held, self._now())
        if isinstance(step, CreateContainer):
            self._ours.hold(result)
            self._ours.release(result, self._now())
        await self._record(errand, step, result)
        return result

    async def _call(self, step: Step, spec: ContainerSpec | None) -> str:
        self.breaker = self.breaker.trying(self._now())
        try:
            result = await self._engine.execute(step, spec)
            if isinstance(step, StopContainer):
                await self._verify_stopped(step.container)
        except (NotFound, Conflict):
            raise
        except EngineError:
            self.breaker = self.breaker.failed(self._now())
            raise
        self.breaker = self.breaker.succeeded()
        return result

    async def _verify_stopped(self, container: str) -> None:
        """A container that is set aside must never run beside its successor: two writers on one volume."""
        found = await self._engine.inspect(container)
        if found.state in {ContainerState.RUNNING, ContainerState.RESTARTING, ContainerState.PAUSED}:
            raise Conflict(f"container {container[:12]} still runs after it was stopped")

    async def _record(self, errand: Errand, step: Step, result: str) -> None:
        sentence = f"done: {step}" + (f", which is {result[:12]}" if result else "")
        entry = Entry(
            at=self._wall(),
            kind=EntryKind.STEP,
            subject=str(errand.plan.service),
            sentence=sentence,
            incident=errand.incident,
            payload={"intent": errand.intent, "container": result or container_of(step)},
        )
        await self._ledger.append(entry, vital=errand.vital)
