"""What the keys of the configuration are made of: each type of value with its rule, and the shape of a table."""

from __future__ import annotations

from datetime import time, tzinfo
from pathlib import Path
from typing import Annotated, Any, cast, get_args

from pydantic import BaseModel, ConfigDict, PlainValidator
from pydantic.fields import FieldInfo

from watchdog.config import addresses, approval, databases, patterns, rules
from watchdog.config.by_label import Label
from watchdog.model.alerting import GroupBy
from watchdog.model.observation import OnFailure
from watchdog.model.probe.http import HttpConnection
from watchdog.model.probe.network import DnsRcode, DnsType, StartTls, TlsVersion
from watchdog.model.record import Rung, Severity
from watchdog.model.settings import DiscoveryMode, OnStop, RollbackMode
from watchdog.policy.comparison import Comparison

Poll = Annotated[float, PlainValidator(rules.POLL)]
Timeout = Annotated[float, PlainValidator(rules.TIMEOUT)]
Span = Annotated[float, PlainValidator(rules.SPAN)]
Period = Annotated[float, PlainValidator(rules.PERIOD)]
Window = Annotated[float, PlainValidator(rules.WINDOW)]
Proof = Annotated[float, PlainValidator(rules.PROOF)]
Retention = Annotated[float, PlainValidator(rules.RETENTION)]
Count = Annotated[int, PlainValidator(rules.COUNT)]
Redirects = Annotated[int, PlainValidator(rules.whole(0, 20))]
ByteCount = Annotated[int, PlainValidator(rules.whole(1, 64 * 1024 * 1024))]
FewBytes = Annotated[int, PlainValidator(rules.whole(1, 65536))]
Percent = Annotated[float, PlainValidator(rules.PERCENT)]
Weight = Annotated[float, PlainValidator(rules.WEIGHT)]
PerMinute = Annotated[float, PlainValidator(rules.PER_MINUTE)]
TrueOnly = Annotated[bool, PlainValidator(rules.TRUE_ONLY)]
Share = Annotated[float, PlainValidator(rules.SHARE)]
Bool = Annotated[bool, PlainValidator(rules.BOOL)]
AbsolutePath = Annotated[Path, PlainValidator(rules.PATH)]
ServiceName = Annotated[str, PlainValidator(rules.SERVICE_NAME)]
ProjectName = Annotated[str, PlainValidator(rules.PROJECT_NAME)]
CheckName = Annotated[str, PlainValidator(rules.CHECK_NAME)]
ServiceReference = Annotated[str, PlainValidator(rules.SERVICE)]
ServiceReferences = Annotated[tuple[str, ...], PlainValidator(rules.SERVICES)]
Patterns = Annotated[tuple[str, ...], PlainValidator(rules.PATTERNS)]
Command = Annotated[tuple[str, ...], PlainValidator(rules.COMMAND)]
Program = Annotated[tuple[str, ...], PlainValidator(rules.PROGRAM)]
ExitCodes = Annotated[tuple[int, ...], PlainValidator(rules.EXIT_CODES)]
Environment = Annotated[dict[str, str], PlainValidator(rules.ENVIRONMENT)]
User = Annotated[str, PlainValidator(rules.USER)]
Url = Annotated[str, PlainValidator(addresses.URL)]
AppriseUrl = Annotated[str, PlainValidator(addresses.APPRISE)]
HostPort = Annotated[str, PlainValidator(addresses.HOST_PORT)]
Listen = Annotated[tuple[str, int], PlainValidator(addresses.LISTEN)]
EngineAddress = Annotated[str, PlainValidator(addresses.ENGINE)]
StatusRanges = Annotated[addresses.Ranges, PlainValidator(addresses.STATUS)]
Pattern = Annotated[str, PlainValidator(patterns.PATTERN)]
Expectation = Annotated[Comparison, PlainValidator(patterns.COMPARISON)]
JsonExpectations = Annotated[tuple[str, ...], PlainValidator(patterns.JSON_EXPECTATIONS)]
RedirectHosts = Annotated[tuple[str, ...], PlainValidator(addresses.REDIRECT_HOSTS)]
Text = Annotated[str, PlainValidator(rules.TEXT)]
Query = Annotated[str, PlainValidator(databases.QUERY)]
PostgresUrl = Annotated[str, PlainValidator(databases.POSTGRES)]
RedisUrl = Annotated[str, PlainValidator(databases.REDIS)]
Headers = Annotated[dict[str, str], PlainValidator(addresses.HEADERS)]
HeaderPatterns = Annotated[dict[str, str], PlainValidator(patterns.HEADER_PATTERNS)]
Method = Annotated[str, PlainValidator(addresses.METHOD)]
Body = Annotated[str, PlainValidator(addresses.BODY)]
Secret = Annotated[str, PlainValidator(addresses.SECRET)]
UserName = Annotated[str, PlainValidator(addresses.USER_NAME)]
Connection = Annotated[HttpConnection, PlainValidator(rules.choice(HttpConnection))]
Discovery = Annotated[DiscoveryMode, PlainValidator(rules.choice(DiscoveryMode))]
Failing = Annotated[OnFailure, PlainValidator(rules.choice(OnFailure))]
References = Annotated[tuple[str, ...], PlainValidator(addresses.REFERENCES)]
Stop = Annotated[OnStop, PlainValidator(rules.choice(OnStop))]
MinVersion = Annotated[TlsVersion, PlainValidator(rules.choice(TlsVersion))]
BeginsPlain = Annotated[StartTls, PlainValidator(rules.choice(StartTls))]
DnsName = Annotated[str, PlainValidator(addresses.DNS_NAME)]
RecordType = Annotated[DnsType, PlainValidator(rules.choice(DnsType))]
Rcode = Annotated[DnsRcode, PlainValidator(rules.choice(DnsRcode))]
Texts = Annotated[tuple[str, ...], PlainValidator(rules.TEXTS)]
HostName = Annotated[str, PlainValidator(addresses.HOST_NAME)]
Rungs = Annotated[frozenset[Rung], PlainValidator(approval.RUNGS)]
Rollback = Annotated[RollbackMode, PlainValidator(rules.choice(RollbackMode))]

Days = Annotated[tuple[int, ...], PlainValidator(rules.DAYS)]
Hour = Annotated[time, PlainValidator(rules.HOUR)]
Moment = Annotated[float, PlainValidator(rules.MOMENT)]
Zone = Annotated[tzinfo, PlainValidator(rules.ZONE)]
Lasts = Annotated[float, PlainValidator(rules.LASTS)]
LabelPatterns = Annotated[dict[str, str], PlainValidator(rules.LABEL_PATTERNS)]
Owner = Annotated[str, PlainValidator(rules.OWNER)]
Link = Annotated[str, PlainValidator(rules.LINK)]
Receivers = Annotated[tuple[str, ...], PlainValidator(rules.RECEIVERS)]
Grouping = Annotated[GroupBy, PlainValidator(rules.choice(GroupBy))]
Importance = Annotated[Severity, PlainValidator(rules.choice(Severity))]


class Section(BaseModel):
    """A table of the configuration; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, arbitrary_types_allowed=True)

    @classmethod
    def written(cls) -> dict[str, FieldInfo]:
        """Its keys as they are written."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def rule(cls, key: str) -> rules.Rule[Any] | None:
        """What judges the value of a key; None where the key is a table of its own."""
        field = cls.written()[key]
        members = get_args(field.annotation)  # `Annotated[...] | None` keeps its metadata in a member
        nested = [one for member in members for one in getattr(member, "__metadata__", ())]
        for one in (*field.metadata, *nested):
            judge: object = one.func if isinstance(one, PlainValidator) else None
            if isinstance(judge, rules.Rule):
                return cast("rules.Rule[Any]", judge)
        return None

    @classmethod
    def labels(cls) -> dict[str, Label]:
        """The keys that a container's label can say."""
        return {key: one for key, field in cls.written().items() for one in field.metadata if isinstance(one, Label)}

    def given(self) -> dict[str, Any]:
        """The keys that have a value."""
        return {key: value for key, value in self if value is not None}
