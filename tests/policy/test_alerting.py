"""Who is to be told of what now, and of what end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.alert import FILES
from watchdog.model.alerting import AlertStage, AlertState, Route
from watchdog.model.record import Severity
from watchdog.policy.alerting import Case, Telling, critical_at, due, ended, next_at
from watchdog.policy.holds import About, Hold
from watchdog.policy.routing import Rules

NOW = 10_000.0
WEBUI = About(subject="shop/webui", names=("shop/webui", "webui"), project="shop")
RULES = Rules(receivers=("mail",), group_wait=30.0)
SILENCE = Hold("silenced by ada", NOW + 600.0, excuses=False)
WINDOW = Hold("maintenance", NOW + 600.0, excuses=True)


def case(number: int = 7, *, ago: float = 0.0, about: About = WEBUI, allowed: float | None = 300.0) -> Case:
    """An incident that was detected `ago` seconds before NOW, half a second after it began."""
    detected = NOW - ago
    return Case(
        incident=number,
        about=about,
        severity=Severity.WARNING,
        failed_at=detected - 0.5,
        detected_at=detected,
        downtime_allowed=allowed,
        state=AlertState(waits_from=detected),
    )


def critical(one: Case, *, handed_over: bool = False) -> Case:
    return replace(one, severity=Severity.CRITICAL, handed_over=handed_over)


def after(one: Case, telling: Telling) -> Case:
    """The case once this is queued."""
    state = telling.states.get(one.incident, one.state)
    assert state is not None
    return replace(one, state=state)


def said(telling: Telling) -> list[tuple[str, str, str]]:
    return sorted((message.receiver, message.key, message.stage.value) for message in telling.messages)


def both(key: str, stage: str) -> list[tuple[str, str, str]]:
    return [(FILES, key, stage), ("mail", key, stage)]


def test_a_warning_waits_for_group_wait_and_is_told_once() -> None:
    one = case()
    assert due([one], RULES, NOW + 29.9) == Telling()
    assert next_at(one, RULES, NOW) == NOW + 30.0
    told = due([one], RULES, NOW + 30.0)
    assert said(told) == both("incident-7", "warning")
    assert {message.severity for message in told.messages} == {Severity.WARNING}
    assert due([after(one, told)], RULES, NOW + 3000.0) == Telling()


def test_what_is_critical_goes_at_once() -> None:
    assert said(due([critical(case())], RULES, NOW)) == both("incident-7", "critical")
    assert said(due([critical(case(), handed_over=True)], RULES, NOW)) == both("incident-7", "handed_over")


def test_a_warning_becomes_critical_and_then_a_persons_and_each_is_told_once_under_one_key() -> None:
    one, reminders, stages = case(ago=60.0), list[int](), list[str]()
    for now, severity, handed_over in [
        (0, Severity.WARNING, False),
        (1, Severity.WARNING, False),
        (2, Severity.CRITICAL, False),
        (3, Severity.CRITICAL, False),
        (4, Severity.CRITICAL, True),
        (5, Severity.CRITICAL, True),
        (6, Severity.CRITICAL, False),
    ]:
        one = replace(one, severity=severity, handed_over=handed_over)
        told = due([one], RULES, NOW + now)
        one = after(one, told)
        stages += [message.stage.value for message in told.messages if message.receiver == "mail"]
        reminders += [message.reminder for message in told.messages if message.receiver == "mail"]
        assert {message.key for message in told.messages} <= {"incident-7"}
    assert stages == ["warning", "critical", "handed_over"]
    assert reminders == [0, 1, 2]


def test_who_was_told_hears_that_it_is_over_and_nobody_else_does() -> None:
    pager = Route(receivers=("pager",), severity=Severity.CRITICAL, goes_on=True)
    rules = Rules(receivers=("mail", "pager"), routes=(pager, Route(receivers=("mail",))), group_wait=0.0)
    one = case()
    one = after(one, due([one], rules, NOW))
    over = ended(critical(one), [], rules, NOW)
    assert said(over) == both("incident-7", "over")
    assert all(message.resolved for message in over.messages)
    assert over.states == {7: None}
    worse = critical(one)
    worse = after(worse, due([worse], rules, NOW))
    assert said(ended(worse, [], rules, NOW)) == [*both("incident-7", "over"), ("pager", "incident-7", "over")]


def test_what_is_good_again_before_anybody_was_told_is_news_for_the_files_and_for_who_asks_for_it() -> None:
    over = ended(case(), [], RULES, NOW + 5.0)
    assert said(over) == [(FILES, "info-7", "over")]
    assert over.messages[0].severity is Severity.INFO
    assert not over.messages[0].resolved
    curious = replace(RULES, routes=(Route(receivers=("mail",), severity=Severity.INFO),))
    assert said(ended(case(), [], curious, NOW)) == both("info-7", "over")
    assert said(ended(replace(case(), hold=SILENCE), [], curious, NOW)) == [(FILES, "info-7", "over")]


@pytest.mark.parametrize("hold", [SILENCE, WINDOW])
def test_what_holds_keeps_everybody_but_the_files_from_hearing_and_never_keeps_an_end_from_anybody(hold: Hold) -> None:
    told = case(ago=60.0)
    told = after(told, due([told], RULES, NOW))
    held = replace(critical(case(8)), hold=hold)
    assert said(due([held], RULES, NOW)) == [(FILES, "incident-8", "critical")]
    assert due([replace(told, hold=hold)], RULES, NOW).messages == ()
    assert said(ended(replace(told, hold=hold), [], RULES, NOW)) == both("incident-7", "over")


def test_when_a_silence_ends_what_is_still_broken_is_told_at_once() -> None:
    one = replace(case(ago=60.0), hold=SILENCE)
    one = after(one, due([one], RULES, NOW))
    assert next_at(one, RULES, NOW + 300.0) == SILENCE.until
    assert said(due([replace(one, hold=None)], RULES, SILENCE.until)) == [("mail", "incident-7", "warning")]


def test_when_maintenance_ends_recovery_has_its_turn_before_anybody_is_told() -> None:
    one = replace(case(ago=60.0), hold=WINDOW)
    assert critical_at(one, NOW) == WINDOW.until + 300.0
    one = after(one, due([one], RULES, NOW))
    one = replace(one, hold=None)
    assert due([one], RULES, WINDOW.until) == Telling()
    assert next_at(one, RULES, WINDOW.until) == WINDOW.until + 30.0
    assert said(due([one], RULES, WINDOW.until + 30.0)) == both("incident-7", "warning")
    assert critical_at(one, WINDOW.until) == WINDOW.until + 300.0


def test_when_maintenance_ends_before_its_time_patience_begins_then() -> None:
    one = replace(case(ago=60.0), hold=WINDOW)
    one = replace(after(one, due([one], RULES, NOW)), hold=None)
    ended_at = NOW + 10.0
    assert critical_at(one, ended_at) == ended_at + 300.0
    one = after(one, due([one], RULES, ended_at))
    assert due([one], RULES, ended_at + 29.0).messages == ()
    assert said(due([one], RULES, ended_at + 30.0)) == both("incident-7", "warning")


def test_the_end_of_a_window_that_moves_a_little_is_the_same_end() -> None:
    one = replace(case(ago=60.0), hold=WINDOW)
    one = after(one, due([one], RULES, NOW))
    one = replace(one, hold=replace(WINDOW, until=WINDOW.until + 0.001))
    assert due([one], RULES, NOW + 1.0) == Telling()


def test_downtime_counts_from_the_failure_until_it_is_critical() -> None:
    assert critical_at(case(), NOW) == NOW - 0.5 + 300.0
    assert next_at(after(case(), due([case()], RULES, NOW + 30.0)), RULES, NOW + 30.0) == NOW + 299.5
    assert critical_at(critical(case()), NOW) is None
    assert critical_at(case(allowed=None), NOW) is None


def test_reminders_come_as_long_as_it_is_critical_and_are_counted() -> None:
    rules = replace(RULES, repeat=3600.0)
    one, counts = critical(case()), list[int]()
    for hour in range(4):
        now = NOW + hour * 3600.0
        assert due([one], rules, now - 1.0).messages == () or hour == 0
        told = due([one], rules, now)
        one = after(one, told)
        counts += [message.reminder for message in told.messages if message.receiver == "mail"]
        assert [message.receiver for message in told.messages] == ([FILES, "mail"] if hour == 0 else ["mail"])
        assert next_at(one, rules, now) == now + 3600.0
    assert counts == [0, 1, 2, 3]
    assert due([one], RULES, NOW + 9e9) == Telling()


def test_nobody_is_reminded_of_a_warning() -> None:
    rules = replace(RULES, repeat=60.0)
    one = case(ago=60.0, allowed=None)
    one = after(one, due([one], rules, NOW))
    assert due([one], rules, NOW + 9e6) == Telling()
    assert next_at(one, rules, NOW) is None


def test_a_route_with_after_hears_what_has_lasted_so_long() -> None:
    rules = Rules(
        receivers=("mail", "boss"), routes=(Route(receivers=("mail",)), Route(receivers=("boss",), after=900))
    )
    one = case(allowed=None)
    one = after(one, due([one], rules, NOW + 30.0))
    assert next_at(one, rules, NOW + 30.0) == NOW + 900.0
    told = due([one], rules, NOW + 900.0)
    assert said(told) == [("boss", "incident-7", "warning")]
    assert said(ended(after(one, told), [], rules, NOW + 901.0)) == sorted(
        [*both("incident-7", "over"), ("boss", "incident-7", "over")]
    )


TOGETHER = replace(RULES, grouped=frozenset({"mail"}))


def test_warnings_of_a_project_go_as_one_and_take_along_what_still_waits() -> None:
    old, young = case(7, ago=30.0), case(8, ago=1.0)
    other = case(9, ago=1.0, about=replace(WEBUI, project="blog"))
    told = due([old, young, other], TOGETHER, NOW)
    assert said(told) == [(FILES, "incident-7", "warning"), ("mail", "group-7", "warning")]
    (group,) = [message for message in told.messages if message.receiver == "mail"]
    assert group.incidents == (7, 8)
    assert {message.together for message in told.messages if message.receiver == FILES} == {False}
    assert group.together
    assert set(told.states) == {7, 8}
    assert said(due([after(old, told), after(young, told)], TOGETHER, NOW + 29.0)) == [(FILES, "incident-8", "warning")]


def test_one_alone_is_told_under_its_own_key() -> None:
    assert said(due([case(ago=30.0)], TOGETHER, NOW)) == both("incident-7", "warning")


def test_what_was_told_together_is_over_when_the_last_of_it_is() -> None:
    cases = [case(number, ago=30.0) for number in (7, 8, 9)]
    told = due(cases, TOGETHER, NOW)
    first, second, third = (after(one, told) for one in cases)
    assert said(ended(first, [second.state, third.state], TOGETHER, NOW)) == [(FILES, "incident-7", "over")]
    assert said(ended(second, [third.state], TOGETHER, NOW)) == [(FILES, "incident-8", "over")]
    worse = critical(third)
    worse = after(worse, due([worse], TOGETHER, NOW))
    over = ended(worse, [], TOGETHER, NOW)
    assert said(over) == [(FILES, "incident-9", "over"), ("mail", "group-7", "over"), ("mail", "incident-9", "over")]
    assert [m.severity.value for m in over.messages if m.receiver == "mail"] == ["warning", "critical"]


def test_what_is_held_is_not_taken_along_and_what_is_critical_goes_alone() -> None:
    old, held, bad = case(7, ago=30.0), replace(case(8), hold=SILENCE), critical(case(9))
    told = due([old, held, bad], TOGETHER, NOW)
    assert [one for one in said(told) if one[0] == "mail"] == [
        ("mail", "incident-7", "warning"),
        ("mail", "incident-9", "critical"),
    ]


def test_the_stages_are_those_of_the_table() -> None:
    assert {message.stage for message in due([critical(case())], RULES, NOW).messages} == {AlertStage.CRITICAL}
