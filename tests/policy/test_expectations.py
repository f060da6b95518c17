"""Expectations of JSON: what they take, what they refuse, and what they say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.policy.expectations import MOST, parse_expectation
from watchdog.policy.patterns import Backtracking, backtracking

DOCUMENT = {
    "status": "ok",
    "queue": 12,
    "share": "0.5",
    "ready": True,
    "gone": None,
    "a < b": 1,
    "nodes": [{"name": "n1", "state": "up", "load": 3}, {"name": "n2", "state": "up", "load": 9}],
}


@pytest.mark.parametrize(
    "text",
    [
        "$.status == 'ok'",
        '$.status == "ok"',
        "$.status != 'broken'",
        "$['status']=='ok'",
        "$.queue < 100",
        "$.queue >= 12",
        "$.share <= 0.5",
        "$.ready == true",
        "$.gone == null",
        "$.status matches /^o/",
        "$.nodes[*].state == 'up'",
        "$.nodes[?@.name == 'n2'].load > 8",
        "$.nodes[?(@.load > 1)].state == 'up'",
        "$['a < b'] == 1",
        "$.nodes[1].name",
        "$.nodes",
        "  $.queue == 12  ",
    ],
)
def test_what_holds_is_not_wrong(text: str) -> None:
    assert parse_expectation(text).wrong(DOCUMENT) is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("$.status == 'up'", "$.status: 'ok' is not what is expected: == 'up'"),
        ("$.queue < 5", "$.queue: 12 is not what is expected: < 5"),
        ("$.status > 5", "$.status: 'ok' is no number; expected is > 5"),
        ("$.nodes[*].load < 5", "$.nodes[*].load: 9 is not what is expected: < 5"),
        ("$.nothing", "the body's JSON has nothing at $.nothing"),
        ("$.nothing == 1", "the body's JSON has nothing at $.nothing"),
        ("$.nodes == 1", "$.nodes is a list; expected is == 1"),
        ("$.nodes[0] == 1", "$.nodes[0] is an object; expected is == 1"),
    ],
)
def test_what_does_not_hold_is_told_in_a_sentence(text: str, sentence: str) -> None:
    assert parse_expectation(text).wrong(DOCUMENT) == sentence


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("", "does not begin with $"),
        ("status == 'ok'", "does not begin with $"),
        ("$." + "a" * 1000, "is longer than 1000 characters"),
        ("$.a[", "has a JSONPath that cannot be read"),
        ("$.a b", "has a JSONPath that cannot be read"),
        ("$.a | $.b", "has a JSONPath that cannot be read"),
        ("$" + "[?(@" * 190, "has a JSONPath that cannot be read"),
        ("$.a == ", "has nothing after =="),
        ("$.a == ok", "compares with text that is not in quotes"),
        ("$.a < 'b'", "compares with no number after <"),
        ("$.a matches /(/", "has a regular expression that cannot be read"),
        ("$.a < 90%", "compares with a percentage, and nothing says of what"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(text: str, because: str) -> None:
    with pytest.raises(ValueError, match=re.escape(because)):
        parse_expectation(text)


def test_an_expectation_is_shown_as_it_was_written() -> None:
    assert str(parse_expectation(" $.queue  <  100 ")) == "$.queue  <  100"
    assert parse_expectation("$.queue < 100") == parse_expectation("$.queue < 100")


def test_a_document_too_deep_to_search_is_told_so() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    wrong = parse_expectation("$..x == 1").wrong(deep)
    assert wrong == "the body's JSON cannot be searched for $..x: it is too deep"


def test_of_very_many_values_only_so_many_are_looked_at() -> None:
    good_then_bad = [*([1] * MOST), 2]
    assert parse_expectation("$[*] == 1").wrong(good_then_bad) is None
    assert parse_expectation("$[*] == 1").wrong([1, 2]) is not None


expressions = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="$.[]()?@*'\"<>=! abc019/%", max_size=30).map(lambda rest: "$" + rest),
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(expressions, documents)
def test_any_text_and_any_document_give_an_answer_or_a_sentence(text: str, document: Any) -> None:
    try:
        expectation = parse_expectation(text)
    except ValueError:
        return
    wrong = expectation.wrong(json.loads(json.dumps(document)))
    assert wrong is None or wrong


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("$[?match(@, 'o.')]", True),
        ("$[?match(@, 'k')]", False),
        ("$[?search(@, 'k$')]", True),
        ("$[?match(@, '(')]", False),
        ("$[?match(@, $.re)]", True),
        ("$[?match(@, $.ahead)]", False),
        ("$[?search(@, $.broken)]", False),
        ("$[?match(1, 'o')]", False),
    ],
)
def test_filters_search_by_patterns_of_the_path_or_the_document(path: str, holds: bool) -> None:
    document = {"state": "ok", "re": "ok|no", "ahead": "(?=o)ok", "broken": "("}
    assert (parse_expectation(path).wrong(document) is None) is holds


def test_a_filter_that_backtracks_is_searched_for_where_that_is_allowed() -> None:
    expectation = parse_expectation("$[?match(@, '(?=o)ok')]")
    assert [pattern.not_linear for pattern in expectation.patterns] == ["look-around"]
    with pytest.raises(Backtracking):
        expectation.wrong({"state": "ok"})
    with backtracking():
        assert expectation.wrong({"state": "ok"}) is None
    assert [str(one) for one in parse_expectation("$.a matches /b/").patterns] == ["b"]


def test_a_document_that_is_a_text_is_no_document_within() -> None:
    assert parse_expectation("$ == '['").wrong("[") is None
    assert parse_expectation("$").wrong("{") is None
    assert parse_expectation("$.a").wrong('{"a": 1}') == "the body's JSON has nothing at $.a"
