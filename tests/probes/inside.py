"""A service with one container on a fake engine, asked by a prober."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_engine import FakeEngine
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.model.probe import Probe
from watchdog.probes import Prober

SERVICE = ServiceKey("shop", "db")


@dataclass(slots=True)
class Stage:
    """Implements `probes.containers.Containers`."""

    now: Callable[[], float] = time.time
    engine: FakeEngine = field(init=False)
    container: Container | None = None
    prober: Prober = field(init=False)

    def __post_init__(self) -> None:
        self.engine = FakeEngine(now=self.now)
        self.prober = Prober(self.now, self)

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:  # noqa: ARG002 - as the protocol says
        return self.container if service == SERVICE else None

    async def run(self, name: str = "db") -> str:
        """Another container of the service, which is it from now on."""
        container = self.engine.run(name)
        await self.look(container)
        return container

    async def look(self, container: str) -> None:
        self.container = await self.engine.inspect(container)

    async def ask(self, probe: Probe, **check: Any) -> Observation:
        return await self.prober.ask(Check(name="inside", probe=probe, service=SERVICE, **check))
