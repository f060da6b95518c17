"""What a failed test in virtual time shows: its services as they were, and the last sentences of its daemons."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from watchdog.cli.report import verdict
from watchdog.cli.text import aligned
from watchdog.daemon.core import Daemon
from watchdog.model.snapshot import ServiceStatus

SENTENCES: Final = 40
"""So many of the last ones are shown."""
ROWS: Final = 40
"""So many services and endpoints are shown, those that are not well first."""


@dataclass
class FailureReport:
    """`now` is the loop's time, in seconds; all times are shown as since the test began."""

    now: Callable[[], float]
    sentences: deque[str] = field(default_factory=lambda: deque[str](maxlen=SENTENCES))
    state: str = "no daemon was stopped"

    def __post_init__(self) -> None:
        self._began = self.now()

    def hear(self, _logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        """A processor of structlog instead of the others, which stamp real time: pytest keeps what it prints."""
        facts = [f"{name}={fact}" for name, fact in event.items() if name != "event"]
        level = [] if method == "info" else [f"[{method}]"]
        self.sentences.append("  ".join([self._time(), *level, str(event["event"]), *facts]))
        print(self.sentences[-1])
        raise structlog.DropEvent

    def look(self, daemon: Daemon) -> None:
        """Remembers its state for the case that the test fails; the last daemon's is the one that is shown."""
        snapshot = daemon.snapshot()
        rows = [self._row(daemon, one) for one in sorted(snapshot.services, key=lambda one: not one.health.bad)]
        rows += [(one.name, one.verdict.value, "endpoint", "-", one.reason) for one in snapshot.endpoints]
        rows += [(str(one.service), "not judged", "-", "-", one.reason) for one in snapshot.absence_not_judged]
        table = aligned([("service", "health", "phase", "container", "message"), *rows[:ROWS]])
        more = f"\n... and {len(rows) - ROWS} more" if len(rows) > ROWS else ""
        self.state = f"the daemon at {self._time()}: {verdict(snapshot.as_json())}\n{table}{more}"

    def _row(self, daemon: Daemon, service: ServiceStatus) -> tuple[str, ...]:
        known = daemon.state.services.known.get(service.service)
        container = f"{service.container.name} {service.container.id[:12]}" if service.container else "-"
        message = "; ".join(part for part in (service.reason, service.recovery) if part)
        return (
            str(service.service),
            service.health.value,
            known.course.phase.value if known else "-",
            container,
            message,
        )

    def _time(self) -> str:
        minutes, seconds = divmod(self.now() - self._began, 60)
        return f"{minutes // 60:.0f}:{minutes % 60:02.0f}:{seconds:06.3f}"

    def __str__(self) -> str:
        return "\n".join((self.state, f"the last {len(self.sentences)} sentences:", *self.sentences))


_report: ContextVar[FailureReport | None] = ContextVar("report", default=None)


def note_state(daemon: Daemon) -> None:
    """To be called before a daemon stops; without effect in a test in real time."""
    if (report := _report.get()) is not None:
        report.look(daemon)


@contextmanager
def reported(now: Callable[[], float]) -> Generator[None]:
    """A failure in the block has the report as its note, which pytest prints below it."""
    report = FailureReport(now)
    processors, token = structlog.get_config()["processors"], _report.set(report)
    processors.insert(0, report.hear)
    try:
        yield
    except BaseException as failure:
        if report.sentences:
            failure.add_note(str(report))
        raise
    finally:
        processors.remove(report.hear)
        _report.reset(token)
