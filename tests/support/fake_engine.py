"""An engine in memory for virtual time. What it has in common with a real one, `tests/engine/test_contract.py` proves.

What somebody else does to the engine (`run`, `docker_stop`, `crash`, `go_away`, ...) are its own methods; what watchdog
may do are those of `engine.protocol`. Delays are timers of the running event loop, timestamps come from `now`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tests.support.fake_container import UP, Behaviour, Box, digest
from tests.support.fake_inside import FakeInside, InsideDoors
from watchdog.engine.protocol import Connected, Disconnected, EngineEvent, EngineIdentity, Signal, Summary
from watchdog.errors import Conflict, EngineRefused, EngineUnavailable, NotFound
from watchdog.model.container import Container, ContainerSpec, ContainerState, HealthcheckState, RestartPolicy, Survey
from watchdog.model.plan import (
    ConnectNetwork,
    CreateContainer,
    CreateNetwork,
    DisconnectNetwork,
    RemoveContainer,
    RemoveNetwork,
    RenameContainer,
    RestartContainer,
    SetRestartPolicy,
    StartContainer,
    Step,
    StopContainer,
)

FIRST_RESTART: Final = 0.1
LAST_RESTART: Final = 60.0
STABLE: Final = 10.0
"""Docker forgets its restart delay after a container ran this long."""


@dataclass(slots=True)
class FakeEngine(InsideDoors):
    """`now` is the engine's wall clock. `drops_events` makes every event get lost while the stream stays open."""

    now: Callable[[], float]
    api_version: str = "1.45"
    drops_events: bool = False
    away: str | None = None
    behaviours: dict[str, Behaviour] = field(default_factory=dict[str, Behaviour])
    """Image ID → how its containers behave."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """Image name → image ID."""
    volumes: set[str] = field(default_factory=set[str])
    networks: set[str] = field(default_factory=set[str])
    pins: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    steps: list[Step] = field(default_factory=list[Step])
    """Every step that it was asked to execute, refused ones included."""
    inside: FakeInside = field(init=False)
    _signalled: dict[str, float] = field(default_factory=dict[str, float])
    """Full ID → when it was last sent a signal to end, 0 where it ended without one."""
    _boxes: dict[str, Box] = field(default_factory=dict[str, Box])
    _listeners: list[asyncio.Queue[Signal]] = field(default_factory=list[asyncio.Queue[Signal]])
    _back: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.inside = FakeInside(self.now)

    # What somebody else does

    def image(self, name: str, behaviour: Behaviour | None = None) -> str:
        """Makes an image, or moves its name to a new one; returns its ID."""
        image_id = f"sha256:{digest(name, next(self._numbers))}"
        self.names[name] = image_id
        self.behaviours[image_id] = behaviour or Behaviour()
        return image_id

    def run(
        self,
        name: str,
        image: str = "busybox:lab",
        *,
        labels: Mapping[str, str] | None = None,
        restart: RestartPolicy = RestartPolicy.NO,
        volumes: Mapping[str, str] | None = None,
        networks: tuple[str, ...] = ("bridge",),
        unfaithful: tuple[str, ...] = (),
    ) -> str:
        """`docker run --detach`; returns the full ID."""
        if image not in self.names:
            self.image(image)
        self.volumes |= set(volumes or {})
        custom = {network: {"Name": network} for network in networks if network != "bridge"}
        self.networks |= set(custom)
        spec = ContainerSpec(
            id=digest(name, self.names[image], sorted((labels or {}).items()), networks),
            container_name=name,
            image=image,
            image_id=self.names[image],
            api_version=self.api_version,
            config={"Labels": dict(labels or {})},
            host_config={"RestartPolicy": {"Name": restart.value}, "NetworkMode": networks[0]},
            endpoints={network: {} for network in networks},
            networks=custom,
            volumes=dict(volumes or {}),
            unfaithful=unfaithful,
        )
        box = self._make(spec, name, spec.image_id)
        self._start(box)
        return box.id

    def docker_stop(self, name: str) -> None:
        self._stop(self._named(name))

    def docker_kill(self, name: str, signal: int = 9) -> None:
        box = self._named(name)
        box.policy_off = True
        self._emit(box, "kill", signal=str(signal))
        if signal == 9:
            self._exit(box, 137)

    def docker_start(self, name: str) -> None:
        self._start(self._named(name))

    def docker_rm(self, name: str) -> None:
        self._remove(self._named(name))

    def docker_rename(self, name: str, new: str) -> None:
        self._rename(self._named(name), new)

    def docker_pause(self, name: str) -> None:
        box = self._named(name)
        box.state = ContainerState.PAUSED
        self._emit(box, "pause")

    def docker_unpause(self, name: str) -> None:
        box = self._named(name)
        box.state = ContainerState.RUNNING
        self._emit(box, "unpause")

    def crash(self, name: str, exit_code: int = 3) -> None:
        self._exit(self._named(name), exit_code)

    def run_out_of_memory(self, name: str) -> None:
        box = self._named(name)
        box.oom_killed = True
        self._emit(box, "oom")
        self._exit(box, 137)

    def set_health(self, name: str, health: HealthcheckState) -> None:
        box = self._named(name)
        box.health = health
        self._emit(box, "health_status", health_status=health.value)

    def remove_volume(self, volume: str) -> None:
        self.volumes.discard(volume)
        self._tell(EngineEvent(kind="volume", action="destroy", actor=volume, at=self.now()))

    def remove_network(self, network: str) -> None:
        self.networks.discard(network)
        attributes = {"name": network}
        self._tell(EngineEvent(kind="network", action="destroy", actor=network, at=self.now(), attributes=attributes))

    def remove_image(self, image_id: str) -> None:
        self.behaviours.pop(image_id)
        self.names = {name: other for name, other in self.names.items() if other != image_id}

    def go_away(self, because: str = "no engine at unix:///fake: nobody listens") -> None:
        """Every call fails until `come_back`; containers go on."""
        self.away = because
        self._back.clear()
        self._tell_all(Disconnected(because))

    def come_back(self) -> None:
        self.away = None
        self._back.set()

    def cut_events(self, because: str = "the engine ended the event stream") -> None:
        """The stream breaks and is opened again; what happens until its next item is asked for is lost."""
        self._tell_all(Disconnected(because))

    # What watchdog does

    async def identify(self) -> EngineIdentity:
        self._answer()
        running = sum(box.state in UP for box in self._boxes.values())
        return EngineIdentity(
            id="FAKE", name="fake", version="fake", api_version=self.api_version, containers_running=running
        )

    async def list_containers(self) -> tuple[Summary, ...]:
        self._answer()
        return tuple(box.summary() for box in self._boxes.values())

    async def inspect(self, container: str) -> Container:
        return self._box(container).container()

    async def capture(self, container: str, names: Mapping[str, str] | None = None) -> ContainerSpec:  # noqa: ARG002 - none shares a namespace
        box = self._box(container)
        return replace(box.spec, container_name=box.name)

    async def survey(self, spec: ContainerSpec) -> Survey:
        self._answer()
        holder = next((box.id for box in self._boxes.values() if box.name == spec.container_name), None)
        return Survey(
            image_present=spec.image_id in self.behaviours,
            volumes_gone=tuple(name for name in spec.volumes if name not in self.volumes),
            networks_gone=tuple(name for name in spec.networks if name not in self.networks),
            name_holder=holder,
        )

    async def told_to_end(self) -> Mapping[str, float]:
        self._answer()
        return dict(self._signalled)

    async def signals(self) -> AsyncGenerator[Signal]:
        first = True
        while True:
            if self.away is not None:
                yield Disconnected(self.away)
                await self._back.wait()
            heard: asyncio.Queue[Signal] = asyncio.Queue()
            self._listeners.append(heard)
            try:
                yield Connected(await self.identify(), first)
                first = False
                while not isinstance(signal := await heard.get(), Disconnected):
                    yield signal
            finally:
                self._listeners.remove(heard)
            if self.away is None:
                yield signal

    async def pin_image(self, image_id: str, service: str) -> None:
        self._answer()
        if image_id not in self.behaviours:
            raise NotFound(f"No such image: {image_id}")
        self.pins.add((image_id, service))

    async def forget_addresses(self, container: str) -> None:
        """Nobody reaches its containers by address."""

    async def unpin_image(self, image_id: str, service: str) -> None:
        self._answer()
        self.pins.discard((image_id, service))

    async def execute(self, step: Step, spec: ContainerSpec | None = None) -> str:  # noqa: C901 - one case for each step
        self.steps.append(step)
        self._answer()
        match step:
            case CreateContainer(_, name, image_id):
                assert spec is not None
                return self._make(spec, name, image_id).id
            case CreateNetwork(_, network):
                self.networks.add(network)
            case RemoveNetwork(network):
                self.networks.discard(network)
            case StartContainer(container):
                self._start(self._box(container))
            case RestartContainer(container):
                box = self._box(container)
                self._stop(box)
                self._start(box)
                self._emit(box, "restart")
            case StopContainer(container):
                self._stop(self._box(container))
            case SetRestartPolicy(container, policy, retries):
                box = self._box(container)
                box.policy, box.retries = RestartPolicy(policy), retries
                self._emit(box, "update")
            case RenameContainer(container, name):
                self._rename(self._box(container), name)
            case RemoveContainer(container):
                self._remove(self._box(container))
            case ConnectNetwork(_, container, network):
                self._box(container).attached.add(network)
            case DisconnectNetwork(container, network):
                self._box(container).attached.discard(network)
        return ""

    async def close(self) -> None:
        return

    # How it works

    def _answer(self) -> None:
        if self.away is not None:
            raise EngineUnavailable(self.away)

    def _box(self, container: str) -> Box:
        self._answer()
        if container not in self._boxes:
            raise NotFound(f"No such container: {container}")
        return self._boxes[container]

    def _named(self, name: str) -> Box:
        return next(box for box in self._boxes.values() if box.name == name)

    def _make(self, spec: ContainerSpec, name: str, image_id: str) -> Box:
        if any(box.name == name for box in self._boxes.values()):
            raise Conflict(f'Conflict. The container name "/{name}" is already in use')
        if image_id not in self.behaviours:
            raise NotFound(f"No such image: {image_id}")
        missing = next((network for network in spec.networks if network not in self.networks), None)
        if missing is not None:
            raise NotFound(f"network {missing} not found")
        self.volumes |= set(spec.volumes)  # as the engine does: a volume that is gone comes back empty
        identity = digest("container", next(self._numbers))
        box = Box(identity, name, spec, image_id, self.behaviours[image_id], created_at=self.now())
        self._boxes[identity] = box
        self._emit(box, "create")
        return box

    def _start(self, box: Box) -> None:
        if box.state in UP:
            return
        if box.behaviour.start_error:
            box.error, box.exit_code = box.behaviour.start_error, 127
            raise EngineRefused(f"the engine refused (400): {box.behaviour.start_error}", 400)
        box.begin(self.now())
        self._emit(box, "start")
        incarnation = box.incarnation
        behaviour = box.behaviour
        if behaviour.healthy_after is not None:
            self._later(behaviour.healthy_after, box, incarnation, lambda: self._becomes_healthy(box))
        if behaviour.exits_after is not None:
            self._later(behaviour.exits_after, box, incarnation, lambda: self._exit(box, behaviour.exit_code))

    def _becomes_healthy(self, box: Box) -> None:
        box.health = HealthcheckState.HEALTHY
        self._emit(box, "health_status", health_status=box.health.value)

    def _stop(self, box: Box) -> None:
        if box.state not in UP:
            return
        box.policy_off = True
        self._emit(box, "kill", signal="15")
        self._exit(box, 143)
        self._emit(box, "stop")

    def _exit(self, box: Box, exit_code: int) -> None:
        box.end(self.now(), exit_code)
        self.inside.end(box.id)
        self._emit(box, "die", exitCode=str(exit_code))
        if box.restarts_after(exit_code):
            ran = self.now() - (box.started_at or 0.0)
            box.delay = FIRST_RESTART if ran >= STABLE or not box.delay else min(2 * box.delay, LAST_RESTART)
            box.state = ContainerState.RESTARTING
            self._later(box.delay, box, box.incarnation, lambda: self._docker_restarts(box))

    def _docker_restarts(self, box: Box) -> None:
        if box.state is ContainerState.RESTARTING:
            box.restart_count += 1
            self._start(box)

    def _rename(self, box: Box, name: str) -> None:
        if box.name == name:
            return
        if any(other.name == name for other in self._boxes.values()):
            raise Conflict(f'Conflict. The container name "/{name}" is already in use')
        old, box.name = box.name, name
        self._emit(box, "rename", oldName=f"/{old}")

    def _remove(self, box: Box) -> None:
        if box.state in UP:
            self._emit(box, "kill", signal="9")
            box.policy_off = True
            self._exit(box, 137)
        del self._boxes[box.id]
        box.incarnation += 1
        self._emit(box, "destroy")

    def _later(self, seconds: float, box: Box, incarnation: int, act: Callable[[], None]) -> None:
        """Unless it was stopped, restarted or removed until then."""

        def due() -> None:
            if box.incarnation == incarnation:
                act()

        asyncio.get_running_loop().call_later(seconds, due)

    def _emit(self, box: Box, action: str, **attributes: str) -> None:
        if action == "die":
            self._signalled.setdefault(box.id, 0.0)
        if attributes.get("signal") in {"2", "3", "9", "15"}:
            self._signalled[box.id] = self.now()
        labels: Mapping[str, str] = box.spec.config["Labels"]
        said = {**labels, "image": box.spec.image, "name": box.name, **attributes}
        self._tell(EngineEvent(kind="container", action=action, actor=box.id, at=self.now(), attributes=said))

    def _tell(self, event: EngineEvent) -> None:
        if not self.drops_events:
            self._tell_all(event)

    def _tell_all(self, signal: Signal) -> None:
        for heard in self._listeners:
            heard.put_nowait(signal)
