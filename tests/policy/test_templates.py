from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.policy.templates import (
    NoValue,
    begins_with_template,
    fill,
    fill_all,
    malformed,
    names_in,
    texts_in,
    without_templates,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_a_template_names_a_value_with_or_without_its_step() -> None:
    text = "a {{ csrf }} b {{login.token}} c"
    assert names_in(text) == ["csrf", "login.token"]
    assert fill(text, {"csrf": "1", "login.token": "2"}) == "a 1 b 2 c"
    assert without_templates(text) == "a x b x c"


def test_a_template_without_its_value_says_which() -> None:
    with pytest.raises(NoValue) as missing:
        fill("{{ a }}{{ b }}", {"a": "1"})
    assert str(missing.value) == "b"


def test_a_value_is_quoted_as_its_place_wants_and_is_no_template_itself() -> None:
    assert fill("x={{ a }}", {"a": "{{ b }}", "b": "no"}, lambda value: f"<{value}>") == "x=<{{ b }}>"


@pytest.mark.parametrize("text", ["{{", "{{ }}", "{{ 1a }}", "{{ a b }}", "{{ a }} {{", "{{ a.b.c }}", "{{{ a"])
def test_what_opens_no_template_is_malformed(text: str) -> None:
    assert malformed(text)


@pytest.mark.parametrize("text", ["", "}}", '{"a": {"b": 1}}', "{{ a }}", "{ {", "{{a-b.c_d}}"])
def test_what_is_plain_is_not(text: str) -> None:
    assert not malformed(text)


def test_all_texts_of_a_value_are_filled_and_its_keys_are_not() -> None:
    value: Any = {"{{ a }}": ["{{ a }}", 1, None, {"k": "{{ a }}"}], "n": 2.5}
    assert fill_all(value, {"a": "v"}) == {"{{ a }}": ["v", 1, None, {"k": "v"}], "n": 2.5}
    assert list(texts_in(value)) == ["{{ a }}", "{{ a }}", "k", "{{ a }}", "n"]


def test_a_url_may_begin_with_a_template() -> None:
    assert begins_with_template("{{ next }}/x")
    assert not begins_with_template("/x/{{ next }}")


@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_text_is_filled_or_names_what_is_missing(text: str, values: dict[str, str]) -> None:
    missing = [name for name in names_in(text) if name not in values]
    if missing:
        with pytest.raises(NoValue) as caught:
            fill(text, values)
        assert str(caught.value) == missing[0]
    else:
        fill(text, values)


@given(JSON)
def test_a_value_without_templates_stays_as_it_is(value: Any) -> None:
    if not any("{{" in text for text in texts_in(value)):
        assert fill_all(value, {}) == value
