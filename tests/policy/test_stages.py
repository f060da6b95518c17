"""The life of an alert: the table, what must hold for any such table, and its picture."""

from __future__ import annotations

import itertools

import pytest

from watchdog.model.alerting import AlertStage
from watchdog.policy.phases import IllegalTransition
from watchdog.policy.stages import TRANSITIONS, AlertEvent, advance, mermaid

PAIRS = list(itertools.product(AlertStage, AlertEvent))
HEIGHT = {stage: height for height, stage in enumerate(AlertStage)}


def rule(stage: AlertStage, move: AlertEvent) -> AlertStage | None:
    """Where a move must lead, said once per move; None where it may not happen at all."""
    over = stage is AlertStage.OVER
    match move:
        case AlertEvent.WARN:
            return AlertStage.WARNING if stage is AlertStage.WAITING else None
        case AlertEvent.ESCALATE:  # never down again
            return AlertStage.CRITICAL if HEIGHT[stage] < HEIGHT[AlertStage.CRITICAL] else None
        case AlertEvent.CALL:
            return AlertStage.HANDED_OVER if HEIGHT[stage] < HEIGHT[AlertStage.HANDED_OVER] else None
        case AlertEvent.REMIND:  # of what is critical, and nobody is reminded of what he was not told
            return stage if stage in {AlertStage.CRITICAL, AlertStage.HANDED_OVER} else None
        case AlertEvent.END:  # once
            return None if over else AlertStage.OVER


@pytest.mark.parametrize(("stage", "move"), PAIRS)
def test_every_move_in_every_stage_leads_where_its_rule_says_or_is_refused(stage: AlertStage, move: AlertEvent) -> None:
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
