"""The last answer of a step, read."""

from __future__ import annotations

from dataclasses import dataclass

from yarl import URL

from watchdog.probes.body import BoundedBody
from watchdog.probes.request import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    url: URL
    head: Answer
    body: BoundedBody

    def header(self, name: str) -> str | None:
        return self.head.header(name)
