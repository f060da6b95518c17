"""Whether the observer itself seems to be blind: wanted at every answer, when not all checks can be looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from watchdog.model.observation import Observation, Verdict
from watchdog.policy.assess import CERTIFICATE_CLASSES
from watchdog.policy.common_cause import Asked, Suspicion, suspect_observer

if TYPE_CHECKING:
    from watchdog.daemon.state.service import ServiceState
    from watchdog.daemon.state.world import Endpoint, World

OWN_NETWORK: Final = {"own_network", "resolver"}
"""Classes of evidence that speak of the observer's own network."""

KNOWN_FOR: Final = 0.25
"""Seconds after which containers are looked at again, though no answer was another than the one before."""


class ConnectivityMonitor:
    """One check that passes shows that we see: it is remembered, and looked at first."""

    def __init__(self, world: World) -> None:
        self._world = world
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
        moment = self._turns, self._world.clock.now() // KNOWN_FOR
        if self._known is None or self._known[0] != moment:
            self._seer = next(self._seers(), None)
            blind = suspect_observer(self._asked(), self._world.graph()) if self._seer is None else None
            self._known = moment, blind
        return self._known[1]

    def _still_sees(self) -> bool:
        world = self._world
        match self._seer:
            case None:
                return False
            case (watched, name):
                asked = any(check.name == name for check in watched.settings.checks)
                return asked and world.services.get(watched.key) is watched and _sees_at(watched, name)
            case alone:
                return world.endpoints.get(alone.check.name) is alone and failing(alone.streak.last) is False

    def _seers(self) -> Iterator[Endpoint | tuple[ServiceState, str]]:
        for alone in self._world.endpoints.values():
            if alone.check.over_network and failing(alone.streak.last) is False:
                yield alone
        for watched in self._world.services.values():
            for check in watched.settings.checks:
                if check.over_network and _sees_at(watched, check.name):
                    yield watched, check.name

    def _asked(self) -> Iterator[Asked]:
        """How the checks stand that go over the observer's network."""
        world = self._world
        for alone in world.endpoints.values():
            found = failing(alone.streak.last)
            if found is not None and alone.check.over_network:
                yield Asked(alone.check.name, world.needed(alone.check), failing=found, container_fine=True)
        now = world.clock.now()
        for key, watched in world.services.items():
            fine = watched.runs_well(now)
            for check in watched.settings.checks:
                streak = watched.streaks.get(check.name)
                found = failing(streak.last) if streak is not None else None
                if found is not None and check.over_network:
                    yield Asked(check.name, frozenset({key}), failing=found, container_fine=fine)


def _sees_at(watched: ServiceState, check: str) -> bool:
    return check in watched.streaks and failing(watched.streaks[check].last) is False


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
