"""How often, and how soon again."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import DB, NOW, WEBUI, attempt, attempts, recovery_settings
from watchdog.model.record import Attempt, Rung
from watchdog.model.settings import RecoverySettings
from watchdog.policy.budget import backoff, counting_window, none_in_future, spent

SETTINGS = RecoverySettings(backoff=5.0, backoff_max=60.0)


@given(recovery_settings, st.integers(-1, 10_000))
def test_the_wait_stays_within_its_bounds(settings: RecoverySettings, number: int) -> None:
    wait = backoff(WEBUI, number, settings)
    if number <= 0:
        assert wait == 0.0
    else:
        longest = min(settings.backoff * 2.0 ** min(number - 1, 32), settings.backoff_max)
        assert 0.8 * longest * 0.999 <= wait <= 1.2 * longest * 1.001


def test_there_is_no_wait_before_the_first_attempt() -> None:
    assert backoff(WEBUI, 0, SETTINGS) == 0.0


def test_the_wait_doubles_until_its_longest() -> None:
    steady = [backoff(WEBUI, number, replace(SETTINGS, backoff_max=1e9)) for number in range(1, 12)]
    assert all(1.3 < after / before < 3.1 for before, after in pairwise(steady))
    assert backoff(WEBUI, 1_000_000, SETTINGS) <= 72.0


def test_the_same_facts_give_the_same_wait_and_services_that_fail_together_different_ones() -> None:
    assert backoff(WEBUI, 2, SETTINGS) == backoff(WEBUI, 2, SETTINGS) != backoff(DB, 2, SETTINGS)


def test_what_docker_and_people_did_spends_nothing() -> None:
    own = attempt(Rung.START)
    assert spent((attempt(Rung.DOCKER), own, attempt(Rung.RESTART, by_operator=True)), 600.0, NOW) == (own,)


def test_an_attempt_counts_until_the_window_has_passed() -> None:
    assert spent((attempt(Rung.START, ago=600.0), attempt(Rung.START, ago=599.0)), 600.0, NOW) == (
        attempt(Rung.START, ago=599.0),
    )


@given(attempts, st.floats(-10_000, 10_000))
def test_after_the_clock_was_set_back_no_attempt_lies_in_the_future(made: tuple[Attempt, ...], step: float) -> None:
    now = NOW + step
    moved = none_in_future(made, now)
    assert all(attempt.at <= now for attempt in moved)
    assert [replace(attempt, at=NOW) for attempt in moved] == [replace(attempt, at=NOW) for attempt in made]
    assert all(new == old for new, old in zip(moved, made, strict=True) if old.at <= now)


@given(attempts, st.floats(0, 2000), st.floats(0, 2000))
def test_time_only_ever_forgives(made: tuple[Attempt, ...], window: float, later: float) -> None:
    assert set(spent(made, window, NOW + later)) <= set(spent(made, window, NOW))


def test_the_window_is_the_configured_one_where_a_whole_ladder_fits_into_it() -> None:
    assert counting_window(RecoverySettings(), start_period=0.0) == 600.0


def test_the_window_holds_a_whole_ladder_of_a_service_that_is_slow_to_start() -> None:
    assert counting_window(RecoverySettings(), start_period=300.0) == 3 * (60.0 + 300.0 + 72.0)
