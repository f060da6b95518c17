"""What to do about a service: the one brain. Facts and `now` in, a decision with its sentence out."""

from __future__ import annotations

from watchdog.model.plan import Decision
from watchdog.policy.guards import GUARDS, GUARDS_OF_AN_ORDER
from watchdog.policy.ladder import next_rung
from watchdog.policy.situation import Situation, Surroundings


def decide(situation: Situation, around: Surroundings, now: float) -> Decision:
    """The next step for one service: rest, wait (until when, for what), act on a rung, or hand over."""
    for guard in GUARDS if situation.ordered is None else GUARDS_OF_AN_ORDER:
        held = guard(situation, around, now)
        if held is not None:
            return held
    return next_rung(situation, around, now)
