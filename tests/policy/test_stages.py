"""The life of an alert: the table, what must hold for any such table, and its picture."""

from __future__ import annotations

import itertools

import pytest

from watchdog.model.alerting import Stage
from watchdog.policy.phases import IllegalTransition
from watchdog.policy.stages import TRANSITIONS, Move, advance, mermaid

PAIRS = list(itertools.product(Stage, Move))
HEIGHT = {stage: height for height, stage in enumerate(Stage)}


def rule(stage: Stage, move: Move) -> Stage | None:
    """Where a move must lead, said once per move; None where it may not happen at all."""
    over = stage is Stage.OVER
    match move:
        case Move.WARN:
            return Stage.WARNING if stage is Stage.WAITING else None
        case Move.ESCALATE:  # never down again
            return Stage.CRITICAL if HEIGHT[stage] < HEIGHT[Stage.CRITICAL] else None
        case Move.CALL:
            return Stage.HANDED_OVER if HEIGHT[stage] < HEIGHT[Stage.HANDED_OVER] else None
        case Move.REMIND:  # of what is critical, and nobody is reminded of what he was not told
            return stage if stage in {Stage.CRITICAL, Stage.HANDED_OVER} else None
        case Move.END:  # once
            return None if over else Stage.OVER


@pytest.mark.parametrize(("stage", "move"), PAIRS)
def test_every_move_in_every_stage_leads_where_its_rule_says_or_is_refused(stage: Stage, move: Move) -> None:
    expected = rule(stage, move)
    assert TRANSITIONS.get((stage, move)) is expected
    if expected is not None:
        assert advance(stage, move) is expected
        return
    with pytest.raises(IllegalTransition, match=f"^{move} cannot happen while {stage}$"):
        advance(stage, move)


def test_the_picture_has_an_arrow_for_every_entry() -> None:
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> waiting"]
    assert lines[2:] == [f"    {stage} --> {target}: {move}" for (stage, move), target in TRANSITIONS.items()]
