"""Whether the observer itself seems to be blind: wanted at every answer, when not all checks can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from watchdog.daemon.state.dependencies import Dependencies
from watchdog.daemon.state.endpoints import Endpoint
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.services import Services
from watchdog.model.observation import Observation, Verdict
from watchdog.policy.assess import CERTIFICATE_CLASSES
from watchdog.policy.common_cause import Asked, Suspicion, suspect_observer

OWN_NETWORK: Final = {"own_network", "resolver"}
"""Classes of evidence that speak of the observer's own network."""

KNOWN_FOR: Final = 0.25
"""Seconds after which containers are looked at again, though no answer was another than the one before."""


class ConnectivityMonitor:
    """One check that passes shows that we see: it is remembered, and looked at first."""

    def __init__(self, services: Services, dependencies: Dependencies) -> None:
        self._services = services
        self._dependencies = dependencies
        self._seer: Endpoint | tuple[ServiceState, str] | None = None
        """An endpoint, or a service with the name of its check."""
        self._turns = 0
        self._known: tuple[tuple[int, float], Suspicion | None] | None = None

    def note(self, before: Observation | None, after: Observation | None) -> None:
        """An answer to any check, and the one before it."""
        if failing(before) is not failing(after):
            self._turns += 1

    def common_cause(self) -> Suspicion | None:
        """Whether unrelated checks fail together, whatever the references say."""
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
                asked = any(check.name == name for check in service.settings.checks)
                return asked and self._services.known.get(service.key) is service and _sees_at(service, name)
            case endpoint:
                there = self._services.endpoints.get(endpoint.check.name) is endpoint
                return there and failing(endpoint.streak.last) is False

    def _seers(self) -> Iterator[Endpoint | tuple[ServiceState, str]]:
        for endpoint in self._services.endpoints.values():
            if endpoint.check.over_network and failing(endpoint.streak.last) is False:
                yield endpoint
        for service in self._services.known.values():
            for check in service.settings.checks:
                if check.over_network and _sees_at(service, check.name):
                    yield service, check.name

    def _asked(self) -> Iterator[Asked]:
        """How the checks stand that go over the observer's network."""
        for endpoint in self._services.endpoints.values():
            found, check = failing(endpoint.streak.last), endpoint.check
            if found is not None and check.over_network:
                yield Asked(check.name, self._dependencies.needed(check), failing=found, container_fine=True)
        now = self._services.clock.now()
        for key, service in self._services.known.items():
            fine = service.runs_well(now)
            for check in service.settings.checks:
                streak = service.streaks.get(check.name)
                found = failing(streak.last) if streak is not None else None
                if found is not None and check.over_network:
                    yield Asked(check.name, frozenset({key}), failing=found, container_fine=fine)


def _sees_at(service: ServiceState, check: str) -> bool:
    return check in service.streaks and failing(service.streaks[check].last) is False


def failing(last: Observation | None) -> bool | None:
    """Whether an answer makes one doubt that the observer sees; None where it says nothing about that.

    Who is shown a certificate sees, whatever is wrong with it. Who was not asked for want of a network does not.
    """
    if last is None:
        return None
    kind = last.evidence.get("class")
    if last.verdict is Verdict.UNKNOWN:
        return True if kind in OWN_NETWORK else None
    return last.verdict is Verdict.FAIL and kind not in CERTIFICATE_CLASSES
