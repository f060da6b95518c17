"""The key of a check that pings."""

from __future__ import annotations

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import HostName
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.question import IcmpQuestion


class IcmpSection(NetworkSection):
    icmp: HostName = Field(description="Ask whether this host answers a ping.")

    def question(self, path: KeyPath, problems: Problems) -> IcmpQuestion:  # noqa: ARG002 - as every kind
        return IcmpQuestion(**self.own())
