"""Who should call in: when silence is a failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check
from watchdog.model.probe.reports import HeartbeatProbe
from watchdog.policy.heartbeat import Heart, Pulse, Reading, heartbeat_name, may_stay_unwritten, read_heart

HOUR = 3600.0
EACH_DAY = HeartbeatProbe(heartbeat=24 * HOUR, grace=HOUR)
NOW = 1_000_000.0
JUST = Heart(since=0.0, called_at=NOW)


def read(heart: Heart, *, after: float = 0.0, heard_since: float = 0.0, born: float = 0.0) -> Reading:
    return read_heart(heart, EACH_DAY, NOW + after, heard_since=heard_since, born=born)


def test_a_call_is_good_for_its_period_and_the_grace_and_silent_from_that_second_on() -> None:
    assert read(JUST, after=25 * HOUR - 0.001).pulse is Pulse.CALLED
    assert read(JUST, after=25 * HOUR).pulse is Pulse.SILENT
    assert read(JUST, after=HOUR).due_in == 24 * HOUR
    assert read(JUST, after=HOUR).quiet_for == HOUR


def test_who_never_called_counts_from_when_it_was_first_asked_for() -> None:
    never = Heart(since=NOW)
    assert read(never, after=25 * HOUR - 1).pulse is Pulse.AWAITED
    assert read(never, after=25 * HOUR).pulse is Pulse.SILENT


def test_a_reported_failure_stands_until_a_better_call() -> None:
    failed = Heart(since=0.0, called_at=NOW, exit_code=3, message="disk full")
    assert read(failed).pulse is Pulse.REPORTED
    assert read(failed, after=100 * HOUR).pulse is Pulse.REPORTED


def test_what_was_due_while_nobody_listened_has_its_grace_anew() -> None:
    start = NOW + 30 * HOUR
    assert read(JUST, after=30 * HOUR, heard_since=start).pulse is Pulse.AWAITED
    assert read(JUST, after=31 * HOUR - 1, heard_since=start).pulse is Pulse.AWAITED
    assert read(JUST, after=31 * HOUR, heard_since=start).pulse is Pulse.SILENT


def test_without_grace_it_has_a_minute_after_a_start() -> None:
    strict = HeartbeatProbe(heartbeat=10.0, grace=0.0)
    pulses = [read_heart(JUST, strict, NOW + 20 + after, heard_since=NOW + 20, born=0.0).pulse for after in (59.9, 60)]
    assert pulses == [Pulse.AWAITED, Pulse.SILENT]


def test_a_start_before_the_call_moves_no_deadline() -> None:
    strict = HeartbeatProbe(heartbeat=10.0, grace=0.0)
    assert read_heart(JUST, strict, NOW + 10, heard_since=NOW - 1, born=0.0).pulse is Pulse.SILENT


def test_a_call_from_before_the_container_was_started_proves_nothing_of_it() -> None:
    assert read(JUST, after=2.0, born=NOW + 1).pulse is Pulse.AWAITED
    assert read(JUST, after=25 * HOUR, born=NOW + 1).pulse is Pulse.AWAITED
    assert read(JUST, after=25 * HOUR + 1, born=NOW + 1).pulse is Pulse.SILENT
    failed = Heart(since=0.0, called_at=NOW, exit_code=1)
    assert read(failed, after=2.0, born=NOW + 1).pulse is Pulse.AWAITED


def test_an_onlooker_allows_for_what_is_not_written_yet() -> None:
    read_late = read_heart(JUST, EACH_DAY, NOW + 25 * HOUR + 59, heard_since=0.0, born=0.0, unwritten=60.0)
    assert read_late.pulse is Pulse.AWAITED
    assert read_late.due_in == 1.0


@pytest.mark.parametrize(("period", "seconds"), [(1.0, 1.0), (30.0, 3.0), (600.0, 60.0), (24 * HOUR, 60.0)])
def test_a_call_may_stay_unwritten_for_a_tenth_of_its_period_or_a_minute(period: float, seconds: float) -> None:
    assert may_stay_unwritten(period) == seconds


def test_an_endpoint_is_called_by_its_name_and_a_check_by_its_services_too() -> None:
    worker = ServiceKey("shop", "worker")
    assert heartbeat_name(Check(name="backup", probe=EACH_DAY, endpoint=True)) == "backup"
    assert heartbeat_name(Check(name="backup", probe=EACH_DAY, endpoint=True, service=worker)) == "backup"
    assert heartbeat_name(Check(name="alive", probe=EACH_DAY, service=worker)) == "shop/worker/alive"


TIMES = st.floats(0, 1e9)


HEARTS = st.builds(Heart, since=TIMES, called_at=st.none() | TIMES)


@given(heart=HEARTS, heard=TIMES, born=TIMES, now=TIMES, later=st.floats(0, 1e6))
def test_silence_never_ends_by_itself(heart: Heart, heard: float, born: float, now: float, later: float) -> None:
    first, second = (read_heart(heart, EACH_DAY, at, heard_since=heard, born=born) for at in (now, now + later))
    if first.pulse is Pulse.SILENT:
        assert second.pulse is Pulse.SILENT
        assert first.due_in <= 0
