"""One deployment from its opening to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

import structlog

from watchdog.deployments.announcer import Announcer
from watchdog.deployments.baseline import BaselineGate
from watchdog.deployments.degradation import DegradationMonitor, Degraded
from watchdog.deployments.deployment_log import DeploymentLog
from watchdog.deployments.event_stream import EventStream
from watchdog.deployments.gates import Gates
from watchdog.deployments.host import DeploymentHost, Proven
from watchdog.deployments.processes import MARK, end_all
from watchdog.deployments.rollback import Failed, Rollback
from watchdog.deployments.scope import ASKING, DeploymentScope
from watchdog.deployments.soak import Soak
from watchdog.errors import DeploymentRefused, EngineUnavailable, WatchdogError
from watchdog.model.deployment import Deployment, Gate, GateResult, Stage
from watchdog.model.identity import ServiceKey
from watchdog.policy.deployment import Turn, lost

log = structlog.get_logger()

ENGINE_LOSSES: Final = 3
"""How often an engine may go away in the middle of a rollback before a person is needed."""


class Transaction:
    """`run` it once; `command_ended`, `abort` and `checkpoint` come from outside meanwhile."""

    def __init__(self, host: DeploymentHost, announce: Announcer, deployment: Deployment) -> None:
        self._host = host
        self._announce = announce
        self._gates = Gates(host)
        self._concern = DeploymentScope(host, self._gates)
        self._soak = Soak(host, self._gates)
        self._watching = DegradationMonitor(host, deployment)
        self._chronicle = DeploymentLog(host, announce, self._watching, deployment)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._confirmed_by: tuple[str, ...] = ()

    @property
    def deployment(self) -> Deployment:
        return self._chronicle.deployment

    @property
    def telling(self) -> EventStream:
        return self._chronicle.telling

    def use_up_token(self) -> None:
        """It ends the deployment once."""
        self._chronicle.deployment = replace(self.deployment, token_hash="")

    def command_ended(self, code: int) -> None:
        """The command, or what a pipeline did between `begin` and `commit`, is done."""
        if not self._ended.done():
            self._ended.set_result(code)

    def abort(self, because: str) -> None:
        """Rolls back, unless it has committed; before anything is touched it is refused."""
        self._watching.abort(because)

    async def run(self) -> None:
        """To its end, whatever happens; raises nothing."""
        try:
            await self._guarded(self._open())
            await self._begin()
        except Exception as why:  # noqa: BLE001 - a bug is no reason to begin
            await self._refuse(_said(why))
            return
        try:
            await self._guarded(self._change())
            await self._guarded(self._validate())
            await self._guarded(self._soak_it())
            await self._commit()
        except Exception as why:  # noqa: BLE001 - whatever it was: what was changed is brought back
            await self.roll_back(_said(why))

    async def finish(self) -> None:
        """One of an earlier daemon: what was not touched is refused, everything else rolled back. Raises nothing."""
        because = "the daemon ended in the middle of it"
        while self._host.away() is not None:
            await self._host.changed(1.0)
        if self.deployment.stage is Stage.OPENING:
            await self._refuse(because)
        else:
            await self.roll_back(because)

    async def release(self, by: str, reason: str) -> str:
        """A person takes over."""
        sentence = f"released by {by}: {reason}"
        await self._chronicle.end(Turn.RELEASED, sentence)
        await self._host.all_clear(self.deployment, sentence)
        self._host.cover(None)
        return f"{self.deployment.subject} is {sentence}"

    async def checkpoint(self) -> list[GateResult]:
        """What is there now, validated in the middle of the change; its failure ends the deployment."""
        results = await self._gate_results(self._keys())
        failed = [result for result in results if result.proofs and not result.passed]
        await self._chronicle.write(f"checkpoint: {failed[0].sentence if failed else 'passed'}", gates=results)
        if failed:
            self.abort(f"its checkpoint failed: {failed[0].sentence}")
        return results

    async def roll_back(self, because: str) -> None:
        """Brings back what was there; where that goes no further a person is needed. Raises nothing."""
        host = self._host
        host.cover(self.deployment)
        self.telling.tell("rollback", because=because)
        host.say(self.deployment.subject, f"is rolled back: {because}")
        try:
            if self.deployment.stage is not Stage.ROLLING_BACK:
                turn = Turn.RETRIED if self.deployment.stage is Stage.STUCK else Turn.FAILED
                await self._chronicle.advance(turn, f"is rolled back: {because}", because=because, vital=True)
            await end_all(self.deployment.mark)
            done, verified = await self._bring_back()
            host.cover(None)
            await self._chronicle.end(Turn.PASSED, f"rolled back: {because}; {done}", gates=verified)
        except Exception as error:  # noqa: BLE001 - whatever it was: a person is told
            await self._stick(because, _said(error))

    async def _bring_back(self) -> tuple[str, list[GateResult]]:
        """The rollback; taken up again where the engine went away, and its containers with it, in the middle of it."""
        host = self._host
        for _ in range(ENGINE_LOSSES):
            since = host.engine_since()
            try:
                return await self._rollback()
            except (EngineUnavailable, Failed) as error:
                lost = host.away() is not None or host.engine_since() != since
                if isinstance(error, Failed) and not lost:
                    raise
                host.say(self.deployment.subject, f"its rollback is taken up again: {error}")
                await host.changed(1.0)
        return await self._rollback()

    async def _rollback(self) -> tuple[str, list[GateResult]]:
        rollback = Rollback(self._host, self._gates, self.telling, self.deployment)
        done = await rollback.run(
            self._concern.questions(self.deployment, [one.service for one in self.deployment.before])
        )
        return done, rollback.verified

    async def _open(self) -> None:
        """Preflight, baseline, announcement: nothing is touched."""
        preflight = await self._gates.preflight(self.deployment.excused)
        self._chronicle.tell_gate(preflight)
        if not preflight.passed:
            raise DeploymentRefused(preflight.sentence)
        saved = await BaselineGate(self._host, self._gates).save(self.deployment)
        self._chronicle.tell_gate(saved.result)
        if not saved.result.passed:
            raise DeploymentRefused(saved.result.sentence)
        self._chronicle.deployment = saved.deployment
        if self.deployment.limits.soak:  # otherwise there is no time in which anything could be compared
            await self._soak.measure(self._concern.asked(self.deployment, self._keys()), self._keys())
        entry = self._chronicle.entry(
            "begins", gates=[preflight, saved.result, *saved.answers], measured=self._soak.measured()
        )
        await self._host.write(entry, specs=saved.specs, deployments=[self.deployment])
        confirmations = await self._announce.announce(self.deployment)
        self.telling.tell("announced", confirmations=confirmations)
        self._confirmed_by = tuple(one["validator"] for one in confirmations)
        refused = [one for one in confirmations if not one["confirmed"]]
        if refused:
            names = "; ".join(f"validator {one['validator']} {one['because']}" for one in refused)
            raise DeploymentRefused(f"it is not confirmed: {names}")

    async def _begin(self) -> None:
        """Not broken off: where the ledger says that things may change, so does the stage."""
        self._host.cover(self.deployment)
        confirmed = f", confirmed by {', '.join(self._confirmed_by)}" if self._confirmed_by else ""
        await self._chronicle.advance(Turn.PASSED, f"may change what it covers{confirmed}")

    async def _change(self) -> None:
        self._watching.begin(self.deployment, self.telling)
        self._watching.goes_on()
        environment = {MARK: self.deployment.mark, "WATCHDOG_DEPLOYMENT": str(self.deployment.id)}
        self.telling.tell("go", environment=environment)
        limit = self.deployment.limits.timeout
        try:
            async with asyncio.timeout(limit):
                code = await asyncio.shield(self._ended)
        except TimeoutError:
            raise Degraded(f"its command did not end within {limit:g} s") from None
        if code:
            raise Degraded(f"its command ended with code {code}")

    async def _validate(self) -> None:
        host, deployment = self._host, self.deployment
        await host.look()
        gone, fewer = lost(deployment.before, self._concern.standing(), deployment.retire)
        await self._chronicle.advance(Turn.PASSED, "its change is done and is validated")
        if gone:
            names = ", ".join(map(str, gone))
            raise Degraded(f"{names} is gone and nothing replaced it: say --retire {names} where that is meant")
        if fewer:
            self.telling.tell("scaled", services=[str(key) for key in fewer])
        keys = self._keys()
        self._watching.judge(keys, self._gates.judge)
        for result in await self._gate_results(keys, tell=True):
            if result.proofs and not result.passed:
                raise Degraded(result.sentence)

    async def _soak_it(self) -> None:
        await self._chronicle.advance(
            Turn.PASSED, f"its validation passed; it soaks for {self.deployment.limits.soak:g} s"
        )
        if not self.deployment.limits.soak:
            return
        keys = self._keys()
        worse = await self._soak.watch(self._concern.asked(self.deployment, keys), keys, self.deployment.limits.soak)
        if worse is not None:
            raise Degraded(worse)

    async def _commit(self) -> None:
        """From here on it cannot be rolled back any more: one write decides."""
        host, deployment = self._host, self.deployment
        gone, fewer = lost(deployment.before, self._concern.standing(), deployment.retire)
        if gone:
            raise Degraded(f"{', '.join(map(str, gone))} is gone")
        good = self._concern.running(self._keys())
        specs = await asyncio.gather(*(host.engine.capture(container) for _, container in good))
        proven = [Proven(key, spec) for (key, _), spec in zip(good, specs, strict=True)]
        retired = {key for key in deployment.retire if key not in self._concern.standing()} | set(fewer)
        sentence = f"committed: {len(proven)} services are proven" + self._downtime() + self._not_retired()
        for said in self._soak.not_compared():
            self.telling.tell("not_compared", sentence=said)
        ended = replace(self._chronicle.updated(Turn.PASSED, sentence), ended_at=host.wall())
        await host.commit(ended, self._chronicle.entry(sentence, of=ended), proven, retired)
        self._chronicle.deployment = ended
        host.cover(None)
        await host.unpin(ended)
        self._chronicle.tell_end(sentence)

    def _not_retired(self) -> str:
        """What was to go and is still there stays protected."""
        still = [str(key) for key in self.deployment.retire if key in self._concern.standing()]
        return f"; {', '.join(still)} is still there and not retired" if still else ""

    def _keys(self) -> list[ServiceKey]:
        return self._concern.services(self.deployment, self._watching.touched)

    async def _gate_results(self, keys: list[ServiceKey], *, tell: bool = False) -> list[GateResult]:
        """In order, to the first that fails."""
        results: list[GateResult] = []
        questions = self._concern.questions(self.deployment, keys)
        for gate in (Gate.INFRASTRUCTURE, *ASKING):
            if gate is Gate.INFRASTRUCTURE:
                result = await self._gates.infrastructure(keys)
            else:
                result = await self._gates.checks(gate, questions[gate])
            results.append(result)
            if tell:
                self._chronicle.tell_gate(result)
                await self._chronicle.write(result.sentence, gates=[result])
            if result.proofs and not result.passed:
                break
        return results

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Does it while everything is watched; the first proof of degradation ends it."""
        watching, working = asyncio.create_task(self._watching.run()), asyncio.create_task(work)
        try:
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (watching, working):
                task.cancel()
            await asyncio.gather(watching, working, return_exceptions=True)
        for task in (watching, working):
            if not task.cancelled():
                task.result()

    async def _refuse(self, because: str) -> None:
        self._host.cover(None)
        await self._chronicle.end_refused(because)

    async def _stick(self, because: str, trouble: str) -> None:
        """Everything stays as it is."""
        host, number = self._host, self.deployment.id
        sentence = (
            f"{because}; its rollback goes no further: {trouble}. Everything stays as it is. Mend that and order "
            f"`watchdog deploy rollback {number}`, or take over with `watchdog deploy release {number} --reason …`"
        )
        views = host.services()
        left = tuple(
            one.service
            for one in self.deployment.before
            if one.good and not ((view := views.get(one.service)) is not None and view.serves)
        )
        self._chronicle.deployment = replace(self.deployment, stage=Stage.ROLLING_BACK, left=left)
        host.cover(self.deployment, frozenset(left))
        await self._chronicle.end_stuck(sentence)

    def _downtime(self) -> str:
        seconds = self._watching.downtime()
        told = ", ".join(f"{name} {down:.1f} s" for name, down in sorted(seconds.items()))
        return f"; down meanwhile: {told}" if told else ""


def _said(why: Exception) -> str:
    """What a person reads; of a bug the log has the rest."""
    if isinstance(why, (Degraded, Failed, WatchdogError)):
        return str(why)
    log.error("a bug in a deployment", exc_info=why)
    return f"watchdog met a bug ({type(why).__name__}: {why})"
