from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.config.duration import parse_duration, spell_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("60s", 60),
        ("2h", 7200),
        ("1m30s", 90),
        ("1m 30s", 90),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("14d", 14 * 86400),
        ("1w", 604800),
        ("0", 0),
        ("2.5", 2.5),
        (" 7 ", 7),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "s", "-5s", "5 minutes", "30s1m", "1m1m", "1e3", "٣s", "nan", "inf", "1" * 400]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(0, 10**11))
def test_a_spelled_duration_reads_back_to_the_millisecond(milliseconds: int) -> None:
    assert parse_duration(spell_duration(milliseconds / 1000)) == milliseconds / 1000


@given(st.text())
def test_any_text_is_a_duration_or_a_sentence(text: str) -> None:
    try:
        assert parse_duration(text) >= 0
    except ValueError as error:
        assert "is not a duration" in str(error)  # noqa: PT017 - either outcome is right
