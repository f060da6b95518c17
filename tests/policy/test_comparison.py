"""What a value is compared with."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.policy.comparison import LONGEST, SHOWN, Scalar, parse_comparison


@pytest.mark.parametrize(
    ("comparison", "fitting", "unfitting"),
    [
        ("== 5", [5, 5.0, "5", " 5\n", "5.00"], [6, "6"]),
        ("!= 5", [6, "6", "five", None, True, math.nan], [5, "5.0"]),
        ("< 90", [89, -1, 89.999, "89", -math.inf], [90, 91, "90", math.inf]),
        ("<=90", [90, "90"], [90.5]),
        ("> -1.5", [0, "-1.4"], [-1.5, -2]),
        (">= 1e3", [1000, "1e3"], [999]),
        (">= .5", [0.5], [0.4]),
        ("== 9007199254740993", [9007199254740993, "9007199254740993"], [9007199254740992]),
        ("== 'abc'", ["abc"], ["abcd", "", None, True]),
        ('== "it\'s"', ["it's"], ["its"]),
        ("== ''", [""], [" "]),
        ("== '5'", ["5", 5], ["5.0", 5.5]),
        ("!= 'abc'", ["abcd", None, 5], ["abc"]),
        ("== true", [True], [False, 1, "true", None]),
        ("!= false", [True, 0, None], [False]),
        ("== null", [None], [0, "", "null", False]),
        ("!= null", [0, "", False], [None]),
        ("matches /^v[0-9]+/", ["v12-beta"], ["12", "", None]),
        ("matches /a/b/", ["xa/bx"], ["ab"]),
        ("matches /^true$/", [True], [False]),
        ("  <   3  ", [2], [3]),
    ],
)
def test_a_comparison_tells_what_fits(comparison: str, fitting: list[Scalar], unfitting: list[Scalar]) -> None:
    parsed = parse_comparison(comparison)
    assert str(parsed) == comparison.strip()
    assert [parsed.wrong(value) for value in fitting] == [None] * len(fitting)
    assert all(parsed.wrong(value) for value in unfitting)


@pytest.mark.parametrize(
    ("comparison", "value", "sentence"),
    [
        ("< 90", 95, "95 is not what is expected: < 90"),
        ("< 90", "many", "'many' is no number; expected is < 90"),
        ("== 1", True, "true is no number; expected is == 1"),
        ("< 1", None, "null is no number; expected is < 1"),
        ("< 1", math.nan, "nan is no number; expected is < 1"),
        ("== 'abc'", "abd", "'abd' is not what is expected: == 'abc'"),
        ("matches /x/", "", "'' is not what is expected: matches /x/"),
    ],
)
def test_what_does_not_fit_is_told_with_what_was_expected(comparison: str, value: Scalar, sentence: str) -> None:
    assert parse_comparison(comparison).wrong(value) == sentence


def test_a_long_value_is_shown_in_part() -> None:
    told = parse_comparison("== 'abc'").wrong("x" * 10_000)
    assert told is not None
    assert len(told) < SHOWN + 60


def test_a_percentage_is_of_the_whole() -> None:
    most = parse_comparison("< 80%")
    assert most.wrong(79, 100) is None
    assert most.wrong("160", 201) is None
    assert most.wrong(80, 100) == "80 of 100, which is 80 %, is not what is expected: < 80%"
    assert most.wrong(10**400, 100) is not None
    assert most.wrong(-(10**400), 100) is None
    assert parse_comparison("== 50 %").wrong(5, 10) is None
    assert parse_comparison("!= 50%").wrong(5, 10) is not None


def test_a_percentage_of_nothing_does_not_fit() -> None:
    most = parse_comparison("< 80%")
    assert most.wrong(1) == "1 is a part of nothing known; expected is < 80%"
    assert most.wrong(1, 0) == "1 is a part of nothing known; expected is < 80%"
    assert most.wrong("many", 10) == "'many' is no number; expected is < 80%"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "does not begin with an operator"),
        ("90", "does not begin with an operator"),
        ("= 90", "does not begin with an operator"),
        ("=> 90", "does not begin with an operator"),
        ("matchesx /a/", "does not begin with an operator"),
        ("<", "has nothing after <"),
        ("== ", "has nothing after =="),
        ("< 'b'", "compares with no number after <"),
        ("> 5 apples", "compares with no number after >"),
        ("< %", "compares with no number after <"),
        ("< true", "compares with no number after <"),
        ("== abc", "compares with text that is not in quotes"),
        ("== nan", "compares with text that is not in quotes"),
        ("== '", "has a quote that does not end, or more than one text"),
        ("== 'a' 'b'", "has a quote that does not end, or more than one text"),
        ("== 'a\"", "has a quote that does not end, or more than one text"),
        ("matches abc", "has no regular expression between slashes after matches"),
        ("matches //", "has no regular expression between slashes after matches"),
        ("matches /abc", "has no regular expression between slashes after matches"),
        ("matches /(/", "has a regular expression that cannot be read"),
        ("== '" + "x" * LONGEST + "'", f"is longer than {LONGEST} characters"),
    ],
)
def test_what_is_no_comparison_is_refused_with_a_sentence(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_comparison(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=200)
NUMBERS = st.integers(-(10**29), 10**29) | st.floats(-1e30, 1e30)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")  # of patterns that Hypothesis made
@given(
    st.builds("{}{}{}".format, st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "matches "]), st.text(), st.text()),
    SCALARS,
    st.none() | st.floats(),
)
def test_any_text_is_read_or_refused_and_any_value_judged(text: str, value: Scalar, whole: float | None) -> None:
    try:
        parsed = parse_comparison(text)
    except ValueError:
        return
    assert parsed.wrong(value, whole) is None or isinstance(parsed.wrong(value, whole), str)
    assert parse_comparison(str(parsed)) == parsed


@given(NUMBERS, NUMBERS)
def test_numbers_are_ordered_as_python_orders_them(value: float, wanted: float) -> None:
    outcome = {
        sign: parse_comparison(f"{sign} {wanted}").wrong(value) is None for sign in ("==", "!=", "<", "<=", ">", ">=")
    }
    assert outcome == {
        "==": value == wanted,
        "!=": value != wanted,
        "<": value < wanted,
        "<=": value <= wanted,
        ">": value > wanted,
        ">=": value >= wanted,
    }
