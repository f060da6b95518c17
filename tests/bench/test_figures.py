"""What a measurement prints: no figure that its rounds do not carry."""

from __future__ import annotations

import math

import pytest

from bench.figures import Measured, Ratio, percentile
from bench.turns import Rounds, alternate


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.51, 3.0), (0.95, 4.0), (1.0, 4.0), (0.0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == value


def test_of_nothing_there_is_no_percentile() -> None:
    assert math.isnan(percentile([], 0.5))


def test_a_line_tells_rounds_and_milliseconds() -> None:
    seconds = [number / 1000 for number in range(1, 301)]
    assert str(Measured("web", seconds)) == "| web | 300 | 150 | 285 | 297 | 300 |"


def test_a_p99_of_few_rounds_is_not_quoted() -> None:
    seconds = [number / 1000 for number in range(1, 300)]
    assert str(Measured("web", seconds)) == "| web | 299 | 150 | 285 | - | 299 |"


def test_a_ratio_is_that_of_the_medians() -> None:
    ours, theirs = Measured("ours", [1.0, 2.0, 9.0]), Measured("theirs", [4.0, 8.0, 8.0])
    assert str(Ratio(ours, theirs, " (aim: at most 0.30)")) == "- ours ÷ theirs, p50: 0.25 (aim: at most 0.30)"


def test_contenders_take_turns_to_the_end() -> None:
    rounds, order = Rounds(6), list[str]()
    alternate((rounds.ours, lambda: order.append("w")), (rounds.others, lambda: order.append("d")))
    assert "".join(order) == "wwdwwwdw"
