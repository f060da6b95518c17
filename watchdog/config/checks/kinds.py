"""The one place where kinds of checks are registered: the key that says what is asked → the shape of the table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from watchdog.config.checks.command import CommandSection
from watchdog.config.checks.dns import DnsSection
from watchdog.config.checks.exec import ExecSection
from watchdog.config.checks.heartbeat import HeartbeatSection
from watchdog.config.checks.http import HttpSection
from watchdog.config.checks.icmp import IcmpSection
from watchdog.config.checks.logs import LogsSection
from watchdog.config.checks.resources import ResourcesSection
from watchdog.config.checks.section import CheckSection, KindSection
from watchdog.config.checks.sql import PostgresSection, RedisSection
from watchdog.config.checks.tcp import TcpSection
from watchdog.config.checks.tls import TlsSection

KINDS: Final[Mapping[str, type[KindSection]]] = MappingProxyType(
    {
        "url": HttpSection,
        "tcp": TcpSection,
        "tls": TlsSection,
        "dns": DnsSection,
        "icmp": IcmpSection,
        "exec": ExecSection,
        "command": CommandSection,
        "logs": LogsSection,
        "resources": ResourcesSection,
        "heartbeat": HeartbeatSection,
        "postgres": PostgresSection,
        "redis": RedisSection,
    }
)

BY_LABEL: Final = (
    frozenset(CheckSection.model_fields)
    .union(*(section.model_fields for section in KINDS.values()))
    .difference({"name", "service", "depends_on"}, *(section.not_by_label for section in KINDS.values()))
)
"""Keys of a check that a label may say, there with `-` for `_`."""


def kinds_with(key: str) -> str:
    """The kinds of which a key is one, as `url or tls`; empty where no kind has it."""
    return " or ".join(kind for kind, section in KINDS.items() if key in section.model_fields)
