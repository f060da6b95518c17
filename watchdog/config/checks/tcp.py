"""Keys of a check that asks whether a connection can be made."""

from __future__ import annotations

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import HostPort
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.question import TcpQuestion


class TcpSection(NetworkSection):
    tcp: HostPort = Field(description="Ask whether a connection can be made.")

    def question(self, path: KeyPath, problems: Problems) -> TcpQuestion:  # noqa: ARG002 - as every kind
        return TcpQuestion(**self.own())
