"""Keys of a check that follows the log of the service's container."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from watchdog.config.checks.section import KindSection
from watchdog.config.fields import Bool, Pattern, PerMinute, Span
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.inside import LogsProbe


class LogsSection(KindSection):
    inside: ClassVar[bool] = True

    logs: Pattern = Field(description="Follow the log of the service's container; the lines that match count.")
    max_per_minute: PerMinute | None = Field(
        default=None, description="More lines that match within the last minute are a FAIL."
    )
    new_errors: Bool | None = Field(
        default=None, description="Whether a line of a kind that was never seen before is a FAIL."
    )
    learn: Span | None = Field(
        default=None, description="How long after the check began every kind is taken for known."
    )
    new_for: Span | None = Field(default=None, description="How long after it first came a kind counts as new.")

    def probe(self, path: KeyPath, problems: Problems) -> LogsProbe:
        if self.max_per_minute is None and not self.new_errors:
            problems.add(path, "does not say when it fails; allowed: max_per_minute, new_errors = true, or both")
        for key in ("learn", "new_for"):
            if key in self.given() and not self.new_errors:
                problems.add((*path, key), "means nothing by itself; allowed: beside new_errors = true")
        return LogsProbe(**self.own())
