"""People's orders to recover a service, until each is answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watchdog.daemon.state.service import ServiceState
from watchdog.model.health import Assessment, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.record import Attempt, Rung

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
class Order:
    """Not answered yet; `incident` is the one that was open. `began_at` is steady seconds."""

    began_at: float
    incident: int | None
    done: asyncio.Future[Result]


@dataclass(slots=True)
class PendingCommands:
    _orders: dict[ServiceKey, Order] = field(default_factory=dict[ServiceKey, Order])

    def take(self, watched: ServiceState, now: float) -> asyncio.Future[Result]:
        """Takes up an order; the future ends with it. A second order for a service joins the first."""
        known = self._orders.get(watched.key)
        if known is not None:
            return known.done
        order = Order(now, watched.record.incident, asyncio.get_running_loop().create_future())
        self._orders[watched.key] = order
        return order.done

    def answer(self, watched: ServiceState, seen: Assessment, because: str, now: float) -> None:
        """Ends an order where the service is good; one that is still undecided is waited for."""
        order = self._orders.get(watched.key)
        ends = order.began_at + watched.settings.recovery.verify_timeout if order is not None else 0.0
        if seen.health in UNDECIDED and now < ends:
            return
        attempts = _attempts(watched)
        good = seen.serves or seen.health is Health.DONE
        outcome = ("recovered" if attempts else "healthy") if good else "refused"
        self._end(watched, outcome, because, attempts, now)

    def refuse(self, watched: ServiceState, because: str, now: float) -> None:
        """Ends an order that cannot be fulfilled, or that did not bring the service back."""
        attempts = _attempts(watched)
        self._end(watched, "failed" if attempts else "refused", because, attempts, now)

    def _end(self, watched: ServiceState, outcome: str, reason: str, attempts: tuple[Attempt, ...], now: float) -> None:
        order = self._orders.pop(watched.key, None)
        watched.ordered = None
        if order is None or order.done.done():
            return
        result = Result(
            outcome=outcome,
            action=attempts[-1].rung if attempts else None,
            attempts=len(attempts),
            seconds=now - order.began_at,
            reason=reason,
            incident=_incident(watched, order),
        )
        order.done.set_result(result)


def _incident(watched: ServiceState, order: Order) -> int | None:
    """The one that is open, that the order was given in, or that was opened and closed since."""
    record = watched.record
    since = record.last_incident_closed_at is not None and record.last_incident_closed_at >= order.began_at
    return record.incident or order.incident or (record.last_incident if since else None)


def _attempts(watched: ServiceState) -> tuple[Attempt, ...]:
    ordered = watched.ordered
    since = ordered.since if ordered is not None else 0.0
    return tuple(attempt for attempt in watched.record.attempts if attempt.by_operator and attempt.at >= since)
