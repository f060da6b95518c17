"""Which engine events are the echo of our own calls."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from watchdog.model.plan import CreateContainer, Plan, RenameContainer
from watchdog.policy.discovery import is_own_name

ECHO = 10.0
"""Seconds after our last call on a container within which events of it are awaited that the call has caused."""
AFTERMATH = 0.2
"""Seconds after the end of a call in which the engine may still stamp such an event; later ones are somebody else's."""


class OwnActions:
    """Containers that watchdog is working on, or was a moment ago. Times are steady seconds."""

    def __init__(self) -> None:
        self._released: dict[str, float] = {}
        self._given: set[str] = set()
        """Names that attempts gave."""
        self._recalled = False
        """The ledger was asked which of the names that are there it gave."""

    def recall(self, given: Iterable[str]) -> None:
        """Names that this ledger's attempts gave to containers that are there."""
        self._given.update(given)
        self._recalled = True

    def give(self, plan: Plan) -> None:
        """The names that a plan is about to give."""
        self._given.update(own_names(plan))

    def gave(self, name: str) -> bool:
        """Whether a container of that name is one that watchdog replaces, or replaces another with.

        Before the ledger was asked every name that looks like one is.
        """
        return is_own_name(name) and (not self._recalled or name in self._given)

    def hold(self, container: str) -> None:
        self._released[container] = float("inf")

    def release(self, container: str, now: float) -> None:
        self._released[container] = now
        self._released = {held: released for held, released in self._released.items() if released + ECHO > now}

    def worked_on(self) -> Collection[str]:
        """Full IDs of the containers that watchdog is working on, or was a moment ago."""
        return self._released.keys()

    def holds(self, container: str, name: str, now: float, stamped_at: float) -> bool:
        """Whether an event of that container that the engine stamped then, and that is heard now, is our doing."""
        released = self._released.get(container, float("-inf"))
        return self.gave(name) or (now < released + ECHO and stamped_at <= released + AFTERMATH)


def own_names(plan: Plan) -> list[str]:
    """The temporary names that a plan gives."""
    named = (step.name for step in plan.steps if isinstance(step, CreateContainer | RenameContainer))
    return [name for name in named if is_own_name(name)]
