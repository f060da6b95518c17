"""A check is asked again while its last question waits for an answer: the newer question has the last word."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from tests.support.eventually import eventually
from watchdog.api.measures import Measures
from watchdog.daemon.asker import Asker
from watchdog.daemon.clock import Clock
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe

PAGE = Check(name="page", probe=HttpProbe(url="http://127.0.0.1:8080/"), interval=0.01, retry_interval=0.01)


@dataclass(slots=True)
class SlowProber:
    """Every question waits until it is answered by the test."""

    asked: list[asyncio.Future[Verdict]] = field(default_factory=list[asyncio.Future[Verdict]])

    async def ask(self, check: Check) -> Observation:
        self.asked.append(asyncio.get_running_loop().create_future())
        return Observation(check=check.name, at=time.time(), verdict=await self.asked[-1], reason="as told")

    def forget(self, check: Check) -> None:
        """Nothing lasts between two questions."""


async def test_an_answer_to_an_older_question_does_not_take_back_what_a_newer_one_told() -> None:
    prober, heard = SlowProber(), list[Verdict]()
    asker = Asker(prober, Clock(), Measures())

    def hear(check: Check, observation: Observation, _: int) -> float:
        heard.append(observation.verdict)
        return check.interval

    asker.set_checks("webui", (PAGE,), hear, lambda: 0)
    running = asyncio.create_task(asker.run())
    await eventually(lambda: len(prober.asked) == 1)
    others = asyncio.create_task(asker.ask_others((), {"webui"}))
    await eventually(lambda: len(prober.asked) == 2)
    prober.asked[1].set_result(Verdict.FAIL)
    await others
    prober.asked[0].set_result(Verdict.PASS)
    await eventually(lambda: len(prober.asked) == 3)
    assert heard == [Verdict.FAIL]
    running.cancel()
