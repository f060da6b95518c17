"""Journeys that belong to services: made once, and heard by each service as a check of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

from watchdog.daemon.incidents.manager import IncidentManager
from watchdog.daemon.observing.background import Background
from watchdog.daemon.observing.check_schedule import CheckScheduler
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.endpoints import Journey
from watchdog.daemon.state.service import ServiceState
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.policy.journeys import heard_by

JOURNEY: Final = "journey "
"""Prefix of the owner's name of a journey's question."""

EAGER: Final = 1.0
"""Seconds between two journeys at the least: each logs somebody in."""


class Hearer(Protocol):
    def hear(
        self, owner: str, service: ServiceState, check: Check, observation: Observation, incarnation: int
    ) -> float:
        """Takes in what a check of a service says; returns the seconds until that service wants to know again."""
        ...


@dataclass(slots=True)
class JourneyMonitor:
    state: DaemonState
    scheduler: CheckScheduler
    incidents: IncidentManager
    hearer: Hearer
    background: Background
    _asked: dict[str, dict[int, dict[ServiceKey, int]]] = field(
        default_factory=dict[str, dict[int, dict[ServiceKey, int]]]
    )
    """Journey → question → the services that were there and their incarnations."""
    _numbers: count[int] = field(default_factory=count)

    def set(self) -> None:
        """As configured now; those without services are stand-alone endpoints."""
        state = self.state
        wanted = {check.name: check for check in state.settings.journeys_of_services}
        for name in state.services.journeys.keys() - wanted.keys():
            del state.services.journeys[name]
            self._asked.pop(name, None)
            self.scheduler.drop(JOURNEY + name)
        for name, check in wanted.items():
            known = state.services.journeys.get(name)
            if known is None or known.check != check:
                state.services.journeys[name] = Journey(check)
            self.scheduler.set_checks(JOURNEY + name, (check,), self._hear, self._incarnations_of(check))

    def ask_soon(self, key: ServiceKey) -> None:
        for name, journey in self.state.services.journeys.items():
            if journey.is_of(key):
                self.scheduler.ask_soon(JOURNEY + name)

    def _incarnations_of(self, check: Check) -> Callable[[], int]:
        def number() -> int:
            asked = next(self._numbers)
            self._asked.setdefault(check.name, {})[asked] = {
                service.key: service.incarnation.run.number for service, _ in self._hearers(check.name)
            }
            return asked

        return number

    def _hearers(self, name: str) -> Iterator[tuple[ServiceState, Check]]:
        """The services that are there, each with the check as which it hears the journey."""
        journey = self.state.services.journeys[name]
        for key, service in list(self.state.services.known.items()):
            attached = next((check for check in service.settings.checks if check.name == name), None)
            if journey.is_of(key) and attached is not None:
                yield service, attached

    def _hear(self, check: Check, run: Observation, number: int) -> float:
        journey = self.state.services.journeys.get(check.name)
        asked = self._asked.get(check.name, {})
        incarnations = asked.get(number, {})
        for old in [one for one in asked if one <= number]:
            del asked[old]
        if journey is None:
            return check.interval
        journey.hear(run)
        waits: list[float] = []
        for service, attached in self._hearers(check.name):
            if service.key not in incarnations:
                continue
            heard = heard_by(journey.probe, run, service.key, blamed=service.key in journey.blamed)
            journey.note(service.key, heard)
            waits.append(self.hearer.hear(JOURNEY + check.name, service, attached, heard, incarnations[service.key]))
            if heard.verdict is Verdict.FAIL and service.record.incident is not None:
                self.background.start(self.incidents.keep_run(service.record.incident, str(service.key), heard))
        self.state.changed.set()
        usual = check.interval if run.verdict is Verdict.PASS else check.retry_interval
        return max(min(waits, default=usual), min(EAGER, check.interval))
