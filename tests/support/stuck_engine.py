"""An engine in memory that answers, but not about certain containers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from tests.support.fake_engine import FakeEngine
from watchdog.errors import EngineRefused, EngineUnavailable
from watchdog.model.container import Container


@dataclass(slots=True)
class StuckEngine(FakeEngine):
    """Containers go by their full ID."""

    damaged: set[str] = field(default_factory=set[str])
    """Of which it answers that it cannot tell."""
    stuck: set[str] = field(default_factory=set[str])
    """Of which it does not answer."""
    patience: float = 0.3
    """Seconds after which who asked gives up."""
    asked: int = 0
    """How often it was asked about one of them."""

    async def inspect(self, container: str) -> Container:
        if container in self.damaged:
            raise EngineRefused(f"the engine refused (500): layer of {container} does not exist", 500)
        self.asked += container in self.stuck
        deadline = time.monotonic() + self.patience
        while container in self.stuck:
            if time.monotonic() > deadline:
                raise EngineUnavailable(f"the engine did not answer within {self.patience:g} s")
            await asyncio.sleep(0.01)
        return await FakeEngine.inspect(self, container)
