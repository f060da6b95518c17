"""`ServiceRecoveryManager`: one attempt at one plan, recorded before, while and after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from watchdog.engine.protocol import Engine
from watchdog.errors import (
    Conflict,
    EngineError,
    EngineRefused,
    EngineUnavailable,
    LedgerError,
    NotFound,
    WatchdogError,
)
from watchdog.ledger import Ledger
from watchdog.model.change import Change
from watchdog.model.container import ContainerSpec, ContainerState
from watchdog.model.plan import (
    NEW,
    CreateContainer,
    Plan,
    RenameContainer,
    SetRestartPolicy,
    Step,
    StopContainer,
    container_of,
    spec_of,
    with_container,
)
from watchdog.model.record import Entry, EntryKind
from watchdog.policy.breaker import Breaker
from watchdog.recovery.ours import OwnActions


class Superseded(WatchdogError):
    """While a container was recreated somebody else created one for the same service: that one wins."""


class Hopeless(WatchdogError):
    """The engine says that it never makes such a container: asking again is no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """What executing a plan led to; `container` is the full ID of the one that should now be good."""

    container: str | None = None
    failure: str | None = None
    superseded: bool = False
    hopeless: bool = False
    engine_away: bool = False
    """It failed because the engine went away: that says nothing about the service."""
    made: str | None = None
    owed: bool = False
    """The engine went away before it was undone: `undo` is due, with `made`, before anything else is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A plan with what its execution needs. `replaced` looks whether somebody else made a container meanwhile."""

    plan: Plan
    intent: int
    """The ledger's row that announced it."""
    incident: int | None
    specs: Mapping[str, ContainerSpec]
    """By their IDs."""
    replaced: Callable[[frozenset[str]], Awaitable[bool]]


class ServiceRecoveryManager:
    """Executes plans, at most `concurrency` at a time. It never decides, and it never calls anything recovered."""

    def __init__(
        self,
        *,
        engine: Engine,
        ledger: Ledger,
        ours: OwnActions,
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

    async def execute(self, execution: Execution) -> ExecutionResult:
        """Runs the steps; when one fails, or cannot be recorded, runs the undo. Raises nothing but cancellation."""
        self._ours.give(execution.plan)
        async with self._places:
            made: str | None = None
            try:
                for step in execution.plan.steps:
                    result = await self._step(execution, step, made)
                    made = result or made
                    if isinstance(step, SetRestartPolicy):  # an engine that restarted before it brought it back
                        await self._verify_stopped(step.container)
                    await self._record(execution, step, made, result)
            except (EngineError, LedgerError, Superseded, Hopeless) as error:
                return await self._give_up(execution, made, error)
        return ExecutionResult(container=made or container_of(execution.plan.steps[0]))

    async def clean_up(self, execution: Execution) -> str | None:
        """After verification: removes what was set aside. Returns why it could not, for a person to see."""
        try:
            return await self._best_effort(execution, execution.plan.cleanup, None)
        except EngineUnavailable as error:
            return str(error)

    async def undo(self, execution: Execution, made: str | None) -> str | None:
        """Makes undone what was done, however far that went; returns what could not be.

        Raises EngineUnavailable, and is called again then: each step may be taken twice.
        """
        return await self._best_effort(execution, execution.plan.undo, made)

    async def _give_up(self, execution: Execution, made: str | None, error: WatchdogError) -> ExecutionResult:
        away = isinstance(error, EngineUnavailable)
        failure, superseded, hopeless = str(error), isinstance(error, Superseded), isinstance(error, Hopeless)
        try:
            if made is None and away:
                made = await self._made_after_all(execution)
            trouble = await self.undo(execution, made)
        except EngineUnavailable:
            return ExecutionResult(failure=failure, engine_away=True, made=made, owed=True)
        if trouble:
            failure += f"; it could not be undone: {trouble}"
        return ExecutionResult(failure=failure, superseded=superseded, hopeless=hopeless, engine_away=away)

    async def _made_after_all(self, execution: Execution) -> str | None:
        """A create whose answer was lost may have been carried out all the same."""
        names = {step.name for step in execution.plan.steps if isinstance(step, CreateContainer)}
        return next((line.id for line in await self._engine.list_containers() if line.name in names), None)

    async def _best_effort(self, execution: Execution, steps: tuple[Step, ...], made: str | None) -> str | None:
        trouble: list[str] = []
        for step in steps:
            if container_of(step) == NEW and made is None:
                continue
            try:
                result = await self._step(execution, step, made)
            except NotFound:
                continue
            except EngineUnavailable:
                raise
            except EngineError as error:
                trouble.append(f"{step}: {error}")
                if isinstance(step, RenameContainer):
                    break  # its name is somebody else's now: started as well, two would write on one volume
                continue
            with suppress(LedgerError):  # it must be undone all the same; the outcome will find the ledger so, too
                await self._record(execution, step, made, result)
        return "; ".join(trouble) or None

    async def _step(self, execution: Execution, step: Step, made: str | None) -> str:
        if made is not None:
            step = with_container(step, made)
        held = container_of(step)
        if held:
            self._ours.hold(held)
        if isinstance(step, RenameContainer) and step.container == made:
            mine = frozenset({step.container, *map(container_of, execution.plan.steps)})
            if await execution.replaced(mine):
                raise Superseded("somebody else created a container for it meanwhile, and that one wins")
        try:
            result = await self._call(step, execution.specs.get(spec_of(step)))
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
        return result

    async def _call(self, step: Step, spec: ContainerSpec | None) -> str:
        self.breaker = self.breaker.trying(self._now())
        try:
            result = await self._engine.execute(step, spec)
            if isinstance(step, StopContainer):
                await self._verify_stopped(step.container)
        except (NotFound, Conflict):
            raise
        except EngineError as error:
            if isinstance(step, CreateContainer) and _is_nonsense(error):
                message = f"the engine cannot make it from its saved spec: {error}; deploy it again to save a new one"
                raise Hopeless(message) from error
            self.breaker = self.breaker.failed(self._now())
            raise
        self.breaker = self.breaker.succeeded()
        return result

    async def _verify_stopped(self, container: str) -> None:
        """A container that is set aside must never run beside its successor: two writers on one volume."""
        found = await self._engine.inspect(container)
        if found.state in {ContainerState.RUNNING, ContainerState.RESTARTING, ContainerState.PAUSED}:
            raise Conflict(f"container {container[:12]} still runs after it was stopped")

    async def _record(self, execution: Execution, step: Step, made: str | None, result: str) -> None:
        """What was begun with a record is recorded to its end, on a full disk too."""
        step = with_container(step, made) if made is not None else step
        sentence = f"done: {step}" + (f", which is {result[:12]}" if result else "")
        entry = Entry(
            at=self._wall(),
            kind=EntryKind.STEP,
            subject=str(execution.plan.service),
            sentence=sentence,
            incident=execution.incident,
            payload={"intent": execution.intent, "container": result or container_of(step)},
        )
        await self._ledger.append(Change(entries=(entry,), vital=True))


def _is_nonsense(error: EngineError) -> bool:
    """The engine understood the call, and what was asked for cannot be."""
    return isinstance(error, EngineRefused) and error.status == HTTPStatus.BAD_REQUEST
