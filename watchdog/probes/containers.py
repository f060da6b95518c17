"""How probes reach into containers: whose container is asked, and the engine that asks it."""

from __future__ import annotations

from typing import Protocol

from watchdog.engine.protocol import Engine
from watchdog.model.container import Container
from watchdog.model.identity import ServiceKey


class Containers(Protocol):
    """The containers of the watched services, as they were last seen."""

    @property
    def engine(self) -> Engine: ...

    def container_of(self, service: ServiceKey, near: ServiceKey | None = None) -> Container | None:
        """The container of a service; None when it has none. One named without its project: that in the project of
        `near`, else the only one of that name.
        """
        ...
