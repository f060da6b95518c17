"""Who is told of what, and when nobody is: routes, silences, maintenance windows, and how far an alert has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, tzinfo
from enum import StrEnum

from watchdog.model.record import Severity


class GroupBy(StrEnum):
    """What goes into one message when it is due together."""

    PROJECT = "project"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which alerts go to which receivers. Patterns are shell patterns; an empty matcher matches everything."""

    receivers: tuple[str, ...]
    severity: Severity = Severity.WARNING
    """The least that it takes."""
    project: tuple[str, ...] = ()
    service: tuple[str, ...] = ()
    """Against `shop/webui` and `webui`, `engine`, `observer`, and the names of endpoints."""
    label: Mapping[str, str] = field(default_factory=dict[str, str])
    """Label of the container → pattern; all of them must match."""
    owner: tuple[str, ...] = ()
    after: float = 0.0
    """Seconds that an alert must have lasted. Such a route adds its receivers to those of the others."""
    goes_on: bool = False
    """`continue`: the routes after it are read, too."""


class SilenceScope(StrEnum):
    ALL = "all"
    PROJECT = "project"
    SUBJECT = "subject"
    """One service, as `shop/webui`, or what else an incident is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A person's wish to hear nothing of something until `until` (steady seconds). Recovery goes on."""

    scope: SilenceScope
    name: str = ""
    until: float
    reason: str
    by: str

    @property
    def key(self) -> str:
        """One silence for each: a new one takes the place of the old one."""
        return f"{self.scope} {self.name}".rstrip()

    @property
    def what(self) -> str:
        """As a sentence calls it."""
        return {"all": "everything", "project": f"project {self.name}", "subject": self.name}[self.scope.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """Unix seconds."""

    begins: float
    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Begins at `at` by the clocks of `zone` on each of `days`, and lasts so many seconds."""

    days: frozenset[int]
    """0 is Monday."""
    at: time
    lasts: float
    zone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """While it is open detection and evidence go on; action and alerts wait. Without patterns it is for everything."""

    name: str
    when: Once | Weekly
    services: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


class AlertStage(StrEnum):
    """How far an alert has come for one receiver."""

    WAITING = "waiting"
    WARNING = "warning"
    CRITICAL = "critical"
    HANDED_OVER = "handed_over"
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one receiver was told of an incident."""

    stage: AlertStage
    at: float
    """When it last heard of it (steady seconds)."""
    keys: tuple[str, ...]
    """Under which it heard of it: each is resolved in the end."""
    count: int
    """Messages that it had of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """Of one open incident; kept in the ledger, so that a restart neither repeats nor forgets."""

    waits_from: float
    """When its patience began (steady seconds): at its detection, or later when maintenance or a pause excused it."""
    told: Mapping[str, Told] = field(default_factory=dict[str, Told])
