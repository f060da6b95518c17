"""Keys of checks that run a command: how it is to end."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from watchdog.config.checks.section import KindSection
from watchdog.config.fields import ByteCount, Environment, ExitCodes, Expectation, Pattern
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.policy.comparison import ALLOWED, Comparison


class EndingSection(KindSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset({"environment"})

    exit_code: ExitCodes | None = Field(default=None, description="What its exit code must be.")
    output: Expectation | None = Field(
        default=None, description="What all that it prints is compared with, without blanks around it."
    )
    output_matches: Pattern | None = Field(default=None, description="What must be found in what it prints.")
    max_bytes: ByteCount | None = Field(default=None, description="It is ended when it prints more.")
    environment: Environment | None = Field(default=None, description="Variables that are added to its environment.")

    def ending(self, path: KeyPath, problems: Problems) -> dict[str, Any]:
        """The given keys, as the probe has them."""
        given = self.own()
        comparison: Comparison | None = given.get("output")
        if comparison is not None:
            given["output"] = str(comparison)
            if comparison.percent:
                problems.add((*path, "output"), f"is a part of nothing known; allowed: {ALLOWED}, but no percentage")
        return given
