"""What counts as worse after a change, and what is chance."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.identity import ServiceKey
from watchdog.model.regression import Regression, RegressionKind, Run, Sample
from watchdog.policy.regression import (
    EXAMPLES,
    FEWEST,
    MOST_BY_CHANCE,
    chance,
    compare,
    error_kinds,
    memory,
    new_errors,
    not_compared,
    rank_sum,
    restarts,
    server_errors,
    slower,
    too_few,
)
from watchdog.policy.signatures import MOST, digest

WEB = ServiceKey("shop", "web")
MIB = 1024 * 1024
FAST = (0.050, 0.051, 0.052, 0.053, 0.054, 0.055, 0.056, 0.057)
SLOW = tuple(seconds * 3 for seconds in FAST)

SECONDS = st.floats(0.001, 10.0).map(lambda seconds: round(seconds, 3))
SAMPLES = st.lists(SECONDS, min_size=1, max_size=30)


def latencies(random: Random, answers: int, factor: float = 1.0) -> list[float]:
    """Long-tailed, as latencies are: most at 50 ms."""
    return [factor * 0.05 * random.lognormvariate(0.0, 0.5) for _ in range(answers)]


def test_answers_that_take_three_times_as_long_are_called_slower_with_all_figures() -> None:
    worse = slower(FAST, SLOW)
    assert worse is not None
    assert (worse.before, worse.after) == pytest.approx((0.0535, 0.1605))
    assert worse.sentence == "answers in 160 ms (median of 8), before the change in 54 ms (median of 8); p = 0.0005"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(FAST, FAST, id="the same"),
        pytest.param(SLOW, FAST, id="faster"),
        pytest.param(FAST, tuple(s * 1.4 for s in FAST), id="less than half as long again"),
        pytest.param(tuple(s / 10 for s in FAST), tuple(s / 10 * 3 for s in FAST), id="less than 20 ms longer"),
        pytest.param(FAST, (*FAST[:3], *SLOW[3:]), id="may be chance"),
        pytest.param(FAST[1:], SLOW, id="too few before"),
        pytest.param(FAST, SLOW[1:], id="too few after"),
        pytest.param((), (), id="nothing"),
    ],
)
def test_what_is_not_called_slower(before: tuple[float, ...], after: tuple[float, ...]) -> None:
    assert slower(before, after) is None


def test_both_thresholds_are_met_exactly() -> None:
    before = [0.125] * 20
    assert slower(before, [0.1875] * 20)
    assert slower(before, [0.187] * 20) is None


def test_fewer_answers_could_not_reach_the_probability_that_is_asked_for() -> None:
    """So `too_few` withholds no finding that could have been made."""
    assert chance(FAST, SLOW) < MOST_BY_CHANCE < chance(FAST[1:], SLOW[1:])
    assert too_few(FAST, SLOW) == ""
    assert too_few(FAST, SLOW[:7]) == "8 answers before and 7 after the change are too few: each side needs 8"


def test_the_same_distribution_is_almost_never_called_slower() -> None:
    """One test in a thousand may be; that the medians differ much as well makes it rarer."""
    by_chance = called = 0
    for seed in range(1000):
        random = Random(seed)  # noqa: S311 - chance that repeats
        before, after = latencies(random, 20), latencies(random, 20)
        by_chance += chance(before, after) < MOST_BY_CHANCE
        called += slower(before, after) is not None
    assert by_chance <= 4
    assert called <= 1


@pytest.mark.parametrize("seed", range(50))
def test_a_shift_by_three_is_found_in_twenty_answers(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - chance that repeats
    assert slower(latencies(random, 20), latencies(random, 20, factor=3.0))


@given(SAMPLES, SAMPLES)
def test_the_rank_sum_is_the_count_of_all_pairs(before: list[float], after: list[float]) -> None:
    pairs = sum(1.0 if b < a else 0.5 if b == a else 0.0 for b in before for a in after)
    assert rank_sum(before, after) == pytest.approx(pairs)


@given(SAMPLES, SAMPLES)
def test_both_directions_share_all_pairs_and_cannot_both_be_unlikely(before: list[float], after: list[float]) -> None:
    assert rank_sum(before, after) + rank_sum(after, before) == pytest.approx(len(before) * len(after))
    assert chance(before, after) + chance(after, before) >= 1.0 - 1e-9


@given(SAMPLES, SAMPLES, st.randoms())
def test_the_order_of_answers_makes_no_difference(before: list[float], after: list[float], random: Random) -> None:
    mixed = (random.sample(before, len(before)), random.sample(after, len(after)))
    assert chance(*mixed) == chance(before, after)
    assert slower(*mixed) == slower(before, after)


@given(st.lists(SECONDS, min_size=FEWEST, max_size=20))
def test_an_answer_that_takes_longer_makes_it_no_less_slow(before: list[float]) -> None:
    longer = [2 * seconds for seconds in before]
    assert chance(before, longer) <= chance(before, before)


def test_answers_that_all_take_the_same_differ_by_chance() -> None:
    assert chance([0.1] * 9, [0.1] * 9) == 1.0


def test_ties_are_corrected_for() -> None:
    """By hand: U = 0 + 1.5 + 1.5 + 5; variance = 20/12 (10 - 24/72); z = (8 - 10 - 0.5) / 4.0139 = -0.6228."""
    before, after = [1.1, 2.2, 3.3, 4.4, 5.5], [0.5, 2.2, 2.2, 6.6]
    assert rank_sum(before, after) == 8.0
    assert chance(before, after) == pytest.approx(0.7333, abs=1e-4)


KNOWN = frozenset({digest("ERROR user <n> not found")})


def test_an_error_of_a_known_kind_is_not_new() -> None:
    lines = ("ERROR user 4711 not found", "all is well", "panic: no space", "panic: no space", "Exception at 7")
    assert [one.example for one in new_errors(KNOWN, lines)] == ["panic: no space", "Exception at <n>"]
    assert new_errors(frozenset(error_kinds(lines)), lines) == ()


def test_kinds_and_examples_are_bounded() -> None:
    many = [f"error {chr(97 + n // 26 % 26)}-{chr(97 + n % 26)}-{chr(97 + n // 676)}" for n in range(MOST + 20)]
    assert len(error_kinds(many)) == MOST
    (found,) = compare(Sample(service=WEB), Sample(service=WEB, lines=(*many, "error " * 500)))
    assert found.sentence.count("; ") == EXAMPLES - 1
    assert len(found.sentence) < EXAMPLES * 202 + 100


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            (200, 200),
            (200, 503, 502),
            "answers 503 (2 of 3 answers); before the change none of 2 answers was a server error",
        ),
        ((404,), (500,), "answers 500 (1 of 1 answer); before the change none of 1 answer was a server error"),
        ((), (500, 200), "answers 500 (1 of 2 answers); before the change it was not seen to answer"),
        ((200, 500), (500, 500), ""),
        ((200,), (404, 200), ""),
        ((200,), (), ""),
    ],
)
def test_a_server_error_counts_where_there_was_none(before: tuple[int, ...], after: tuple[int, ...], said: str) -> None:
    assert server_errors(before, after) == said


def run(container: str = "a", restart_count: int = 0, started_at: float | None = 1.0) -> Run:
    return Run(container=container, restart_count=restart_count, started_at=started_at)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ((), ""),
        ((run(), run(), run()), ""),
        ((run(), run(restart_count=1, started_at=2.0)), "was started again once since the change"),
        ((run(), run(restart_count=3, started_at=2.0)), "was started again 3 times since the change"),
        ((run(), run(started_at=2.0), run(started_at=3.0)), "was started again 2 times since the change"),
        ((run(restart_count=2), run(restart_count=0, started_at=2.0)), "was started again once since the change"),
        ((run(restart_count=2), run("b", started_at=2.0)), ""),
    ],
)
def test_a_start_counts_for_the_same_container_only(runs: tuple[Run, ...], said: str) -> None:
    assert restarts(runs) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ((80, 100), (90, 100), "uses 90 MiB of memory, before the change 80 MiB: 90% of its limit"),
        ((80, 100), (89, 100), ""),
        ((90, 100), (99, 100), ""),
        ((50, None), (115, None), "uses 115 MiB of memory, before the change 50 MiB"),
        ((10, None), (74, None), ""),
        ((70, None), (140, None), ""),
        ((None, 100), (99, 100), ""),
        ((10, 100), (None, 100), ""),
    ],
)
def test_memory_counts_near_the_limit_or_where_it_is_much_more(
    before: tuple[int | None, int | None], after: tuple[int | None, int | None], said: str
) -> None:
    def sample(used: int | None, limit: int | None) -> Sample:
        return Sample(
            service=WEB,
            memory=None if used is None else used * MIB,
            memory_limit=None if limit is None else limit * MIB,
        )

    assert memory(sample(*before), sample(*after)) == said


BEFORE = Sample(
    service=WEB,
    statuses={"front": (200,)},
    latencies={"front": FAST, "new": ()},
    errors=KNOWN,
    memory=80 * MIB,
    memory_limit=100 * MIB,
)


def test_all_that_became_worse_is_told_of_whom() -> None:
    after = Sample(
        service=WEB,
        statuses={"front": (502,), "new": (200,)},
        latencies={"front": SLOW, "new": FAST},
        lines=("FATAL: no database",),
        runs=(run(), run(restart_count=1)),
        memory=95 * MIB,
        memory_limit=100 * MIB,
    )
    assert compare(BEFORE, after) == (
        Regression(
            kind=RegressionKind.SERVER_ERRORS,
            subject="front",
            sentence="front answers 502 (1 of 1 answer); before the change none of 1 answer was a server error",
        ),
        Regression(
            kind=RegressionKind.LATENCY,
            subject="front",
            sentence="front answers in 160 ms (median of 8), before the change in 54 ms (median of 8); p = 0.0005",
        ),
        Regression(
            kind=RegressionKind.NEW_ERRORS,
            subject="shop/web",
            sentence="shop/web logs a kind of error not seen before the change: FATAL: no database",
        ),
        Regression(
            kind=RegressionKind.RESTARTS,
            subject="shop/web",
            sentence="shop/web was started again once since the change",
        ),
        Regression(
            kind=RegressionKind.MEMORY,
            subject="shop/web",
            sentence="shop/web uses 95 MiB of memory, before the change 80 MiB: 95% of its limit",
        ),
    )
    assert not_compared(BEFORE, after) == (
        "the latency of new is not compared: 0 answers before and 8 after the change are too few: each side needs 8",
    )


def test_nothing_is_worse_where_nothing_changed() -> None:
    assert compare(BEFORE, BEFORE) == ()
