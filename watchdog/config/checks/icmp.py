"""The key of a check that pings."""

from __future__ import annotations

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import HostName
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.network import IcmpProbe


class IcmpSection(NetworkSection):
    icmp: HostName = Field(description="Ask whether this host answers a ping.")

    def probe(self, path: KeyPath, problems: Problems) -> IcmpProbe:  # noqa: ARG002 - as every kind
        return IcmpProbe(**self.own())
