"""Keys of a check that asks for a certificate."""

from __future__ import annotations

from pydantic import Field

from watchdog.config.checks.vantage import NetworkSection
from watchdog.config.fields import BeginsPlain, Bool, HostName, HostPort, MinVersion, Span
from watchdog.config.positions import KeyPath
from watchdog.config.problems import Problems
from watchdog.model.probe.network import TlsProbe


class TlsSection(NetworkSection):
    tls: HostPort = Field(description="Ask for a valid certificate.")
    verify_tls: Bool | None = Field(default=None, description="Whether a wrong certificate is a FAIL.")
    expiry_warning: Span | None = Field(
        default=None, description="A certificate that ends sooner than this, or one above it, is a FAIL."
    )
    server_name: HostName | None = Field(
        default=None, description="The name to ask for, which the certificate must have; else the host's."
    )
    min_version: MinVersion | None = Field(
        default=None, description="An older version of TLS is a FAIL; else what this host still speaks is right."
    )
    starttls: BeginsPlain | None = Field(default=None, description="The protocol in which TLS is begun.")

    def probe(self, path: KeyPath, problems: Problems) -> TlsProbe:  # noqa: ARG002 - as every kind
        return TlsProbe(**self.own())
