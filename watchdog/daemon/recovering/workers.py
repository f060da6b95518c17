"""The workers of all services: one task each, from the service's coming to its going."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchdog.daemon.recovering.worker import Worker, WorkerTools
from watchdog.daemon.state.service import ServiceState
from watchdog.model.identity import ServiceKey
from watchdog.policy.phases import Phase


@dataclass(slots=True)
class WorkerPool:
    """Implements `state.services.ServiceListener`."""

    tools: WorkerTools
    _tasks: dict[ServiceKey, asyncio.Task[None]] = field(default_factory=dict[ServiceKey, "asyncio.Task[None]"])

    def __post_init__(self) -> None:
        self.tools.state.services.listeners.append(self)

    def added(self, service: ServiceState) -> None:
        worker = Worker(service, self.tools)
        self._tasks[service.key] = asyncio.create_task(worker.run(), name=f"worker {service.key}")

    def removed(self, service: ServiceState) -> None:
        task = self._tasks.pop(service.key, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    @property
    def tasks(self) -> Mapping[ServiceKey, asyncio.Task[None]]:
        return self._tasks

    async def finish(self, within: float) -> None:
        """Waits, `within` seconds at the most, until no engine call of a plan is under way."""
        state = self.tools.state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(service.course.phase is Phase.ACTING for service in state.services.known.values()):
                    state.changed.clear()
                    await state.changed.wait()

    async def cancel(self) -> None:
        """What they were doing is in the ledger."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
