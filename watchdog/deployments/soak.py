"""The soak: what was validated is asked again and again, and compared with how it was before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from watchdog.deployments.gates import Asked, Gates
from watchdog.deployments.premises import Premises
from watchdog.deployments.telling import Telling
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict

EVERY: Final = 1.0
"""Seconds between two questions of a check, or its own interval where that is shorter."""


class Soak:
    def __init__(self, premises: Premises, gates: Gates) -> None:
        self._premises = premises
        self._gates = gates

    async def measure(self, asked: Iterable[Asked], keys: Iterable[ServiceKey]) -> None:
        """How things are before anything is changed."""

    async def watch(
        self, asked: Iterable[Asked], keys: Iterable[ServiceKey], deployment: Deployment, telling: Telling
    ) -> str | None:
        """The first proof that things are worse than before, a sentence; None when the time is over without one."""
        asking = {asyncio.create_task(self._ask(one)) for one in asked}
        done: set[asyncio.Task[str]] = set()
        try:
            async with asyncio.timeout(deployment.limits.soak):
                while asking:
                    done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                    return next(iter(done)).result()
                await asyncio.Event().wait()
        except TimeoutError:
            pass
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        return None

    async def _ask(self, one: Asked) -> str:
        """Until it fails as often in a row as makes a failure; returns what is wrong."""
        check, key = one
        failed = 0
        while True:
            last = await self._premises.ask(check)
            failed = failed + 1 if last.verdict is Verdict.FAIL else 0 if last.verdict is Verdict.PASS else failed
            if failed >= check.failures:
                return f"{self._gates.subject(check, key)}: {last.reason}"
            await asyncio.sleep(min(EVERY, check.retry_interval if failed else check.interval))
