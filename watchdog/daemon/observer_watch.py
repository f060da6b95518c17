"""Whether the observer itself can see: several unrelated failures are one incident of its own, and no action."""

from __future__ import annotations

import asyncio

from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.world import World


class ObserverWatch:
    """Opens the incident `observer` once one of the suspicious checks is past its threshold."""

    def __init__(self, world: World, desk: IncidentDesk) -> None:
        self._world = world
        self._desk = desk
        self._incident: int | None = None
        self._looking = asyncio.Lock()

    async def look(self) -> None:
        """After every answer that may change the suspicion."""
        async with self._looking:
            world, now = self._world, self._world.clock.now()
            suspicion = world.suspicion()
            if suspicion is None:
                if self._incident is not None:
                    sentence = "the observer sees again: a check passes"
                    await self._desk.close(self._incident, sentence, now, recovered=True)
                    self._incident = None
                    world.wake_all()
            elif self._incident is None and world.past_threshold(suspicion.names):
                self._incident = await self._desk.of_subject("observer", suspicion.because, now)

    @property
    def suspects(self) -> bool:
        return self._incident is not None
