"""Runs a command inside a container."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.engine.protocol import Engine
from watchdog.model.observation import Check
from watchdog.model.probe.inside import ExecProbe
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure, ProbePhase
from watchdog.probes.containers import Containers, engine_answers, name_of, running
from watchdog.probes.context import ProberContext
from watchdog.probes.ending import judge, patience
from watchdog.probes.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class Left:
    """An execution that was not waited for to the end, begun at `at` (Unix seconds)."""

    execution: str
    at: float


def make(context: ProberContext) -> ExecProber:
    return ExecProber(context.containers, context.evaluation)


class ExecProber:
    """One that hangs is killed where that is possible, and in no case started a second time beside it."""

    def __init__(self, containers: Containers | None, evaluation: Evaluation) -> None:
        self._evaluation = evaluation
        self._containers = containers
        self._left: dict[tuple[str, str], Left] = {}

    async def __call__(self, ask: Ask[ExecProbe]) -> str:
        inside = running(ask, self._containers)
        probe, key = ask.probe, name_of(ask.check)
        ask.enter(ProbePhase.ENGINE)
        with engine_answers():
            await self._look_after(inside.engine, ask)
            execution = await inside.engine.prepare_inside(
                inside.id, probe.exec, user=probe.user, environment=probe.environment
            )
            try:
                ended = await inside.engine.run_inside(execution, seconds=patience(ask), at_most=probe.max_bytes)
                killed = ended.exit_code is not None or await inside.engine.end_inside(execution)
            except BaseException:
                self._left[key] = Left(execution, ask.at)
                raise
            if not killed:
                self._left[key] = Left(execution, ask.at)
        return await judge(ask, ended, self._evaluation, killed=killed)

    async def _look_after(self, engine: Engine, ask: Ask[ExecProbe]) -> None:
        """What an earlier question left running must have ended first; raises ProbeFailure."""
        left = self._left.get(name_of(ask.check))
        if (
            left is not None
            and await engine.runs_inside(left.execution)
            and not await engine.end_inside(left.execution)
        ):
            seconds = ask.at - left.at
            raise ProbeFailure(
                FailureKind.TIMEOUT, f"{ask.check.target} has not ended for {seconds:.0f} s: it is not run again"
            )
        self._left.pop(name_of(ask.check), None)

    def forget(self, check: Check) -> None:
        self._left.pop(name_of(check), None)
