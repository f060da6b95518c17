"""A daemon made of values: what stands behind the doors of the API in its tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.snapshots import SNAPSHOT
from watchdog.api.doors import RecoverOrder, Target
from watchdog.api.measures import Measures
from watchdog.api.server import ApiServer
from watchdog.channels.hub import Hub
from watchdog.errors import UnknownApproval, UnknownHeartbeat, UnknownIncident
from watchdog.model.api import ApiSettings
from watchdog.model.health import Cause
from watchdog.model.record import Entry, EntryKind, Incident, Row, Severity
from watchdog.model.snapshot import Snapshot

INCIDENT = Incident(
    id=7,
    subject="shop/webui",
    cause=Cause.MISSING,
    severity=Severity.CRITICAL,
    summary="shop/webui was removed and nobody put it back.",
    failed_at=1_700_000_000.0,
    detected_at=1_700_000_000.25,
)
SILENCE = {"what": "shop/webui", "until": "2023-11-14T23:13:20.000Z", "reason": "known", "by": "ada"}
APPROVAL: dict[str, Any] = {
    "id": 2,
    "service": "shop/db",
    "action": "recreate",
    "state": "waiting",
    "plan": "recreate shop/db: it has no container; attempt 1 of 3\n  1. create shop-db-1.watchdog-new-1a2b",
    "evidence": ["it has no container", "check port: refused"],
    "incident": 7,
    "asked_at": "2023-11-14T22:13:20.000Z",
    "expires_at": "2023-11-14T23:13:20.000Z",
    "by": "",
    "reason": "",
    "ended_at": None,
    "because": "",
}
USED = {**APPROVAL, "id": 1, "state": "used", "by": "ada", "because": "approval 1 by ada is used"}
ROW = Row(
    seq=3,
    hash="ab" * 32,
    entry=Entry(
        at=1_700_000_000.25,
        kind=EntryKind.INCIDENT_OPENED,
        subject="shop/webui",
        sentence="shop/webui is missing.",
        incident=7,
        payload={"exit_code": 137},
    ),
)


@dataclass
class Daemon:
    """Both doors; what a test sets is what the API says."""

    measures: Measures = field(default_factory=Measures)
    now: Snapshot = SNAPSHOT
    good: bool = True
    error: Exception | None = None
    events: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    asked: list[Any] = field(default_factory=list[Any])
    hold: asyncio.Event | None = None
    """When set, a recovery waits for it after its first event."""
    watchers: int = 0
    hub: Hub = field(init=False)
    tokens: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """Of those who may call in."""

    def __post_init__(self) -> None:
        self.hub = Hub(time.time, self.measures.channels)

    def snapshot(self) -> Snapshot:
        if self.error is not None:
            raise self.error
        return self.now

    def alive(self) -> tuple[bool, str]:
        return self.good, "Loop and workers make progress." if self.good else "The worker of shop/webui is stuck."

    def ready(self) -> tuple[bool, str]:
        return self.good, "Ready." if self.good else "The first poll is not done."

    async def incidents(self, limit: int, open_only: bool) -> tuple[Incident, ...]:
        self.asked.append((limit, open_only))
        return (INCIDENT,)

    async def timeline(self, incident: int) -> tuple[Incident, tuple[Row, ...]]:
        if incident != INCIDENT.id:
            raise UnknownIncident(f"There is no incident {incident}.")
        return INCIDENT, (ROW,)

    async def reload(self) -> str:
        return self._answer("reload")

    async def recover(self, order: RecoverOrder) -> AsyncIterator[Mapping[str, Any]]:
        self._answer(order)
        self.watchers += 1
        try:
            for number, event in enumerate(self.events):
                if number == 1 and self.hold is not None:
                    await self.hold.wait()
                yield event
        finally:
            self.watchers -= 1

    async def pause(self, service: str, seconds: float, reason: str, by: str) -> str:
        return self._answer(("pause", service, seconds, reason, by))

    async def resume(self, service: str, by: str) -> str:
        return self._answer(("resume", service, by))

    async def retire(self, service: str, reason: str, by: str) -> str:
        return self._answer(("retire", service, reason, by))

    def heartbeat_token(self, name: str) -> str | None:
        if name not in self.tokens:
            raise UnknownHeartbeat(f"no check is called in as {name!r}; there are: backup")
        return self.tokens[name]

    async def heartbeat(self, name: str, exit_code: int, message: str) -> str:
        self.heartbeat_token(name)
        return self._answer(("heartbeat", name, exit_code, message))

    async def silence(self, target: Target, seconds: float, reason: str, by: str) -> str:
        return self._answer(("silence", target, seconds, reason, by))

    async def unsilence(self, target: Target, by: str) -> str:
        return self._answer(("unsilence", target, by))

    async def confirm(self, announcement: int, validator: str, confirmed: bool, because: str, by: str) -> str:
        return self._answer(("confirm", announcement, validator, confirmed, because, by))

    async def silences(self) -> list[dict[str, Any]]:
        return [SILENCE]

    async def approvals(self, everything: bool) -> list[dict[str, Any]]:
        return [APPROVAL, USED] if everything else [APPROVAL]

    async def approve(self, approval: int, reason: str, by: str) -> str:
        if approval != APPROVAL["id"]:
            raise UnknownApproval(f"There is no approval {approval}.")
        return self._answer(("approve", approval, reason, by))

    async def reject(self, approval: int, reason: str, by: str) -> str:
        return self._answer(("reject", approval, reason, by))

    def _answer(self, order: object) -> str:
        if self.error is not None:
            raise self.error
        self.asked.append(order)
        return f"Done: {order}."


@dataclass
class Api:
    """The server that listens, and a client for each of its listeners."""

    server: ApiServer
    settings: ApiSettings
    tcp: httpx.AsyncClient
    unix: httpx.AsyncClient
