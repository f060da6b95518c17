"""Operators' commands to recover a service, until each is answered. Times are steady seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watchdog.daemon.state.service import ServiceState
from watchdog.model.health import Assessment, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Attempt, Rung
from watchdog.policy.situation import Ordered

UNDECIDED = {Health.STARTING, Health.UNKNOWN, Health.DEGRADED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How an order ended for one service; `outcome` is recovered, healthy, failed or refused."""

    outcome: str
    action: Rung | None
    attempts: int
    seconds: float
    reason: str
    incident: int | None


@dataclass(slots=True)
class PendingCommand:
    """Not answered yet; `incident` is the one that was open."""

    ordered: Ordered
    began_at: float
    incident: int | None
    done: asyncio.Future[Result]


@dataclass(slots=True)
class PendingCommands:
    _pending: dict[ServiceKey, PendingCommand] = field(default_factory=dict[ServiceKey, PendingCommand])

    def of(self, key: ServiceKey) -> Ordered | None:
        """What an operator wants done to a service and is not answered yet."""
        pending = self._pending.get(key)
        return pending.ordered if pending is not None else None

    def add(self, service: ServiceState, ordered: Ordered) -> asyncio.Future[Result]:
        """The future ends with the command. A second one for a service joins the first, and says what is done."""
        known = self._pending.get(service.key)
        if known is not None:
            known.ordered = ordered
            return known.done
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending[service.key] = PendingCommand(ordered, ordered.since, service.record.incident, done)
        return done

    def answer(self, service: ServiceState, seen: Assessment, because: str, now: float) -> None:
        """Ends a command where the service is good; one that is still undecided is waited for."""
        pending = self._pending.get(service.key)
        if pending is None:
            return
        if seen.health in UNDECIDED and now < pending.began_at + service.settings.recovery.verify_timeout:
            return
        attempts = _attempts(service, pending)
        good = seen.serves or seen.health is Health.DONE
        outcome = ("recovered" if attempts else "healthy") if good else "refused"
        self._end(service, outcome, because, attempts, now)

    def refuse(self, service: ServiceState, because: str, now: float) -> None:
        """Ends a command that cannot be fulfilled, or that did not bring the service back."""
        pending = self._pending.get(service.key)
        if pending is not None:
            attempts = _attempts(service, pending)
            self._end(service, "failed" if attempts else "refused", because, attempts, now)

    def _end(self, service: ServiceState, outcome: str, reason: str, attempts: tuple[Attempt, ...], now: float) -> None:
        pending = self._pending.pop(service.key)
        if pending.done.done():
            return
        result = Result(
            outcome=outcome,
            action=attempts[-1].rung if attempts else None,
            attempts=len(attempts),
            seconds=now - pending.began_at,
            reason=reason,
            incident=_incident(service, pending),
        )
        pending.done.set_result(result)


def _incident(service: ServiceState, pending: PendingCommand) -> int | None:
    """The one that is open, that the command was given in, or that was opened and closed since."""
    record = service.record
    since = record.last_incident_closed_at is not None and record.last_incident_closed_at >= pending.began_at
    return record.incident or pending.incident or (record.last_incident if since else None)


def _attempts(service: ServiceState, pending: PendingCommand) -> tuple[Attempt, ...]:
    since = pending.ordered.since
    return tuple(attempt for attempt in service.record.attempts if attempt.by_operator and attempt.at >= since)
