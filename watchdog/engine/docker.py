"""`DockerEngine`: the door of `engine.protocol` to a real Docker Engine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from watchdog.engine.control import Control
from watchdog.engine.events import Events
from watchdog.engine.executions import Executions
from watchdog.engine.look import Look
from watchdog.engine.neighbour import Neighbours
from watchdog.engine.output import Output
from watchdog.engine.protocol import EngineIdentity, Signal, Summary
from watchdog.engine.transport import Transport
from watchdog.engine.usage import Usages
from watchdog.model.container import Container, ContainerSpec, Survey
from watchdog.model.inside import Disk, Ended, LogLine, Usage
from watchdog.model.plan import Step
from watchdog.model.settings import EngineSettings


class DockerEngine:
    """Connects on the first call; ConfigurationError when the address or the certificates cannot be used."""

    def __init__(self, settings: EngineSettings) -> None:
        self._transport = Transport(settings)
        self._neighbours = Neighbours(local=self._transport.local)
        self._look = Look(self._transport)
        self._control = Control(self._transport, self._look, self._neighbours)
        self._executions = Executions(self._transport)
        self._output = Output(self._transport, self._look)
        self._usages = Usages(self._transport)
        self._events = Events(self._transport, self._look.identify)

    async def identify(self) -> EngineIdentity:
        return await self._look.identify()

    async def list_containers(self) -> tuple[Summary, ...]:
        return await self._look.list_containers()

    async def inspect(self, container: str) -> Container:
        return await self._look.inspect(container)

    async def capture(self, container: str, names: Mapping[str, str] | None = None) -> ContainerSpec:
        return await self._look.capture(container, names or {})

    async def survey(self, spec: ContainerSpec) -> Survey:
        return await self._look.survey(spec)

    async def told_to_end(self) -> Mapping[str, float]:
        return await self._events.told_to_end()

    async def signals(self) -> AsyncGenerator[Signal]:
        await self._neighbours.prepare()  # who follows events will start containers
        async for signal in self._events.signals():
            yield signal

    async def pin_image(self, image_id: str, service: str) -> None:
        await self._control.pin(image_id, service)

    async def unpin_image(self, image_id: str, service: str) -> None:
        await self._control.unpin(image_id, service)

    async def forget_addresses(self, container: str) -> None:
        await self._control.forget_addresses(container)

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:
        return await self._control.execute(step, spec)

    async def prepare_inside(
        self, container: str, command: tuple[str, ...], *, user: str, environment: Mapping[str, str]
    ) -> str:
        return await self._executions.prepare(container, command, user, environment)

    async def run_inside(self, execution: str, *, seconds: float, at_most: int) -> Ended:
        return await self._executions.run(execution, seconds, at_most)

    async def runs_inside(self, execution: str) -> bool:
        return await self._executions.runs(execution)

    async def end_inside(self, execution: str) -> bool:
        return await self._executions.end(execution)

    def log(self, container: str, *, since: float, at_most: int, follow: bool) -> AsyncGenerator[tuple[LogLine, ...]]:
        return self._output.lines(container, since=since, at_most=at_most, follow=follow)

    async def usage(self, container: str) -> Usage:
        return await self._usages.usage(container)

    async def disks(self, paths: tuple[str, ...]) -> tuple[Disk, ...]:
        return await self._usages.disks(paths)

    async def close(self) -> None:
        await self._transport.close()
