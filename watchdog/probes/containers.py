"""How probers reach into containers: whose container is asked, and the engine that asks it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from watchdog.engine.protocol import Engine
from watchdog.errors import EngineError
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.probes.ask import AnyAsk, FailureKind, ProbeFailure


class Containers(Protocol):
    """The containers of the watched services, as they were last seen."""

    @property
    def engine(self) -> Engine: ...

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:
        """The container of a service; None when it has none. One named without its project: that in the project of
        `near`, else the only one of that name.
        """
        ...


@dataclass(frozen=True, slots=True)
class Inside:
    """A container that runs, and who can ask it."""

    engine: Engine
    container: Container
    service: ServiceKey

    @property
    def id(self) -> str:
        return self.container.id


def running(ask: AnyAsk, containers: Containers | None) -> Inside:
    """The container of the check's service. What does not run is judged by that; here a ProbeFailure."""
    service = ask.check.service
    if containers is None or service is None:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{ask.check.name} is asked inside a container, and none is known")
    container = containers.container_of(service)
    if container is None:
        raise ProbeFailure(FailureKind.NOT_ASKED, f"{service} has no container: nothing can be asked inside of it")
    if not container.running:
        state = container.state.value
        raise ProbeFailure(
            FailureKind.NOT_ASKED, f"the container of {service} is {state}: nothing can be asked inside of it"
        )
    return Inside(containers.engine, container, service)


@contextmanager
def engine_answers() -> Generator[None]:
    """What the engine cannot or will not tell is no failure of the container: UNKNOWN, as a ProbeFailure."""
    try:
        yield
    except EngineError as error:
        raise ProbeFailure(FailureKind.ENGINE, str(error)) from error


def name_of(check: Check) -> tuple[str, str]:
    """What tells a check from every other: names are unique within a service, and among endpoints."""
    return str(check.service or ""), check.name
