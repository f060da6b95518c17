"""When something is used up, if it goes on like this."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.policy.trend import FEWEST, exhausted_in

HOUR = 3600.0
Samples = list[tuple[float, float]]


def line(slope: float, start: float = 100.0, count: int = 60, every: float = 60.0) -> Samples:
    return [(number * every, start + slope * number * every) for number in range(count)]


def test_steady_growth_is_carried_on_to_the_limit() -> None:
    used = line(1.0)
    assert exhausted_in(used, limit=used[-1][1] + HOUR, within=6 * HOUR) == pytest.approx(HOUR)


def test_what_lies_beyond_the_horizon_is_not_told() -> None:
    used = line(1.0)
    assert exhausted_in(used, limit=used[-1][1] + 7 * HOUR, within=6 * HOUR) is None


def test_what_is_used_up_already_is_used_up_now() -> None:
    assert exhausted_in(line(1.0), limit=50.0, within=HOUR) == 0.0


@pytest.mark.parametrize(
    "samples",
    [
        [],
        line(1.0, count=FEWEST - 1, every=HOUR),
        line(1.0, every=1.0),
        line(0.0),
        line(-1.0),
        [(number * 60.0, 100.0 + 3000.0 * (number % 10)) for number in range(60)],
        [(0.0, float(number)) for number in range(60)],
    ],
    ids=["none", "too few", "too short a span", "no growth", "shrinks", "saws up and down", "all at once"],
)
def test_nothing_is_said_where_nothing_can_be(samples: Samples) -> None:
    assert exhausted_in(samples, limit=4000.0, within=6 * HOUR) is None


def test_some_noise_is_forgiven() -> None:
    noisy = [(at, used + 200 * math.sin(at)) for at, used in line(1.0)]
    found = exhausted_in(noisy, limit=noisy[-1][1] + HOUR, within=6 * HOUR)
    assert found is not None
    assert abs(found - HOUR) < 600


AMOUNTS = st.floats(0, 1e15)


@given(st.lists(AMOUNTS, max_size=40), AMOUNTS, st.floats(1, 1e6))
def test_an_answer_is_never_outside_of_what_was_asked(used: list[float], limit: float, within: float) -> None:
    samples = [(1e9 + number * 60.0, amount) for number, amount in enumerate(used)]
    found = exhausted_in(samples, limit, within)
    assert found is None or 0 <= found <= within
