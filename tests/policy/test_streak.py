"""Thresholds both ways, against a simple model and with every way to break the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import HTTP, observed
from watchdog.model.observation import Verdict
from watchdog.policy.streak import TRANSITIONS, Standing, Streak, follow, in_doubt, without_failures

Table = Mapping[tuple[Standing, Verdict], tuple[Standing, Standing]]
MOVING = (Verdict.PASS, Verdict.FAIL)
PAIRS = list(itertools.product(Standing, MOVING))


def rule(standing: Standing, verdict: Verdict) -> tuple[Standing, Standing]:
    """Where a verdict must lead below and at its threshold."""
    if verdict is Verdict.PASS:  # what failed or is unknown must earn its standing; a doubt ends with the first PASS
        return Standing.PASSING if standing is Standing.DOUBTED else standing, Standing.PASSING
    return Standing.DOUBTED if standing is Standing.PASSING else standing, Standing.FAILING


def broken(table: Table) -> list[str]:
    wrong = [f"{pair} leads to {table.get(pair)}" for pair in PAIRS if table.get(pair) != rule(*pair)]
    return wrong + [f"{pair} should not be there" for pair in table if pair not in PAIRS]


def played(verdicts: Sequence[Verdict], *, failures: int = 2, successes: int = 1) -> Streak:
    check = replace(HTTP, failures=failures, successes=successes)
    streak = Streak()
    for at, verdict in enumerate(verdicts):
        streak = follow(streak, observed(verdict, at=float(at)), check)
    return streak


@pytest.mark.parametrize(("standing", "verdict"), PAIRS)
def test_every_verdict_at_every_standing_leads_where_its_rule_says(standing: Standing, verdict: Verdict) -> None:
    before = Streak(standing, verdict, 1)
    below, reached = rule(standing, verdict)
    assert follow(before, observed(verdict), replace(HTTP, failures=3, successes=3)).standing is below
    assert follow(before, observed(verdict), replace(HTTP, failures=2, successes=2)).standing is reached


@pytest.mark.parametrize("standing", Standing)
def test_an_unknown_verdict_moves_nothing(standing: Standing) -> None:
    before = Streak(standing, Verdict.FAIL, 1, observed(Verdict.FAIL), observed(Verdict.FAIL), 0.5)
    unknown = observed(Verdict.UNKNOWN, at=2.0)
    assert follow(before, unknown, HTTP) == replace(before, last=unknown)


def test_the_table_holds_its_rules() -> None:
    assert broken(TRANSITIONS) == []


@pytest.mark.parametrize("entry", TRANSITIONS)
def test_a_table_that_lost_an_entry_is_caught(entry: tuple[Standing, Verdict]) -> None:
    assert len(broken({pair: targets for pair, targets in TRANSITIONS.items() if pair != entry})) == 1


@pytest.mark.parametrize(("entry", "below", "reached"), list(itertools.product(TRANSITIONS, Standing, Standing)))
def test_a_table_with_an_entry_that_leads_elsewhere_is_caught(
    entry: tuple[Standing, Verdict], below: Standing, reached: Standing
) -> None:
    assert bool(broken({**TRANSITIONS, entry: (below, reached)})) is (TRANSITIONS[entry] != (below, reached))


@pytest.mark.parametrize("standing", Standing)
def test_a_table_that_lets_unknown_move_something_is_caught(standing: Standing) -> None:
    assert len(broken({**TRANSITIONS, (standing, Verdict.UNKNOWN): (standing, Standing.FAILING)})) == 1


def model(verdicts: Sequence[Verdict], failures: int, successes: int) -> Standing:
    """What a person would say who sees all verdicts at once."""
    known = [verdict for verdict in verdicts if verdict is not Verdict.UNKNOWN]
    stands: Verdict | None = None
    for end in range(1, len(known) + 1):
        for verdict, threshold in ((Verdict.PASS, successes), (Verdict.FAIL, failures)):
            if known[max(0, end - threshold) : end] == [verdict] * threshold:
                stands = verdict
    if stands is None:
        return Standing.NEW
    if stands is Verdict.FAIL:
        return Standing.FAILING
    return Standing.PASSING if known[-1] is Verdict.PASS else Standing.DOUBTED


@given(st.lists(st.sampled_from(Verdict), max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_a_streak_stands_where_the_last_decisive_row_of_verdicts_put_it(
    verdicts: list[Verdict], failures: int, successes: int
) -> None:
    streak = played(verdicts, failures=failures, successes=successes)
    assert streak.standing is model(verdicts, failures, successes)
    assert streak.ever_passed is (Verdict.PASS in verdicts)
    assert (streak.last.verdict if streak.last else None) == (verdicts[-1] if verdicts else None)


def test_a_flapping_check_is_doubted_and_never_fails() -> None:
    assert played([Verdict.PASS, *[Verdict.FAIL, Verdict.PASS] * 50]).standing is Standing.PASSING
    assert played([Verdict.PASS, *[Verdict.FAIL, Verdict.PASS] * 50, Verdict.FAIL]).standing is Standing.DOUBTED


def test_two_failures_count_as_a_row_though_the_asker_failed_in_between() -> None:
    row = [Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.FAIL]
    assert played(row).standing is Standing.FAILING


def test_the_time_of_the_last_pass_stays_through_failures() -> None:
    assert played([Verdict.PASS, Verdict.PASS, Verdict.FAIL]).last_pass_at == 1.0


@pytest.mark.parametrize(
    ("verdicts", "soon"),
    [
        ([], True),
        ([Verdict.PASS], False),
        ([Verdict.PASS, Verdict.UNKNOWN], True),
        ([Verdict.PASS, Verdict.FAIL], True),
        ([Verdict.FAIL, Verdict.FAIL], True),
    ],
)
def test_whatever_does_not_pass_beyond_doubt_is_asked_again_soon(verdicts: list[Verdict], *, soon: bool) -> None:
    assert in_doubt(played(verdicts)) is soon


def test_a_standing_without_an_observation_is_no_doubt() -> None:
    assert not in_doubt(Streak(Standing.PASSING))


@pytest.mark.parametrize(
    "seen", [[Verdict.PASS, Verdict.FAIL], [Verdict.PASS, Verdict.FAIL, Verdict.FAIL], [Verdict.FAIL]]
)
def test_without_its_failures_a_check_is_unknown_and_must_fail_or_pass_anew(seen: list[Verdict]) -> None:
    forgiven = without_failures(played(seen))
    assert forgiven.standing is Standing.NEW
    assert forgiven.last_fail is None
    assert forgiven.ever_passed is (Verdict.PASS in seen)
    check = replace(HTTP, failures=2, successes=1)
    assert follow(forgiven, observed(Verdict.FAIL), check).standing is Standing.NEW
    assert follow(forgiven, observed(Verdict.PASS), check).standing is Standing.PASSING


def test_a_check_that_passes_has_nothing_to_be_forgiven() -> None:
    streak = played([Verdict.PASS, Verdict.PASS])
    assert without_failures(streak) is streak
