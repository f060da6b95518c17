"""Keys of a check that asks whether a connection can be made, and what is said over it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import Body, FewBytes, HostPort, Pattern
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.network import TcpProbe


class TcpSection(NetworkSection):
    not_by_label: ClassVar[frozenset[str]] = frozenset({"send"})

    tcp: HostPort = Field(description="Ask whether a connection can be made.")
    send: Body | None = Field(default=None, description="What is sent once it is made; `\\r\\n` is not added.")
    expect: Pattern | None = Field(
        default=None, description="What must be found in the first `max_bytes` of what is said."
    )
    max_bytes: FewBytes | None = Field(default=None, description="How much of that is read.")

    def probe(self, path: KeyPath, problems: Problems) -> TcpProbe:
        if self.expect is None and self.max_bytes is not None:
            problems.add((*path, "max_bytes"), "means nothing without expect; allowed: together with it")
        return TcpProbe(**self.own())
