"""Whether the observer itself seems to be blind: wanted at every answer, when not all checks can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from watchdog.daemon.state.dependencies import Dependencies
from watchdog.daemon.state.endpoints import Endpoint
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.services import Services
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation
from watchdog.policy.common_cause import Asked, Suspicion, places, reached, suspect_observer

KNOWN_FOR: Final = 0.25
"""Seconds after which containers are looked at again, though no answer was another than the one before."""


class ConnectivityMonitor:
    """One check that is answered shows that we see: it is remembered, and looked at first."""

    def __init__(self, services: Services, dependencies: Dependencies) -> None:
        self._services = services
        self._dependencies = dependencies
        self._seer: Endpoint | tuple[ServiceState, str] | None = None
        """An endpoint, or a service with the name of its check."""
        self._turns = 0
        self._known: tuple[tuple[int, float], Suspicion | None] | None = None

    def note(self, check: Check, before: Observation | None, after: Observation | None) -> None:
        """An answer to a check, and the one before it."""
        if reached(check, before) is not reached(check, after):
            self._turns += 1

    def common_cause(self) -> Suspicion | None:
        """Whether unrelated checks reach nothing, whatever the references say."""
        if self._still_sees():
            return None
        moment = self._turns, self._services.clock.now() // KNOWN_FOR
        if self._known is None or self._known[0] != moment:
            self._seer = next(self._seers(), None)
            blind = suspect_observer(self._asked(), self._dependencies.graph()) if self._seer is None else None
            self._known = moment, blind
        return self._known[1]

    def _still_sees(self) -> bool:
        match self._seer:
            case None:
                return False
            case (service, name):
                asked = any(check.name == name and _sees_at(service, check) for check in service.settings.checks)
                return asked and self._services.known.get(service.key) is service
            case endpoint:
                there = self._services.endpoints.get(endpoint.check.name) is endpoint
                return there and reached(endpoint.check, endpoint.streak.last) is True

    def _seers(self) -> Iterator[Endpoint | tuple[ServiceState, str]]:
        for endpoint in self._services.endpoints.values():
            if reached(endpoint.check, endpoint.streak.last):
                yield endpoint
        for service in self._services.known.values():
            for check in service.settings.checks:
                if _sees_at(service, check):
                    yield service, check.name

    def _asked(self) -> Iterator[Asked]:
        """How the checks stand that say something of the observer's network."""
        for endpoint in self._services.endpoints.values():
            needed = self._dependencies.needed(endpoint.check)
            yield from _as_asked(endpoint.check, endpoint.streak.last, needed, container_fine=True)
        now = self._services.clock.now()
        for key, service in self._services.known.items():
            fine = service.runs_well(now)
            for check in service.settings.checks:
                if check.name in service.streaks:
                    last = service.streaks[check.name].last
                    yield from _as_asked(check, last, frozenset({key}), container_fine=fine)


def _as_asked(
    check: Check, last: Observation | None, services: frozenset[ServiceKey], *, container_fine: bool
) -> Iterator[Asked]:
    found = reached(check, last)
    if last is not None and found is not None:
        yield Asked(check.name, services, reached=found, container_fine=container_fine, places=places(check, last))


def _sees_at(service: ServiceState, check: Check) -> bool:
    return check.name in service.streaks and reached(check, service.streaks[check.name].last) is True
