"""Keys of a check that runs a command inside the service's container."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from watchdog.config.checks.ending import EndingSection
from watchdog.config.fields import Program, User
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.inside import ExecProbe


class ExecSection(EndingSection):
    inside: ClassVar[bool] = True

    exec: Program = Field(description="Run this inside the container of the service.")
    user: User | None = Field(default=None, description="Who runs it; without it the user of the container.")

    def probe(self, path: KeyPath, problems: Problems) -> ExecProbe:
        return ExecProbe(**self.ending(path, problems))
