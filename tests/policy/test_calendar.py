"""Maintenance windows: by the clocks of their zone, whatever these are set to."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.alerting import Once, Weekly
from watchdog.policy.calendar import open_until

ZURICH = ZoneInfo("Europe/Zurich")
HOUR = 3600.0
EVERY_DAY = frozenset(range(7))
SUNDAYS = Weekly(days=frozenset({6}), at=time(2, 30), lasts=2 * HOUR, zone=ZURICH)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_window_for_once_is_open_from_its_beginning_until_before_its_end() -> None:
    once = Once(begins=100.0, ends=200.0)
    assert [open_until(once, moment) for moment in (99.9, 100.0, 199.9, 200.0)] == [None, 200.0, 200.0, None]


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        ("2026-11-21T02:30:00+01:00", None),
        ("2026-11-22T02:29:59+01:00", None),
        ("2026-11-22T02:30:00+01:00", "2026-11-22T04:30:00+01:00"),
        ("2026-11-22T04:29:59+01:00", "2026-11-22T04:30:00+01:00"),
        ("2026-11-22T04:30:00+01:00", None),
        ("2026-06-07T02:30:00+02:00", "2026-06-07T04:30:00+02:00"),
        ("2026-06-07T02:29:59+02:00", None),
    ],
)
def test_a_weekly_window_begins_by_the_clocks_of_its_zone(moment: str, until: str | None) -> None:
    assert open_until(SUNDAYS, at(moment)) == (at(until) if until is not None else None)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [("2026-03-29T00:59:59+00:00", False), ("2026-03-29T01:29:59+00:00", False), ("2026-03-29T01:30:00+00:00", True)],
)
def test_a_beginning_that_the_clocks_skip_in_spring_is_an_hour_later_and_lasts_as_long(
    moment: str, *, opens: bool
) -> None:
    until = at("2026-03-29T03:30:00+00:00")
    assert at("2026-03-29T03:30:00+02:00") == at("2026-03-29T01:30:00+00:00")
    assert open_until(SUNDAYS, at(moment)) == (until if opens else None)
    assert open_until(SUNDAYS, until - 1) == until
    assert open_until(SUNDAYS, until) is None


def test_of_a_beginning_that_the_clocks_show_twice_in_autumn_the_first_counts_and_it_is_open_once() -> None:
    begins, until = at("2026-10-25T00:30:00+00:00"), at("2026-10-25T02:30:00+00:00")
    assert at("2026-10-25T02:30:00+02:00") == begins
    assert open_until(SUNDAYS, begins - 1) is None
    assert open_until(SUNDAYS, begins) == until
    assert open_until(SUNDAYS, at("2026-10-25T02:30:00+01:00")) == until
    assert open_until(SUNDAYS, until) is None


def test_a_window_that_goes_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    night = Weekly(days=frozenset({4}), at=time(23, 0), lasts=3 * HOUR, zone=UTC)
    saturday = at("2026-11-21T01:59:59+00:00")
    assert open_until(night, saturday) == at("2026-11-21T02:00:00+00:00")
    assert open_until(night, saturday - 86400) is None


def test_a_window_longer_than_a_day_ends_when_its_last_beginning_does() -> None:
    long = Weekly(days=frozenset({0, 1}), at=time(0, 0), lasts=36 * HOUR, zone=UTC)
    assert open_until(long, at("2026-11-24T06:00:00+00:00")) == at("2026-11-25T12:00:00+00:00")


@given(
    st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.times().map(lambda moment: moment.replace(tzinfo=None, fold=0)),
    st.floats(60.0, 6 * 86400.0),
    st.floats(1e9, 2e9),
)
def test_whatever_is_open_ends_later_began_at_its_hour_and_no_longer_ago_than_it_lasts(
    zone: str, days: set[int], begins_at: time, lasts: float, moment: float
) -> None:
    weekly = Weekly(days=frozenset(days), at=begins_at, lasts=lasts, zone=ZoneInfo(zone))
    until = open_until(weekly, moment)
    if until is None:
        return
    assert moment < until <= moment + lasts
    begun = datetime.fromtimestamp(until - lasts, UTC).astimezone(ZoneInfo(zone))
    skipped = datetime.combine(begun.date(), begins_at, ZoneInfo(zone)).astimezone(UTC).astimezone(ZoneInfo(zone))
    assert begun.date().weekday() in days
    assert abs((begun - skipped).total_seconds()) < 0.001


@given(st.floats(1e9, 2e9))
def test_what_is_open_every_day_for_a_day_is_always_open(moment: float) -> None:
    always = Weekly(days=EVERY_DAY, at=time(12, 0), lasts=25 * HOUR, zone=ZURICH)
    assert open_until(always, moment) is not None
