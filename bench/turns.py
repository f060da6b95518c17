"""Who of the contenders is next: side by side in one run means that they take turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rounds:
    """`ours` of watchdog, of which a p99 may be quoted; a third of them for whom it is compared with."""

    ours: int

    @property
    def others(self) -> int:
        return max(1, self.ours // 3)

    @property
    def slow(self) -> int:
        """Of who takes several seconds each time, and always the same."""
        return max(1, self.ours // 5)


Contender = tuple[int, Callable[[], None]]
"""How many rounds, and one of them."""


def alternate(*contenders: Contender) -> None:
    """All rounds of all contenders, spread evenly over the run."""
    turns = [((turn + 0.5) / rounds, who) for who, (rounds, _) in enumerate(contenders) for turn in range(rounds)]
    for _, who in sorted(turns):
        contenders[who][1]()
