"""Journeys that belong to services: made once, and heard by each service as a check of its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from watchdog.daemon.asker import Asker
from watchdog.daemon.incidents import IncidentDesk
from watchdog.daemon.watched import Watched
from watchdog.daemon.world import Journey, World
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.policy.journeys import heard_by
from watchdog.policy.streak import follow

JOURNEY: Final = "journey "
"""Prefix of the owner's name of a journey's question."""

EAGER: Final = 1.0
"""Seconds between two journeys at the least: each logs somebody in."""

Hear = Callable[[str, Watched, Check, Observation, int], float]
"""Takes in what a check of a service says: owner of the question, service, check, answer, incarnation asked."""


@dataclass(slots=True)
class Journeys:
    """`hear` returns the seconds until that service wants to know again."""

    world: World
    asker: Asker
    desk: IncidentDesk
    hear: Hear
    later: Callable[[Coroutine[Any, Any, None]], None]
    _asked: dict[str, dict[int, dict[ServiceKey, int]]] = field(
        default_factory=dict[str, dict[int, dict[ServiceKey, int]]]
    )
    """Journey → question → the services that were there and their incarnations."""
    _numbers: count[int] = field(default_factory=count)

    def set(self) -> None:
        """As configured now; those without services are stand-alone endpoints."""
        world = self.world
        wanted = {check.name: check for check in world.settings.journeys_of_services}
        for name in world.journeys.keys() - wanted.keys():
            del world.journeys[name]
            self._asked.pop(name, None)
            self.asker.drop(JOURNEY + name)
        for name, check in wanted.items():
            known = world.journeys.get(name)
            if known is None or known.check != check:
                world.journeys[name] = Journey(check)
            self.asker.set_checks(JOURNEY + name, (check,), self._hear, self._incarnations_of(check))

    def ask_soon(self, key: ServiceKey) -> None:
        for name, journey in self.world.journeys.items():
            if journey.is_of(key):
                self.asker.ask_soon(JOURNEY + name)

    def _incarnations_of(self, check: Check) -> Callable[[], int]:
        def number() -> int:
            asked = next(self._numbers)
            self._asked.setdefault(check.name, {})[asked] = {
                watched.key: watched.incarnation for watched, _ in self._hearers(check.name)
            }
            return asked

        return number

    def _hearers(self, name: str) -> Iterator[tuple[Watched, Check]]:
        """The services that are there, each with the check as which it hears the journey."""
        journey = self.world.journeys[name]
        for key, watched in list(self.world.services.items()):
            attached = next((check for check in watched.settings.checks if check.name == name), None)
            if journey.is_of(key) and attached is not None:
                yield watched, attached

    def _hear(self, check: Check, run: Observation, number: int) -> float:
        journey = self.world.journeys.get(check.name)
        asked = self._asked.get(check.name, {})
        incarnations = asked.get(number, {})
        for old in [one for one in asked if one <= number]:
            del asked[old]
        if journey is None:
            return check.interval
        journey.streak = follow(journey.streak, run, check)
        waits: list[float] = []
        for watched, attached in self._hearers(check.name):
            if watched.key not in incarnations:
                continue
            heard = heard_by(journey.probe, run, watched.key, blamed=watched.key in journey.blamed)
            journey.note(watched.key, heard)
            waits.append(self.hear(JOURNEY + check.name, watched, attached, heard, incarnations[watched.key]))
            if heard.verdict is Verdict.FAIL and watched.record.incident is not None:
                self.later(self.desk.keep_run(watched.record.incident, str(watched.key), heard))
        self.world.changed.set()
        usual = check.interval if run.verdict is Verdict.PASS else check.retry_interval
        return max(min(waits, default=usual), min(EAGER, check.interval))
