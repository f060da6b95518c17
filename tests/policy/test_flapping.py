"""When something flaps, and for how long its being bad is then no case for an action."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.codecs.states import read_flaps, write_flaps
from watchdog.model.settings import HealthSettings
from watchdog.policy.flapping import HELD_LEAST, HELD_MOST, STATES, Flapping, Flaps, sample, worst

SETTINGS = HealthSettings()
STEP = 5.0
"""Seconds between two samples."""


def after(states: str, *, flaps: Flaps | None = None, step: float = STEP) -> Flaps:
    """After these states, a sample each: `+` good, `-` bad."""
    flaps = flaps if flaps is not None else Flaps()
    for number, state in enumerate(states):
        flaps = sample(flaps, number * step, SETTINGS, good=state == "+")
    return flaps


def by_the_book(states: str) -> float:
    """Nagios' formula, spelled out over the last 21 states; before the first one it was good."""
    window = states[-STATES:].rjust(STATES, "+")
    changed = [one != other for one, other in itertools.pairwise(window)]
    weights = [0.8 + 0.4 * place / (len(changed) - 1) for place in range(len(changed))]
    return 100 * sum(weight for weight, it in zip(weights, changed, strict=True) if it) / len(changed)


@pytest.mark.parametrize(
    ("states", "percent"),
    [
        ("+", 0.0),
        ("+-", 6.0),
        ("+" + "-" * 20, 4.0),
        ("+" + "-" * 21, 0.0),
        ("+" + "-+" * 10, 100.0),
    ],
)
def test_a_change_weighs_half_as_much_again_when_it_is_new(states: str, percent: float) -> None:
    assert after(states).percent == pytest.approx(percent)


@given(st.text("+-", max_size=60).map("+".__add__))
def test_the_formula_is_that_of_nagios_whatever_the_states(states: str) -> None:
    assert after(states).percent == pytest.approx(by_the_book(states))


@given(st.text("+-", max_size=80).map("+".__add__))
def test_it_flaps_from_the_high_threshold_on_and_until_it_is_below_the_low_one(states: str) -> None:
    flapping = False
    for length in range(1, len(states) + 1):
        percent = by_the_book(states[:length])
        if abs(percent - SETTINGS.flap_low) < 1e-9 or abs(percent - SETTINGS.flap_high) < 1e-9:
            return  # which side a rounding error falls on is nobody's concern
        flapping = percent > (SETTINGS.flap_low if flapping else SETTINGS.flap_high)
        assert after(states[:length]).flapping is flapping


def test_two_failures_that_mend_themselves_flap_and_one_does_not() -> None:
    assert not after("+-+").flapping
    assert not after("+-+++++-").flapping
    assert after("+-+-+").flapping


def test_what_flapped_is_settled_only_once_its_changes_are_almost_forgotten() -> None:
    flaps = after("+-+-+")
    assert after("+" * 16, flaps=flaps).flapping
    assert not after("+" * 20, flaps=flaps).flapping
    assert after("+" * 40, flaps=flaps) == Flaps(good=True, bad_since=flaps.bad_since)


def test_what_was_never_good_only_starts() -> None:
    assert after("-" * 30) == Flaps()
    assert after("---+") == Flaps(good=True)


def test_thresholds_are_configuration() -> None:
    flaps = Flaps()
    for number in range(100):
        flaps = sample(flaps, number, HealthSettings(flap_high=100.0), good=number % 3 != 0)
    assert not flaps.flapping


@pytest.mark.parametrize(
    ("spell", "hold"), [(1.0, HELD_LEAST), (15.0, HELD_LEAST), (25.0, 50.0), (60.0, HELD_MOST), (600.0, HELD_MOST)]
)
def test_it_may_be_bad_for_twice_its_longest_bad_spell_within_bounds(spell: float, hold: float) -> None:
    assert after("+-+-+", step=spell).hold == hold


def test_a_bad_spell_that_lasts_is_none_of_the_past() -> None:
    assert after("+" + "-" * 30 + "+-+-+").longest_bad == 30 * STEP
    assert after("+-+-+" + "+" * 40 + "-").longest_bad == 0.0


def test_of_several_the_one_that_changes_most_is_told_of() -> None:
    calm, wild = after("+-+-+"), after("+" + "-+" * 5)
    steady = after("+" * 5)
    assert worst({}) is None
    assert worst({"http": steady}) is None
    assert worst({"a": wild, "http": calm, "c": steady}) == Flapping(
        "a", "a flaps: 55 % of its last 21 states changed", HELD_LEAST
    )


@given(st.text("+-", max_size=60), st.text(max_size=20))
def test_what_is_written_for_a_later_daemon_is_read_as_it_was(states: str, name: str) -> None:
    known = {name: after("+" + states), "other": after(states)}
    assert read_flaps(write_flaps(known)) == known


@pytest.mark.parametrize("text", ["", "3", "[]", '{"http": 3}', '{"http": {"bad": 3}}'])
def test_what_nobody_wrote_is_read_as_nothing(text: str) -> None:
    assert read_flaps(text) == {}
