"""The phases of a recovery: the table, what must hold for any such table, and its picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from watchdog.model.identity import ServiceKey
from watchdog.model.record import ServiceRecord
from watchdog.policy.phases import TRANSITIONS, IllegalTransition, Phase, RecoveryEvent, advance, mermaid, phase_of

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"

PAIRS = list(itertools.product(Phase, RecoveryEvent))
UNDER_WAY = {Phase.ACTING, Phase.VERIFYING}


def rule(phase: Phase, happening: RecoveryEvent) -> Phase | None:
    """Where a happening must lead, said once per happening; None where it may not happen at all."""
    match happening:
        case RecoveryEvent.ACT:  # one attempt at a time
            return None if phase in UNDER_WAY else Phase.ACTING
        case RecoveryEvent.ACTED:
            return Phase.VERIFYING if phase is Phase.ACTING else None
        case RecoveryEvent.GIVE_UP:  # nobody gives up what is good or under way, nor twice
            return Phase.HANDED_OVER if phase is Phase.WAITING else None
        case RecoveryEvent.GOOD | RecoveryEvent.RELEASED:  # while engine calls are under way nothing is believed
            return None if phase is Phase.ACTING else Phase.IDLE
        case RecoveryEvent.TAKEN_UP:  # at the start of a daemon, before it has done anything itself
            return None if phase is Phase.ACTING else Phase.VERIFYING
        case RecoveryEvent.FAILED:  # only a person or verification gets a service out of a person's hands
            return Phase.HANDED_OVER if phase is Phase.HANDED_OVER else Phase.WAITING


def broken(table: Mapping[tuple[Phase, RecoveryEvent], Phase]) -> list[str]:
    """What is wrong with a table of phases, a sentence each."""
    return [
        f"{happening} while {phase} leads to {table.get((phase, happening))}"
        for phase, happening in PAIRS
        if table.get((phase, happening)) is not rule(phase, happening)
    ]


@pytest.mark.parametrize(("phase", "happening"), PAIRS)
def test_every_happening_in_every_phase_leads_where_its_rule_says_or_is_refused(
    phase: Phase, happening: RecoveryEvent
) -> None:
    expected = rule(phase, happening)
    if expected is not None:
        assert advance(phase, happening) is expected
        return
    with pytest.raises(IllegalTransition, match=f"^{happening} cannot happen while {phase}$"):
        advance(phase, happening)


def test_the_table_holds_its_rules() -> None:
    assert broken(TRANSITIONS) == []


@pytest.mark.parametrize("entry", TRANSITIONS)
def test_a_table_that_lost_an_entry_is_caught(entry: tuple[Phase, RecoveryEvent]) -> None:
    table = {pair: target for pair, target in TRANSITIONS.items() if pair != entry}
    assert len(broken(table)) == 1


@pytest.mark.parametrize(("entry", "target"), list(itertools.product(TRANSITIONS, Phase)))
def test_a_table_with_an_entry_that_leads_elsewhere_is_caught(
    entry: tuple[Phase, RecoveryEvent], target: Phase
) -> None:
    assert bool(broken({**TRANSITIONS, entry: target})) is (TRANSITIONS[entry] is not target)


@pytest.mark.parametrize(
    ("entry", "target"), list(itertools.product([pair for pair in PAIRS if pair not in TRANSITIONS], Phase))
)
def test_a_table_with_an_entry_too_many_is_caught(entry: tuple[Phase, RecoveryEvent], target: Phase) -> None:
    assert len(broken({**TRANSITIONS, entry: target})) == 1


def _reachable(start: Phase) -> set[Phase]:
    found, todo = {start}, [start]
    while todo:
        here = todo.pop()
        onward = {target for (phase, _), target in TRANSITIONS.items() if phase is here} - found
        found |= onward
        todo.extend(onward)
    return found


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_reached_and_left_for_idle(phase: Phase) -> None:
    assert phase in _reachable(Phase.IDLE)
    assert Phase.IDLE in _reachable(phase)


def test_the_picture_in_the_documentation_is_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in ARCHITECTURE.read_text(encoding="utf-8")


def test_the_picture_has_an_arrow_for_every_entry() -> None:
    lines = mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> idle"]
    assert lines[2:] == [f"    {phase} --> {target}: {event}" for (phase, event), target in TRANSITIONS.items()]


def test_a_new_daemon_begins_where_the_ledger_says_that_a_service_is() -> None:
    record = ServiceRecord(service=ServiceKey("shop", "webui"))
    assert phase_of(record) is Phase.IDLE
    assert phase_of(replace(record, incident=1)) is Phase.WAITING
    assert phase_of(replace(record, incident=1, quarantined="out of attempts")) is Phase.HANDED_OVER
