"""The reasons for which nothing is done (yet), the strongest first: one test for each guard and its sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.policy.samples import CRASH, CRASHED, MISSING, NOW, PROTECTED, RUNNING, attempt, tried
from watchdog.model.health import Cause, Health
from watchdog.model.plan import Act, Decision, Rest, Wait
from watchdog.model.record import Desired, Outcome, Pause, Rung
from watchdog.model.settings import RecoverySettings
from watchdog.policy.flapping import Flapping
from watchdog.policy.guards import GRACED, for_want_of_roots, grace_ends
from watchdog.policy.holds import Hold
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Situation, Surroundings

QUIET = Surroundings()
ACTS = Act("it exited with code 3; attempt 1 of 3", Rung.START, Cause.CRASHED)
GRACE_OF_MISSING = Wait(
    "it has no container; a person or a deployment may be at work (absence grace)", until=NOW + 10.0
)

GONE = replace(CRASH, assessment=MISSING, container=None, config_hash=None)
FAILS_ITS_CHECK = replace(
    CRASH, assessment=replace(CRASHED, cause=Cause.CHECK_FAILED, reason="http fails: connection refused")
)


def seen(health: Health, cause: Cause = Cause.NONE, reason: str = "as told") -> Situation:
    return replace(CRASH, assessment=replace(CRASHED, health=health, cause=cause, reason=reason))


def wanted(desired: Desired) -> Situation:
    return replace(CRASH, record=replace(PROTECTED, desired=desired))


def test_a_crashed_service_is_started_at_once_when_nothing_speaks_against_it() -> None:
    assert decide(CRASH, QUIET, NOW) == ACTS


def test_while_the_engine_is_away_nothing_is_done() -> None:
    away = Surroundings(engine_away="the engine does not answer")
    assert decide(CRASH, away, NOW) == Wait("no action: the engine does not answer")


def test_when_the_engine_is_back_things_settle_first() -> None:
    back = Surroundings(settled_at=NOW + 10.0)
    sentence = "the engine has just come back: things settle before anything is judged"
    assert decide(CRASH, back, NOW) == Wait(sentence, NOW + 10.0)
    assert decide(CRASH, back, NOW + 10.0) == ACTS


def test_what_was_told_to_end_is_given_its_time_to_do_so() -> None:
    told = replace(FAILS_ITS_CHECK, ends_until=NOW + 15.0)
    assert decide(told, QUIET, NOW) == Wait("it was told to end, and is given its stop time-out to do so", NOW + 15.0)


def test_a_healthy_service_rests_without_a_word() -> None:
    assert decide(seen(Health.HEALTHY), QUIET, NOW) == Rest("")


@pytest.mark.parametrize("health", [health for health in Health if not health.bad and health is not Health.HEALTHY])
def test_what_is_not_bad_rests_and_says_how_it_is(health: Health) -> None:
    assert decide(seen(health), QUIET, NOW) == Rest("as told")


def test_a_daemon_that_lives_for_orders_only_does_nothing_else() -> None:
    ending = Surroundings(orders_only="the daemon is stopping")
    assert decide(CRASH, ending, NOW) == Rest("the daemon is stopping")


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        (Desired.UNPROVEN, "reported only: it was never proven healthy"),
        (Desired.DONE, "nothing asks for it to be up"),
        (Desired.STOPPED, "nothing asks for it to be up"),
        (Desired.RETIRED, "it was retired on purpose"),
    ],
)
def test_what_nobody_wants_up_is_reported_only(desired: Desired, sentence: str) -> None:
    assert decide(wanted(desired), QUIET, NOW) == Rest(sentence)


def test_with_recovery_switched_off_a_service_is_reported_only() -> None:
    off = replace(CRASH, settings=RecoverySettings(enabled=False))
    assert decide(off, QUIET, NOW) == Rest("reported only: recovery is off (recovery.enabled)")


def test_a_pause_is_respected_until_it_ends() -> None:
    pause = Pause(until=NOW + 60.0, reason="moving the disk", by="ada")
    paused = replace(CRASH, record=replace(PROTECTED, pause=pause))
    assert decide(paused, QUIET, NOW) == Wait("paused by ada: moving the disk", NOW + 60.0)
    assert decide(paused, QUIET, NOW + 60.0) == ACTS


def test_what_an_open_deployment_covers_is_left_to_it_by_whoever_orders() -> None:
    covered = replace(CRASH, deployment="deployment 3 is under way and alone acts here")
    assert decide(covered, QUIET, NOW) == Wait("no action: deployment 3 is under way and alone acts here")
    ordered = replace(covered, ordered=Ordered(NOW))
    assert decide(ordered, QUIET, NOW) == Rest("deployment 3 is under way and alone acts here")


def test_in_a_maintenance_window_action_waits_unless_a_person_orders_it() -> None:
    window = Hold('in maintenance window "disks" until 02:00', NOW + 60.0, excuses=True)
    maintained = replace(CRASH, maintenance=window)
    assert decide(maintained, QUIET, NOW) == Wait(window.because, NOW + 60.0)
    assert isinstance(decide(replace(maintained, ordered=Ordered(NOW)), QUIET, NOW), Act)


def test_what_was_handed_to_a_person_waits_for_that_person() -> None:
    handed = replace(CRASH, record=replace(PROTECTED, quarantined="three attempts failed"))
    assert decide(handed, QUIET, NOW) == Wait("handed to a person: three attempts failed")


def test_a_failing_check_is_not_believed_while_the_observer_is_suspected() -> None:
    blind = Surroundings(observer_suspected="3 unrelated checks fail")
    assert decide(FAILS_ITS_CHECK, blind, NOW) == Wait("no action: 3 unrelated checks fail")


def test_a_failing_check_is_not_believed_before_the_others_were_asked() -> None:
    sentence = "other checks are asked first, to know whether it is the observer who is blind"
    assert decide(replace(FAILS_ITS_CHECK, others_asked=False), QUIET, NOW) == Wait(sentence)
    assert isinstance(decide(FAILS_ITS_CHECK, QUIET, NOW), Act)


@pytest.mark.parametrize("situation", [CRASH, replace(CRASH, others_asked=False)])
def test_a_blind_observer_still_sees_what_the_engine_says(situation: Situation) -> None:
    assert decide(situation, Surroundings(observer_suspected="3 unrelated checks fail"), NOW) == ACTS


FLAPPING = Flapping("http", "http flaps: 34 % of its last 21 states changed", 60.0)


@pytest.mark.parametrize("cause", [Cause.CHECK_FAILED, Cause.UNHEALTHY])
def test_what_flaps_is_not_acted_on_before_it_stays_bad(cause: Cause) -> None:
    flaps = replace(seen(Health.UNHEALTHY, cause), flapping=FLAPPING)
    sentence = f"{FLAPPING.because}; recovery waits until it stays bad or settles"
    assert decide(flaps, QUIET, NOW) == Wait(sentence, NOW + 60.0)
    assert isinstance(decide(flaps, QUIET, NOW + 60.0), Act)


@pytest.mark.parametrize("cause", [Cause.CRASHED, Cause.MISSING, Cause.OUT_OF_MEMORY, Cause.NAMESPACE_LOST])
def test_what_no_answer_tells_is_acted_on_however_it_flapped_before(cause: Cause) -> None:
    flaps = replace(seen(Health.UNHEALTHY, cause), flapping=FLAPPING)
    assert isinstance(decide(flaps, QUIET, NOW + 10.0), Act)


def test_an_order_is_carried_out_though_it_flaps() -> None:
    flaps = replace(seen(Health.UNHEALTHY, Cause.CHECK_FAILED), flapping=FLAPPING, ordered=Ordered(NOW))
    assert isinstance(decide(flaps, QUIET, NOW), Act)


def test_what_is_good_while_it_flaps_keeps_its_incident_and_says_so() -> None:
    good = replace(seen(Health.HEALTHY, Cause.NONE), flapping=FLAPPING)
    assert decide(good, QUIET, NOW) == Rest("")
    held = replace(good, record=replace(PROTECTED, incident=7))
    assert decide(held, QUIET, NOW) == Rest(f"{FLAPPING.because}; its incident stays open until it settles")


def test_roots_that_are_down_come_first() -> None:
    waits = replace(CRASH, roots_down=("shop/api", "shop/db"))
    assert decide(waits, QUIET, NOW) == Wait("waiting for shop/api, shop/db")


def test_what_a_lost_root_explains_waits_for_the_person_who_has_the_root() -> None:
    waits = replace(FAILS_ITS_CHECK, roots_lost=("shop/db",))
    assert decide(waits, QUIET, NOW) == Wait("waiting for shop/db, which waits for a person")


@pytest.mark.parametrize(
    "cause", [Cause.MISSING, Cause.CRASHED, Cause.KILLED, Cause.OUT_OF_MEMORY, Cause.OPERATOR_STOP]
)
def test_what_a_lost_root_does_not_explain_is_brought_back_without_it(cause: Cause) -> None:
    later = NOW + 10.0
    assert isinstance(decide(replace(seen(Health.UNHEALTHY, cause), roots_lost=("shop/db",)), QUIET, later), Act)


def test_a_root_that_is_not_judged_yet_explains_a_check_that_fails_and_no_crash() -> None:
    waits = replace(FAILS_ITS_CHECK, roots_unsettled=("shop/db",))
    assert decide(waits, QUIET, NOW) == Wait("shop/db, which it needs, is judged first")
    assert decide(replace(CRASH, roots_unsettled=("shop/db",)), QUIET, NOW) == ACTS


def test_a_health_check_that_a_root_has_spoilt_is_asked_anew_before_it_is_believed() -> None:
    sick = replace(seen(Health.UNHEALTHY, Cause.UNHEALTHY), container=replace(RUNNING, healthcheck_period=40.0))
    since_root = replace(sick, bad_since=NOW - 10.0, root_good_at=NOW)
    because = "what it needs is good again: its health check is asked anew before it is judged"
    assert decide(since_root, QUIET, NOW) == Wait(because, NOW + 40.0)
    assert isinstance(decide(since_root, QUIET, NOW + 40.0), Act)
    assert isinstance(decide(replace(since_root, bad_since=NOW), QUIET, NOW), Act)
    assert isinstance(decide(sick, QUIET, NOW), Act)
    assert isinstance(decide(replace(CRASH, bad_since=NOW - 10.0, root_good_at=NOW), QUIET, NOW), Act)
    later = NOW + 10.0
    without = replace(since_root, container=None, assessment=replace(sick.assessment, health=Health.MISSING))
    assert isinstance(decide(without, QUIET, later), Act)


@pytest.mark.parametrize(
    ("cause", "roots", "because"),
    [
        (Cause.CRASHED, {"roots_down": ("shop/db",)}, "waiting for shop/db"),
        (Cause.UNHEALTHY, {"roots_lost": ("shop/db",)}, "waiting for shop/db, which waits for a person"),
        (Cause.CHECK_FAILED, {"roots_unsettled": ("shop/db",)}, "shop/db, which it needs, is judged first"),
        (Cause.UNHEALTHY, {"roots_unsettled": ("shop/db",)}, "shop/db, which it needs, is judged first"),
        (Cause.CRASHED, {}, None),
        (Cause.MISSING, {"roots_down": ("shop/db",)}, None),
        (Cause.OUT_OF_MEMORY, {"roots_down": ("shop/db",)}, None),
    ],
)
def test_what_fails_for_want_of_a_root_is_part_of_its_incident(
    cause: Cause, roots: dict[str, Any], because: str | None
) -> None:
    assert for_want_of_roots(replace(seen(Health.UNHEALTHY, cause), **roots), QUIET, NOW) == because


@pytest.mark.parametrize("cause", [Cause.CRASHED, Cause.UNHEALTHY, Cause.CHECK_FAILED])
def test_what_fails_and_has_roots_waits_for_the_news_of_their_deaths(cause: Cause) -> None:
    because = "what it needs may have failed with it: the news of that has a moment to come"
    dependent = replace(seen(Health.UNHEALTHY, cause), needs_others=True, bad_since=NOW)
    assert decide(dependent, QUIET, NOW) == Wait(because, NOW + 0.25)
    assert for_want_of_roots(dependent, QUIET, NOW) == because
    assert isinstance(decide(dependent, QUIET, NOW + 0.25), Act)
    burst = Surroundings(last_death=NOW + 0.2)
    assert decide(dependent, burst, NOW + 0.25) == Wait(because, NOW + 0.2 + 0.25)
    for_ever = Surroundings(last_death=NOW + 2.0)
    assert decide(dependent, for_ever, NOW + 1.9) == Wait(because, NOW + 2.0)
    assert isinstance(decide(dependent, for_ever, NOW + 2.0), Act)
    assert isinstance(decide(replace(GONE, needs_others=True), QUIET, NOW + 10.0), Act)


def test_dockers_restart_policy_has_its_turn_first() -> None:
    waits = replace(CRASH, dockers_turn_until=NOW + 20.0)
    assert decide(waits, QUIET, NOW) == Wait("Docker's restart policy has its turn", NOW + 20.0)


def test_docker_has_no_second_turn_once_the_ladder_is_being_climbed() -> None:
    climbing = replace(tried(attempt(Rung.RESTART)), dockers_turn_until=NOW + 20.0)
    assert isinstance(decide(climbing, QUIET, NOW), Act)


def test_docker_has_its_turn_again_after_a_closed_incident() -> None:
    waits = Wait("Docker's restart policy has its turn", NOW + 20.0)
    recovered = tried(attempt(Rung.RESTART, outcome=Outcome.RECOVERED))
    by_itself = tried(attempt(Rung.RESTART), last_incident_closed_at=NOW - 50.0)
    for situation in (recovered, by_itself):
        assert decide(replace(situation, dockers_turn_until=NOW + 20.0), QUIET, NOW) == waits


def test_a_kill_is_given_a_moment_to_turn_out_as_a_removal() -> None:
    killed = seen(Health.UNHEALTHY, Cause.KILLED)
    assert decide(killed, QUIET, NOW) == Wait("a kill may be the first half of a removal", NOW + 1.0)
    assert isinstance(decide(killed, QUIET, NOW + 1.0), Act)


def test_a_removed_service_is_recreated_after_the_absence_grace() -> None:
    assert decide(GONE, QUIET, NOW) == decide(GONE, QUIET, NOW + 9.9) == GRACE_OF_MISSING
    assert decide(GONE, QUIET, NOW + 10.0) == Act("it has no container; attempt 1 of 3", Rung.RECREATE, Cause.MISSING)


@pytest.mark.parametrize("cause", sorted(GRACED))
def test_everything_behind_which_a_person_may_stand_has_the_absence_grace(cause: Cause) -> None:
    situation = seen(Health.UNHEALTHY, cause, "it has no container")
    assert decide(situation, QUIET, NOW) == GRACE_OF_MISSING


def test_the_grace_counts_from_the_last_foreign_activity() -> None:
    assert grace_ends(replace(GONE, last_foreign=NOW + 21.0), QUIET) == NOW + 31.0
    assert grace_ends(replace(GONE, last_foreign=NOW - 500.0), QUIET) == NOW + 10.0


def test_the_grace_ends_two_minutes_after_the_loss_however_busy_others_are() -> None:
    assert grace_ends(replace(GONE, last_foreign=NOW + 119.0), QUIET) == NOW + 120.0


def test_the_grace_of_what_was_stopped_counts_from_the_last_stop_of_anything() -> None:
    stopped = seen(Health.UNHEALTHY, Cause.OPERATOR_STOP, "a person stopped it")
    others_are_stopped = Surroundings(last_stop=NOW + 15.0)
    assert grace_ends(stopped, others_are_stopped) == NOW + 25.0
    assert grace_ends(GONE, others_are_stopped) == NOW + 10.0
    assert grace_ends(stopped, Surroundings(last_stop=NOW + 500.0)) == NOW + 120.0


def test_a_grace_longer_than_its_cap_is_kept_whole() -> None:
    patient = replace(GONE, settings=RecoverySettings(absence_grace=300.0, absence_max=120.0))
    assert grace_ends(patient, QUIET) == NOW + 300.0


def test_an_open_breaker_is_waited_for() -> None:
    sentence = "the engine refused too many calls: the breaker is open"
    assert decide(CRASH, Surroundings(breaker_until=NOW + 60.0), NOW) == Wait(sentence, NOW + 60.0)


ORDERED = Ordered(since=NOW)


@pytest.mark.parametrize(
    ("situation", "around"),
    [
        (replace(CRASH, record=replace(PROTECTED, pause=Pause(until=NOW + 9, reason="r", by="b"))), QUIET),
        (replace(CRASH, record=replace(PROTECTED, quarantined="three attempts failed")), QUIET),
        (wanted(Desired.RETIRED), QUIET),
        (wanted(Desired.UNPROVEN), QUIET),
        (replace(CRASH, settings=RecoverySettings(enabled=False)), QUIET),
        (replace(CRASH, roots_down=("shop/db",)), QUIET),
        (replace(CRASH, dockers_turn_until=NOW + 20.0), QUIET),
        (CRASH, Surroundings(orders_only="the daemon lives for one order only")),
        (tried(*[attempt(Rung.START)] * 3), QUIET),
    ],
)
def test_a_persons_order_overrides_what_only_protects_from_watchdog(situation: Situation, around: Surroundings) -> None:
    assert decide(replace(situation, ordered=ORDERED), around, NOW) == ACTS


def test_a_persons_order_skips_the_absence_grace() -> None:
    decision = decide(replace(GONE, ordered=ORDERED), QUIET, NOW)
    assert decision == Act("it has no container; attempt 1 of 3", Rung.RECREATE, Cause.MISSING)


@pytest.mark.parametrize(
    ("around", "expected"),
    [
        (Surroundings(engine_away="it is frozen"), Wait("no action: it is frozen")),
        (
            Surroundings(settled_at=NOW + 1),
            Wait("the engine has just come back: things settle before anything is judged", NOW + 1),
        ),
        (
            Surroundings(breaker_until=NOW + 1),
            Wait("the engine refused too many calls: the breaker is open", NOW + 1),
        ),
    ],
)
def test_a_persons_order_does_not_override_physics(around: Surroundings, expected: Decision) -> None:
    assert decide(replace(CRASH, ordered=ORDERED), around, NOW) == expected


@pytest.mark.parametrize("health", [Health.HEALTHY, Health.STARTING, Health.DONE, Health.UNKNOWN, Health.DEGRADED])
def test_an_order_to_recover_what_is_not_bad_does_nothing(health: Health) -> None:
    assert decide(replace(seen(health), ordered=ORDERED), QUIET, NOW) == Rest("as told")
