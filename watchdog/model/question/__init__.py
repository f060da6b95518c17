"""What a check asks: one value for each kind of probe, named as in the configuration. Durations are seconds."""

from __future__ import annotations

from watchdog.model.identity import ServiceKey
from watchdog.model.question.http import HttpConnection, HttpQuestion, StatusRanges
from watchdog.model.question.inside import CommandQuestion, Ending, ExecQuestion, LogsQuestion, ResourcesQuestion
from watchdog.model.question.journey import JourneyQuestion, JourneyStep
from watchdog.model.question.kind import Question
from watchdog.model.question.network import (
    DnsQuestion,
    DnsRcode,
    DnsType,
    IcmpQuestion,
    StartTls,
    TcpQuestion,
    TlsQuestion,
    TlsVersion,
)
from watchdog.model.question.reports import HeartbeatQuestion, PostgresQuestion, RedisQuestion

__all__ = [
    "CommandQuestion",
    "DnsQuestion",
    "DnsRcode",
    "DnsType",
    "Ending",
    "ExecQuestion",
    "HeartbeatQuestion",
    "HttpConnection",
    "HttpQuestion",
    "IcmpQuestion",
    "JourneyQuestion",
    "JourneyStep",
    "LogsQuestion",
    "PostgresQuestion",
    "Question",
    "RedisQuestion",
    "ResourcesQuestion",
    "StartTls",
    "StatusRanges",
    "TcpQuestion",
    "TlsQuestion",
    "TlsVersion",
    "services_of",
]


def services_of(question: Question) -> tuple[ServiceKey, ...]:
    """The services that a journey belongs to; none where it is none."""
    return question.services if isinstance(question, JourneyQuestion) else ()
