"""What is said is said once: to the log, to whoever follows an order, and where it matters to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from watchdog.alerts.alerter import Alerter
from watchdog.api.measures import Measures
from watchdog.channels.hub import Hub
from watchdog.daemon.state.clock import Clock
from watchdog.errors import LedgerError
from watchdog.ledger import Ledger
from watchdog.model.alert import Notice
from watchdog.model.change import Change
from watchdog.model.channel import Channel
from watchdog.model.container import ContainerSpec
from watchdog.model.deployment import Deployment
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Entry, EntryKind, Incident, Kept, Row, ServiceRecord

log = structlog.get_logger()

_TOLD: Final = {
    EntryKind.INCIDENT_OPENED: ("incident", "opened"),
    EntryKind.INCIDENT_CLOSED: ("incident", "closed"),
    EntryKind.INTENT: ("recovery", "intent"),
    EntryKind.OUTCOME: ("recovery", "outcome"),
}
"""What those who coordinate recoveries hear of: kind of the message, and its state."""

Follower = Callable[[ServiceKey, str, float], None]
"""Hears every sentence: of which service, what, and when (Unix seconds)."""


@dataclass(slots=True)
class Journal:
    """The voice of the daemon and the only place in it that appends to the ledger."""

    ledger: Ledger
    clock: Clock
    measures: Measures
    alerter: Alerter
    hub: Hub
    _followers: list[Follower] = field(default_factory=list[Follower])

    def say(self, service: ServiceKey, sentence: str, **inputs: Any) -> None:
        """One line per decision: to the log and to those who follow."""
        log.info(sentence, service=str(service), **inputs)
        for follower in self._followers:
            follower(service, sentence, self.clock.wall())

    def say_of(self, subject: str, sentence: str) -> None:
        """As `say`, of what is no service."""
        log.info(sentence, subject=subject)

    @contextmanager
    def following(self, follower: Follower) -> Generator[None]:
        self._followers.append(follower)
        try:
            yield
        finally:
            self._followers.remove(follower)

    def entry(
        self,
        kind: EntryKind,
        subject: object,
        sentence: str,
        *,
        incident: int | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> Entry:
        return Entry(
            at=self.clock.wall(),
            kind=kind,
            subject=str(subject),
            sentence=sentence,
            incident=incident,
            payload=payload or {},
        )

    async def write(
        self,
        *entries: Entry,
        records: Iterable[ServiceRecord] = (),
        incidents: Iterable[Incident] = (),
        specs: Iterable[ContainerSpec] = (),
        kept: Iterable[Kept] = (),
        notices: Iterable[Notice] = (),
        deployments: Iterable[Deployment] = (),
        vital: bool = False,
    ) -> tuple[Row, ...]:
        """Durable when it returns, and then told; a ledger that cannot be written is counted and raised."""
        change = Change(
            entries=entries,
            records=tuple(records),
            incidents=tuple(incidents),
            specs=tuple(specs),
            kept=tuple(kept),
            notices=tuple(notices),
            deployments=tuple(deployments),
            vital=vital,
        )
        try:
            rows = await self.ledger.append(change)
        except LedgerError:
            self.measures.ledger_failures += 1
            raise
        if change.notices:
            self.alerter.hurry()
        for entry in entries:
            if entry.kind in _TOLD:
                kind, state = _TOLD[entry.kind]
                payload = {**entry.payload, "state": state, "incident": entry.incident}
                self.hub.publish(Channel.RECOVERY_COORDINATION, kind, entry.subject, entry.sentence, payload)
        return rows
