"""What a person does, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from watchdog.model.identity import ServiceKey
from watchdog.model.journey import Capture
from watchdog.model.probe import Probe
from watchdog.model.probe.http import HttpProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One request with what is expected of its answer."""

    name: str
    request: HttpProbe
    """Its texts may hold templates, for `policy.journeys` to fill."""
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Any = field(default=None, repr=False)
    captures: tuple[Capture, ...] = ()
    attempts: int = 1
    wait: float = 1.0
    """Before each further attempt."""
    always_run: bool = False
    """Runs though an earlier step failed: it cleans up."""
    service: ServiceKey | None = None
    """Whose failure it is when this step fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyProbe(Probe):
    """The steps share one cookie jar, empty at the start of each run."""

    kind: ClassVar[str] = "journey"
    over_network: ClassVar[bool] = True

    steps: tuple[JourneyStep, ...]
    services: tuple[ServiceKey, ...] = ()
    """A key without project means that name in any project."""
    base: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Values that templates may use and that no output shows."""
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Further texts that no output shows: what the environment put into the steps."""
    redact: tuple[str, ...] = ()
    """Names of captures, fields and headers whose values no output shows."""

    @property
    def target(self) -> str:
        return self.base or self.steps[0].request.url


def services_of(probe: Probe) -> tuple[ServiceKey, ...]:
    """The services that a journey belongs to; none where it is none."""
    return probe.services if isinstance(probe, JourneyProbe) else ()
