"""Has the one who should call in done so in time?"""

from __future__ import annotations

from watchdog.config.duration import spell_duration
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.policy.heartbeat import Pulse
from watchdog.probes.ask import Ask, FailureKind, ProbeFailure
from watchdog.probes.beats import Beats
from watchdog.probes.context import ProberContext


def make(context: ProberContext) -> HeartbeatProber:
    return HeartbeatProber(context.beats)


class HeartbeatProber:
    """Asks nobody: it judges the calls that were heard."""

    def __init__(self, beats: Beats | None) -> None:
        self._beats = beats

    async def __call__(self, ask: Ask[HeartbeatProbe]) -> str:
        if self._beats is None:
            raise ProbeFailure(FailureKind.NOT_ASKED, "nobody hears calls here")
        found = self._beats.reading(ask.check)
        heart, quiet, due = found.heart, _spelled(found.quiet_for), _spelled(found.due_in)
        every = spell_duration(ask.probe.heartbeat)
        if due_in := max(0.0, found.due_in):
            ask.changes_in = due_in
        match found.pulse:
            case Pulse.CALLED:
                return f"called in {quiet} ago; its next call has {due}"
            case Pulse.REPORTED:
                said = f": {heart.message}" if heart.message else ""
                raise ProbeFailure(
                    FailureKind.REPORTED, f"called in {quiet} ago that it failed with {heart.exit_code}{said}"
                )
            case Pulse.AWAITED:
                raise ProbeFailure(FailureKind.AWAITED, f"has not called in for {quiet}; it has another {due}")
            case Pulse.SILENT:
                raise ProbeFailure(FailureKind.SILENT, f"has not called in for {quiet}; it should every {every}")


def _spelled(seconds: float) -> str:
    """Without the fraction of a second that nobody wants to read."""
    return spell_duration(round(seconds)) if seconds >= 1 else spell_duration(round(max(0.0, seconds), 3))
