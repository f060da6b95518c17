"""Why nobody is told of something now: a person's silence, a pause, a maintenance window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from watchdog.model.alerting import Maintenance, Silence, SilenceScope
from watchdog.policy.calendar import open_until


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an incident is about, as routes, silences and maintenance windows know it."""

    subject: str
    names: tuple[str, ...]
    """All that a pattern may call it: `shop/webui` and `webui`."""
    project: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    owner: str = ""

    def called(self, patterns: Iterable[str]) -> bool:
        """Whether one of these shell patterns means it."""
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in self.names)


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window that is open, until `until` (Unix seconds)."""

    name: str
    until: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Why, and until when (steady seconds)."""

    because: str
    until: float
    excuses: bool
    """Somebody works on it: the time is no downtime, and what is still bad afterwards is waited for once more."""


def maintained(windows: Iterable[Maintenance], about: About, at: float) -> Window | None:
    """The window of those open at `at` (Unix seconds) that ends last; None when none is for this."""
    found = [Window(window.name, until) for window in windows if (until := _open_for(window, about, at)) is not None]
    return max(found, key=lambda window: window.until, default=None)


def _open_for(window: Maintenance, about: About, at: float) -> float | None:
    everything = not window.services and not window.projects
    in_project = bool(about.project) and any(fnmatchcase(about.project, pattern) for pattern in window.projects)
    return open_until(window.when, at) if everything or in_project or about.called(window.services) else None


def silenced(silences: Iterable[Silence], about: About, now: float) -> Silence | None:
    """The silence that lasts longest of those that are for this; None when there is none."""
    found = [silence for silence in silences if now < silence.until and _is_for(silence, about)]
    return max(found, key=lambda silence: silence.until, default=None)


def _is_for(silence: Silence, about: About) -> bool:
    if silence.scope is SilenceScope.PROJECT:
        return about.project == silence.name
    return silence.scope is SilenceScope.ALL or silence.name in {about.subject, *about.names[:1]}
