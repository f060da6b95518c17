"""Keys of a check that asks a name server."""

from __future__ import annotations

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import DnsName, HostPort, Pattern, Rcode, RecordType, Texts
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.network import DnsProbe, DnsRcode


class DnsSection(NetworkSection):
    dns: DnsName = Field(description="Ask a name server for this name, as it is: no search domain is tried.")
    server: HostPort | None = Field(
        default=None, description="The name server; else those of the place from which it is asked."
    )
    type: RecordType | None = Field(default=None, description="What is asked for.")
    answers: Texts | None = Field(default=None, description="What the answers must be, all of them, in any order.")
    answers_match: Pattern | None = Field(default=None, description="What must be found in one of the answers.")
    rcode: Rcode | None = Field(default=None, description="What the server must say of it.")

    def probe(self, path: KeyPath, problems: Problems) -> DnsProbe:
        for key in ("answers", "answers_match"):
            if self.rcode not in {None, DnsRcode.NOERROR} and key in self.own():
                problems.add((*path, key), f"cannot come with {self.rcode}; allowed: with rcode NOERROR")
        return DnsProbe(**self.own())
