"""The kinds of probes."""

from __future__ import annotations

from enum import StrEnum


class CheckKind(StrEnum):
    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    ICMP = "icmp"
    EXEC = "exec"
    COMMAND = "command"
    LOGS = "logs"
    RESOURCES = "resources"
    HEARTBEAT = "heartbeat"
    POSTGRES = "postgres"
    REDIS = "redis"
    JOURNEY = "journey"

    @property
    def over_network(self) -> bool:
        """Whether it is asked over the observer's own network, which may be what fails."""
        return self in _OVER_NETWORK

    @property
    def for_people(self) -> bool:
        """Whether its failure is nothing that a restart mends, unless its configuration says otherwise."""
        return self in _FOR_PEOPLE


_OVER_NETWORK = frozenset(
    {
        CheckKind.HTTP,
        CheckKind.TCP,
        CheckKind.TLS,
        CheckKind.DNS,
        CheckKind.ICMP,
        CheckKind.JOURNEY,
        CheckKind.POSTGRES,
        CheckKind.REDIS,
    }
)
_FOR_PEOPLE = frozenset({CheckKind.TLS, CheckKind.LOGS, CheckKind.RESOURCES, CheckKind.HEARTBEAT})
