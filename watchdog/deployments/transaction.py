"""One deployment from its opening to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from watchdog.deployments.announcing import Announcer
from watchdog.deployments.baseline import Baseline
from watchdog.deployments.gates import Asked, Gates, without
from watchdog.deployments.premises import Premises, Proven
from watchdog.deployments.processes import MARK, end_all
from watchdog.deployments.rollback import Failed, Rollback
from watchdog.deployments.soak import Soak
from watchdog.deployments.telling import Telling
from watchdog.deployments.watching import Degraded, Watching
from watchdog.errors import DeploymentRefused, EngineUnavailable, LedgerError, WatchdogError
from watchdog.model.deployment import Deployment, Gate, GateResult, Stage, same_service
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Entry, EntryKind
from watchdog.model.views import deployment_json, gate_json
from watchdog.policy.deployment import Turn, advance, lost
from watchdog.policy.naming import goes_by

ASKING: Final = (Gate.APPLICATION, Gate.JOURNEYS, Gate.PRODUCTION)

ENGINE_LOSSES: Final = 3
"""How often an engine may go away in the middle of a rollback before a person is needed."""


class Transaction:
    """`run` it once; `ended`, `abort` and `checkpoint` come from outside meanwhile."""

    def __init__(self, premises: Premises, announce: Announcer, deployment: Deployment) -> None:
        self._premises = premises
        self._announce = announce
        self._gates = Gates(premises)
        self.deployment = deployment
        self.telling = Telling()
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._watching = Watching(premises, deployment)
        self._confirmed_by: tuple[str, ...] = ()
        self._soak = Soak(premises, self._gates)

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
        except (Degraded, WatchdogError) as why:
            await self._refuse(str(why))
            return
        try:
            await self._guarded(self._change())
            await self._guarded(self._validate())
            await self._guarded(self._soak_it())
            await self._commit()
        except (Degraded, WatchdogError) as why:
            await self.roll_back(str(why))

    async def finish(self) -> None:
        """One of an earlier daemon: what was not touched is refused, everything else rolled back. Raises nothing."""
        because = "the daemon ended in the middle of it"
        while self._premises.away() is not None:
            await self._premises.changed(1.0)
        if self.deployment.stage is Stage.OPENING:
            await self._refuse(because)
        else:
            await self.roll_back(because)

    async def release(self, by: str, reason: str) -> str:
        """A person takes over."""
        sentence = f"released by {by}: {reason}"
        await self._end(Turn.RELEASED, sentence)
        await self._premises.all_clear(self.deployment, sentence)
        self._premises.cover(None)
        return f"{self.deployment.subject} is {sentence}"

    async def checkpoint(self) -> list[GateResult]:
        """What is there now, validated in the middle of the change; its failure ends the deployment."""
        results = await self._gate_results(self._concerned())
        failed = [result for result in results if result.proofs and not result.passed]
        await self._write(f"checkpoint: {failed[0].sentence if failed else 'passed'}", gates=results)
        if failed:
            self.abort(f"its checkpoint failed: {failed[0].sentence}")
        return results

    async def roll_back(self, because: str) -> None:
        """Brings back what was there; where that goes no further a person is needed. Raises nothing."""
        premises = self._premises
        premises.cover(self.deployment)
        self.telling.tell("rollback", because=because)
        premises.say(self.deployment.subject, f"is rolled back: {because}")
        try:
            if self.deployment.stage is not Stage.ROLLING_BACK:
                turn = Turn.RETRIED if self.deployment.stage is Stage.STUCK else Turn.FAILED
                await self._advance(turn, f"is rolled back: {because}", because=because, vital=True)
            await end_all(self.deployment.mark)
            done, verified = await self._bring_back()
            premises.cover(None)
            await self._end(Turn.PASSED, f"rolled back: {because}; {done}", gates=verified)
        except (Failed, WatchdogError) as error:
            await self._stick(because, str(error))

    async def _bring_back(self) -> tuple[str, list[GateResult]]:
        """The rollback; taken up again where the engine went away, and its containers with it, in the middle of it."""
        premises = self._premises
        for _ in range(ENGINE_LOSSES):
            since = premises.engine_since()
            try:
                return await self._rollback()
            except (EngineUnavailable, Failed) as error:
                lost = premises.away() is not None or premises.engine_since() != since
                if isinstance(error, Failed) and not lost:
                    raise
                premises.say(self.deployment.subject, f"its rollback is taken up again: {error}")
                await premises.changed(1.0)
        return await self._rollback()

    async def _rollback(self) -> tuple[str, list[GateResult]]:
        rollback = Rollback(self._premises, self._gates, self.telling, self.deployment)
        done = await rollback.run(self._questions([one.service for one in self.deployment.before]))
        return done, rollback.verified

    async def _open(self) -> None:
        """Preflight, baseline, announcement: nothing is touched."""
        preflight = await self._gates.preflight(self.deployment.excused)
        self._tell_gate(preflight)
        if not preflight.passed:
            raise DeploymentRefused(preflight.sentence)
        saved = await Baseline(self._premises, self._gates).save(self.deployment)
        self._tell_gate(saved.result)
        if not saved.result.passed:
            raise DeploymentRefused(saved.result.sentence)
        self.deployment = saved.deployment
        if self.deployment.limits.soak:  # otherwise there is no time in which anything could be compared
            await self._soak.measure(self._asked(self._concerned()), self._concerned())
        entry = self._entry("begins", gates=[preflight, saved.result, *saved.answers], measured=self._soak.measured())
        await self._premises.write(entry, specs=saved.specs, deployments=[self.deployment])
        confirmations = await self._announce.announce(self.deployment)
        self.telling.tell("announced", confirmations=confirmations)
        self._confirmed_by = tuple(one["validator"] for one in confirmations)
        refused = [one for one in confirmations if not one["confirmed"]]
        if refused:
            names = "; ".join(f"validator {one['validator']} {one['because']}" for one in refused)
            raise DeploymentRefused(f"it is not confirmed: {names}")

    async def _begin(self) -> None:
        """Not broken off: where the ledger says that things may change, so does the stage."""
        self._premises.cover(self.deployment)
        confirmed = f", confirmed by {', '.join(self._confirmed_by)}" if self._confirmed_by else ""
        await self._advance(Turn.PASSED, f"may change what it covers{confirmed}")

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
        premises, deployment = self._premises, self.deployment
        await premises.look()
        standing = [key for key, stand in premises.services().items() if stand.container is not None]
        gone, fewer = lost(deployment.before, standing, deployment.retire)
        await self._advance(Turn.PASSED, "its change is done and is validated")
        if gone:
            names = ", ".join(map(str, gone))
            raise Degraded(f"{names} is gone and nothing replaced it: say --retire {names} where that is meant")
        if fewer:
            self.telling.tell("scaled", services=[str(key) for key in fewer])
        keys = self._concerned()
        self._watching.judge(keys, self._gates.judge)
        for result in await self._gate_results(keys, tell=True):
            if result.proofs and not result.passed:
                raise Degraded(result.sentence)

    async def _soak_it(self) -> None:
        await self._advance(Turn.PASSED, f"its validation passed; it soaks for {self.deployment.limits.soak:g} s")
        if not self.deployment.limits.soak:
            return
        keys = self._concerned()
        worse = await self._soak.watch(self._asked(keys), keys, self.deployment.limits.soak)
        if worse is not None:
            raise Degraded(worse)

    async def _commit(self) -> None:
        """From here on it cannot be rolled back any more: one write decides."""
        premises = self._premises
        good = self._good()
        specs = await asyncio.gather(*(premises.engine.capture(container) for _, container in good))
        proven = [Proven(key, spec) for (key, _), spec in zip(good, specs, strict=True)]
        there = {key for key, stand in premises.services().items() if stand.container is not None}
        retired = [one.service for one in self.deployment.before if one.service not in there]
        sentence = f"committed: {len(proven)} services are proven" + self._downtime()
        for said in self._soak.not_compared():
            self.telling.tell("not_compared", sentence=said)
        ended = replace(self._updated(Turn.PASSED, sentence), ended_at=premises.wall())
        await premises.commit(ended, self._entry(sentence, of=ended), proven, retired)
        self.deployment = ended
        premises.cover(None)
        await premises.unpin(ended)
        self._tell_end(sentence)

    def _good(self) -> list[tuple[ServiceKey, str]]:
        """Services with the containers that were validated."""
        stands = self._premises.services()
        found = [(key, stands[key].container) for key in self._concerned() if key in stands]
        return [(key, container.id) for key, container in found if container is not None and container.running]

    def _concerned(self) -> list[ServiceKey]:
        """Whom it has to prove: all that were good and were not retired, and all that it touched and left there."""
        deployment, stands = self.deployment, self._premises.services()
        touched = self._watching.touched
        good = {one.service for one in deployment.before if one.good}
        there = {key for key, stand in stands.items() if stand.container is not None and deployment.scope.covers(key)}
        excused = {key for key in there if any(goes_by(key, name) for name in deployment.excused)}
        return sorted((there & (good | touched.keys())) - excused)

    def _questions(self, keys: list[ServiceKey]) -> dict[Gate, list[Asked]]:
        """What passed before the deployment, or was not there: the rest is none of its business."""
        found = {gate: self._gates.questions(gate, self.deployment.scope, keys) for gate in ASKING}
        left_out = {*self.deployment.failing, *self._given_up()}
        return {
            gate: [one for one in asked if self._gates.subject(*one) not in left_out] for gate, asked in found.items()
        }

    def _given_up(self) -> set[str]:
        """Endpoints and journeys of no service that are excused by name, or need only what is retired."""
        retire, excused = self.deployment.retire, self.deployment.excused

        def retired(key: ServiceKey) -> bool:
            return any(same_service(key, one) for one in retire)

        alone = self._premises.alone()
        return {
            one.check.name for one in alone if one.check.name in excused or (one.needs and all(map(retired, one.needs)))
        }

    def _asked(self, keys: list[ServiceKey]) -> list[Asked]:
        return [one for asked in self._questions(keys).values() for one in asked]

    async def _gate_results(self, keys: list[ServiceKey], *, tell: bool = False) -> list[GateResult]:
        """In order, to the first that fails."""
        results: list[GateResult] = []
        questions = self._questions(keys)
        for gate in (Gate.INFRASTRUCTURE, *ASKING):
            if gate is Gate.INFRASTRUCTURE:
                result = await self._gates.infrastructure(keys)
            else:
                result = without(await self._gates.checks(gate, questions[gate]), self.deployment.failing)
            results.append(result)
            if tell:
                self._tell_gate(result)
                await self._write(result.sentence, gates=[result])
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
        self._premises.cover(None)
        try:
            await self._end(Turn.FAILED, f"refused: {because}")
        except LedgerError as error:
            self._premises.say(self.deployment.subject, f"its refusal is not recorded: {error}")
            self.deployment = replace(self.deployment, stage=Stage.REFUSED, because=because)
            self._tell_end(f"refused: {because}")

    async def _stick(self, because: str, trouble: str) -> None:
        """Everything stays as it is."""
        premises, number = self._premises, self.deployment.id
        sentence = (
            f"{because}; its rollback goes no further: {trouble}. Everything stays as it is. Mend that and order "
            f"`watchdog deploy rollback {number}`, or take over with `watchdog deploy release {number} --reason …`"
        )
        stands = premises.services()
        left = tuple(
            one.service
            for one in self.deployment.before
            if one.good and not ((stand := stands.get(one.service)) is not None and stand.serves)
        )
        self.deployment = replace(self.deployment, stage=Stage.ROLLING_BACK, left=left)
        premises.cover(self.deployment, frozenset(left))
        try:
            await self._advance(Turn.FAILED, f"needs a person: {sentence}", because=sentence, vital=True)
        except LedgerError as error:
            premises.say(self.deployment.subject, f"that it needs a person is not recorded: {error}")
            self.deployment = replace(self.deployment, stage=Stage.STUCK, because=sentence)
        try:
            await premises.alarm(self.deployment, sentence)
        except LedgerError as error:
            premises.say(self.deployment.subject, f"the incident is not recorded: {error}")
        self._tell_end(sentence)

    async def _advance(self, turn: Turn, sentence: str, *, because: str = "", vital: bool = False) -> None:
        updated = self._updated(turn, because)
        await self._premises.write(self._entry(sentence, of=updated), deployments=[updated], vital=vital)
        self.deployment = updated
        self._premises.say(updated.subject, sentence)
        self.telling.tell("stage", stage=updated.stage.value, sentence=sentence)
        self._announce.went_on(updated, sentence)

    def _updated(self, turn: Turn, because: str) -> Deployment:
        return replace(
            self.deployment,
            stage=advance(self.deployment.stage, turn),
            touched=tuple(sorted(map(str, self._watching.touched))) or self.deployment.touched,
            downtime=self._watching.downtime() or self.deployment.downtime,
            because=because or self.deployment.because,
        )

    async def _end(self, turn: Turn, sentence: str, *, gates: Sequence[GateResult] = ()) -> None:
        ended = replace(self._updated(turn, sentence), ended_at=self._premises.wall(), token_hash="")
        await self._premises.write(self._entry(sentence, of=ended, gates=gates), deployments=[ended], vital=True)
        self.deployment = ended
        if ended.stage is Stage.ROLLED_BACK:
            await self._premises.all_clear(ended, sentence)
        await self._premises.unpin(ended)
        self._tell_end(sentence)

    def _tell_end(self, sentence: str) -> None:
        self._premises.say(self.deployment.subject, sentence)
        self._announce.went_on(self.deployment, sentence)
        self.telling.tell("end", sentence=sentence, **deployment_json(self.deployment))

    def _tell_gate(self, result: GateResult) -> None:
        self.telling.tell("gate", **gate_json(result))
        self._announce.gate(self.deployment, result)

    async def _write(self, sentence: str, gates: list[GateResult]) -> None:
        await self._premises.write(self._entry(sentence, gates=gates))

    def _entry(
        self, sentence: str, *, of: Deployment | None = None, gates: Sequence[GateResult] = (), **facts: Any
    ) -> Entry:
        deployment = of or self.deployment
        payload: Mapping[str, Any] = {
            **deployment_json(deployment),
            "gates": [gate_json(result) for result in gates],
            **facts,
        }
        return self._premises.entry(EntryKind.DEPLOYMENT, deployment.subject, sentence, payload=payload)

    def _downtime(self) -> str:
        seconds = self._watching.downtime()
        told = ", ".join(f"{name} {down:.1f} s" for name, down in sorted(seconds.items()))
        return f"; down meanwhile: {told}" if told else ""
