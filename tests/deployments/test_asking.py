"""When and how often a gate asks what is in doubt, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from tests.policy.samples import RUNNING
from tests.support.virtual_time import VirtualLoop, run_virtually
from watchdog.deployments.gates import Gates
from watchdog.deployments.premises import Premises
from watchdog.model.deployment import Gate, GateResult
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe

CHECK = Check(name="page", probe=HttpProbe(url="http://127.0.0.1:8080/"), retry_interval=5.0, failures=3)
Answer = Callable[[float], tuple[Verdict, Mapping[str, Any]]]


class Asked:
    """What the daemon is to a gate that asks one check of no service; `answer` knows the seconds since the first."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._began = self.now()

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    wall = now

    async def ask(self, check: Check) -> Observation:
        verdict, evidence = self._answer(self.now() - self._began)
        return Observation(check=check.name, at=self.now(), verdict=verdict, reason="so", evidence=evidence)


def judged(answer: Answer) -> GateResult:
    async def story(_: VirtualLoop) -> GateResult:
        return await Gates(cast("Premises", Asked(answer))).checks(Gate.PRODUCTION, [(CHECK, None)])

    return run_virtually(story)


def test_that_a_check_passes_is_noticed_at_once_whatever_its_own_distance_is() -> None:
    result = judged(lambda after: (Verdict.PASS if after >= 0.35 else Verdict.FAIL, {}))
    assert result.passed
    assert 0.35 <= result.seconds < 0.5


def test_answers_that_are_wrong_count_a_second_apart_however_often_it_is_asked() -> None:
    wrong = {"http_status": 500}
    result = judged(lambda _: (Verdict.FAIL, wrong))
    assert result.failures
    assert 2.0 <= result.seconds < 2.2
    assert judged(lambda after: (Verdict.PASS, {}) if after >= 1.5 else (Verdict.FAIL, wrong)).passed


def test_addresses_of_what_was_started_just_now_are_forgotten_before_it_is_asked() -> None:
    forgotten: list[str] = []

    async def nothing() -> None: ...

    async def forget(container: str) -> None:
        forgotten.append(container)

    async def story(_: VirtualLoop) -> GateResult:
        asked = Asked(lambda _: (Verdict.PASS, {}))
        ages = {"old": 60.0, "new": 0.5}
        stands = {
            ServiceKey("", name): SimpleNamespace(
                container=replace(RUNNING, id=name, started_at=asked.now() - age),
                settings=SimpleNamespace(recovery=SimpleNamespace(verify_timeout=1.0)),
            )
            for name, age in ages.items()
        }
        premises: Any = SimpleNamespace(
            now=asked.now,
            wall=asked.now,
            look=nothing,
            stand=stands.get,
            engine=SimpleNamespace(forget_addresses=forget),
        )
        return await Gates(premises).infrastructure(stands)

    assert run_virtually(story).passed
    assert forgotten == ["new"]
