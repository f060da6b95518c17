"""Follows the engine's events. They only wake fresh looks and say who did something; missing all costs latency."""

from __future__ import annotations

import asyncio

import structlog

from watchdog.daemon.observing.containers import ContainerObserver
from watchdog.daemon.observing.engine import EngineWatch
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.service import ServiceState
from watchdog.engine.protocol import Connected, Disconnected, EngineEvent
from watchdog.errors import EngineError
from watchdog.policy.discovery import PROJECT, SWARM, SWARM_NAME
from watchdog.policy.turn import SIGNAL_FORGOTTEN

log = structlog.get_logger()

LOOK_WHOLE = {"create", "destroy", "rename"}
LOOK_ONE = {"start", "restart", "die", "stop", "kill", "oom", "pause", "unpause", "health_status", "update"}
TELLS_OF_FAILURE = {"die", "destroy", "oom", "stop"}
FOREIGN = {"create", "stop", "destroy", "rename"}
"""Container events that count as somebody being at work (the absence grace runs from the last of them)."""
SIGKILL = "9"


class EventListener:
    """Turns signals of the engine into hints. One task listens, another looks: a burst becomes few looks."""

    def __init__(self, state: DaemonState, containers: ContainerObserver, engine_watch: EngineWatch) -> None:
        self._state = state
        self._containers = containers
        self._engine_watch = engine_watch
        self._hints: set[str] = set()
        self._whole = False
        self._due = asyncio.Event()
        self.tried = asyncio.Event()
        """Set once the engine's stream is open, or could not be opened."""

    async def listen(self) -> None:
        """For ever; the stream reconnects by itself."""
        async for signal in self._state.engine.signals():
            self.tried.set()
            match signal:
                case Connected(identity=identity):
                    self._state.engine_state.identified(identity)
                    self.look_soon()
                case Disconnected(because=because):
                    self._engine_watch.hung_up(because)
                    self.look_soon()
                case EngineEvent():
                    self._hear(signal)

    def look_soon(self) -> None:
        """Asks for a whole look."""
        self._whole = True
        self._due.set()

    async def look(self) -> None:
        """Carries out the looks that events ask for, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            hints, self._hints = self._hints, set[str]()
            whole, self._whole = self._whole, False
            try:
                await (self._containers.look(hints) if whole else self._containers.look_at(hints))
                if whole:
                    await self._engine_watch.back()
            except EngineError as error:
                await self._engine_watch.gone(str(error))

    def _hear(self, event: EngineEvent) -> None:
        state = self._state
        now = state.clock.now()
        state.measures.count_event(event.kind, event.action)
        name = event.attributes.get("name", "")
        if event.kind != "container":
            self._note_activity(event, now)
            return
        if event.action == "die" and SWARM in event.attributes:
            service, code = event.attributes.get(SWARM_NAME, ""), event.attributes.get("exitCode", "")
            log.warning(f"{name} of Swarm's service {service} ended with code {code}: left to Swarm")
        ours = state.own_actions.holds(event.actor, name, now, state.clock.steady(event.at))
        if event.action in FOREIGN and not ours:
            state.engine_state.activity.foreign[event.attributes.get(PROJECT, "") or name] = now
        if event.action == "die" and not ours:
            state.engine_state.activity.last_death = now
        if event.action == "stop" and not ours:
            state.engine_state.activity.last_stop = now
        self._mark(event, now, ours=ours)
        if event.action == "create" and ours:
            return  # nobody's until it has its name, of which another event tells
        if event.action in LOOK_WHOLE or (event.action in LOOK_ONE and not self._containers.knows(event.actor)):
            self._whole = True
        elif event.action not in LOOK_ONE:
            return
        self._hints.add(event.actor)
        self._due.set()

    def _mark(self, event: EngineEvent, now: float, *, ours: bool) -> None:
        """Leaves signs on the service: when it broke by the engine's word, and whether a person meant it."""
        key = self._containers.key_of(event.actor)
        service = self._state.services.known.get(key) if key is not None else None
        if service is None or service.container is None or service.container.id != event.actor:
            return
        unhealthy = event.action == "health_status" and event.attributes.get("health_status") == "unhealthy"
        if event.action in TELLS_OF_FAILURE or unhealthy:
            service.signals.failure_heard_at = now
            if event.action != "stop":
                service.signals.failed_at = self._state.clock.steady(event.at)
        if event.action == "unpause":
            service.note_unpaused(self._state.clock.steady(event.at))
        if not ours:
            self._mark_intent(service, event, now, service.container.stop_timeout)

    @staticmethod
    def _mark_intent(service: ServiceState, event: EngineEvent, now: float, stop_timeout: float) -> None:
        if event.action in {"stop", "start"}:
            service.signals.stopped = event.action == "stop"
        if event.action in {"stop", "kill"}:
            service.signals.stop_heard_at = now
        elif event.action == "die" and now - (service.signals.stop_heard_at or now) > stop_timeout + SIGNAL_FORGOTTEN:
            service.incarnation.stop.by_operator = service.incarnation.stop.killed_by_operator = False
        if event.action == "stop" or (event.action == "kill" and event.attributes.get("signal") != SIGKILL):
            service.incarnation.stop.by_operator = (
                event.action == "stop" or service.incarnation.stop.by_operator or _ends(event)
            )
        elif event.action == "kill":
            service.incarnation.stop.killed_by_operator = True
        elif event.action == "start":
            service.incarnation.stop.by_operator = service.incarnation.stop.killed_by_operator = False

    def _note_activity(self, event: EngineEvent, now: float) -> None:
        state = self._state
        match event.kind:
            case "network":
                project = event.attributes.get("name", "").rpartition("_")[0]
                container, stamped_at = event.attributes.get("container", ""), state.clock.steady(event.at)
                if project and not state.own_actions.holds(container, "", now, stamped_at):
                    state.engine_state.activity.foreign[project] = now
            case "image" if event.action == "pull":
                for service in state.services.known.values():
                    if service.container is not None and service.container.image == event.actor:
                        state.engine_state.activity.foreign[service.key.project or service.key.name] = now
            case _:
                pass


def _ends(event: EngineEvent) -> bool:
    """A TERM, INT or QUIT asks a process to end; HUP, USR1 and the like do not."""
    return event.attributes.get("signal") in {"15", "2", "3"}
