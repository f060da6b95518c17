"""The breaker around the engine's mutating calls."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.policy.breaker import FAILURES, OPEN_FOR, TRANSITIONS, Breaker, BreakerEvent, BreakerState

PAIRS = list(itertools.product(BreakerState, BreakerEvent))


def rule(state: BreakerState, event: BreakerEvent) -> BreakerState:
    """Where an event must lead: said once per event."""
    match event:
        case BreakerEvent.DUE:
            return BreakerState.HALF_OPEN if state is BreakerState.OPEN else state
        case BreakerEvent.SUCCEEDED:  # what began before it opened proves nothing about now
            return BreakerState.OPEN if state is BreakerState.OPEN else BreakerState.CLOSED
        case BreakerEvent.FAILED:  # half open, a single failure is enough
            return BreakerState.CLOSED if state is BreakerState.CLOSED else BreakerState.OPEN
        case BreakerEvent.FAILED_TOO_OFTEN:
            return BreakerState.OPEN


def broken(table: Mapping[tuple[BreakerState, BreakerEvent], BreakerState]) -> list[str]:
    return [f"{pair} leads to {table.get(pair)}" for pair in PAIRS if table.get(pair) is not rule(*pair)]


def failing(*times: float) -> Breaker:
    breaker = Breaker()
    for at in times:
        breaker = breaker.trying(at).failed(at)
    return breaker


OPENED = failing(*map(float, range(FAILURES)))
"""Opened at 4 s."""
HALF_OPEN = OPENED.trying(4.0 + OPEN_FOR)


def test_the_table_holds_its_rules() -> None:
    assert set(TRANSITIONS) == set(PAIRS)
    assert broken(TRANSITIONS) == []


@pytest.mark.parametrize("entry", TRANSITIONS)
def test_a_table_that_lost_an_entry_is_caught(entry: tuple[BreakerState, BreakerEvent]) -> None:
    assert len(broken({pair: target for pair, target in TRANSITIONS.items() if pair != entry})) == 1


@pytest.mark.parametrize(("entry", "target"), list(itertools.product(TRANSITIONS, BreakerState)))
def test_a_table_with_an_entry_that_leads_elsewhere_is_caught(
    entry: tuple[BreakerState, BreakerEvent], target: BreakerState
) -> None:
    assert bool(broken({**TRANSITIONS, entry: target})) is (TRANSITIONS[entry] is not target)


def test_it_opens_for_a_minute_after_five_failures_in_two_minutes() -> None:
    assert failing(0.0, 1.0, 2.0, 3.0).open_until(3.0) is None
    assert OPENED.state is BreakerState.OPEN
    assert OPENED.open_until(4.0) == OPENED.open_until(63.9) == 64.0
    assert OPENED.open_until(64.0) is None


def test_failures_older_than_two_minutes_no_longer_count() -> None:
    assert failing(0.0, 1.0, 2.0, 3.0, 120.0).state is BreakerState.CLOSED
    assert failing(0.0, 1.0, 2.0, 3.0, 119.9).state is BreakerState.OPEN


def test_a_success_forgets_the_failures_before_it() -> None:
    assert failing(0.0, 1.0, 2.0, 3.0).succeeded() == Breaker()


def test_while_open_a_call_that_began_before_changes_nothing_by_succeeding() -> None:
    assert OPENED.trying(10.0) is OPENED
    assert OPENED.succeeded() == OPENED


def test_while_open_a_call_that_began_before_and_fails_counts_from_its_failure() -> None:
    assert OPENED.failed(10.0).open_until(10.0) == 10.0 + OPEN_FOR


def test_once_its_time_is_over_a_call_is_let_through_and_decides() -> None:
    assert HALF_OPEN.state is BreakerState.HALF_OPEN
    assert HALF_OPEN.open_until(64.0) is None
    assert HALF_OPEN.trying(65.0) == HALF_OPEN
    assert HALF_OPEN.succeeded() == Breaker()


def test_half_open_one_failure_opens_it_again_however_old_the_others_are() -> None:
    late = OPENED.trying(1000.0).failed(1000.0)
    assert (late.state, late.open_until(1000.0)) == (BreakerState.OPEN, 1000.0 + OPEN_FOR)


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans()), max_size=60))
def test_it_never_stays_open_longer_than_a_minute_and_never_remembers_more_than_it_needs(
    calls: list[tuple[float, bool]],
) -> None:
    breaker, now = Breaker(), 0.0
    for wait, succeeds in calls:
        now += wait
        breaker = breaker.trying(now)
        breaker = breaker.succeeded() if succeeds else breaker.failed(now)
        until = breaker.open_until(now)
        assert until is None or now < until <= now + OPEN_FOR
        assert len(breaker.failures) <= FAILURES
