"""Which rung is due, when none is left, and what a person may order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import (
    CRASH,
    CRASHED,
    MISSING,
    NEWEST,
    NOW,
    OLDER,
    PROTECTED,
    RUNNING,
    WEBUI,
    attempt,
    tried,
)
from watchdog.model.container import ContainerState
from watchdog.model.health import Cause, Health
from watchdog.model.plan import Act, HandOver, Wait
from watchdog.model.record import Outcome, Rung
from watchdog.model.settings import RecoverySettings, RollbackMode
from watchdog.policy.budget import backoff
from watchdog.policy.ladder import rollback_target
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Situation, Surroundings

QUIET = Surroundings()
NEVER_BROUGHT_BACK = (attempt(Rung.START), attempt(Rung.RECREATE), attempt(Rung.RECREATE))
SPENT = tried(*NEVER_BROUGHT_BACK)
TRIED = "it exited with code 3; tried start, recreate, recreate"

UNHEALTHY = replace(
    CRASH,
    assessment=replace(CRASHED, cause=Cause.UNHEALTHY, reason="its health check fails"),
    container=RUNNING,
)
FAILED_START = replace(
    CRASH,
    assessment=replace(CRASHED, cause=Cause.FAILED_START, reason="its container could not be started: exit code 127"),
    container=replace(RUNNING, state=ContainerState.CREATED, exit_code=127),
    config_hash="v3",
)
GONE = replace(CRASH, assessment=MISSING, container=None, config_hash=None, bad_since=NOW - 60.0)


def rung_of(situation: Situation) -> Rung | None:
    decision = decide(situation, QUIET, NOW)
    return decision.rung if isinstance(decision, Act) else None


@pytest.mark.parametrize(
    ("state", "rung"),
    [
        (ContainerState.EXITED, Rung.START),
        (ContainerState.CREATED, Rung.START),
        (ContainerState.DEAD, Rung.START),
        (ContainerState.RUNNING, Rung.RESTART),
        (ContainerState.RESTARTING, Rung.RESTART),
        (ContainerState.PAUSED, Rung.RESTART),
    ],
)
def test_what_is_down_is_started_and_what_docker_holds_up_is_restarted(state: ContainerState, rung: Rung) -> None:
    """The engine ignores a start of what it restarts by itself, and refuses that of what is paused."""
    assert rung_of(replace(CRASH, container=replace(RUNNING, state=state))) is rung


def test_after_a_failed_attempt_the_container_is_recreated() -> None:
    decision = decide(tried(attempt(Rung.START)), QUIET, NOW)
    assert decision == Act("it exited with code 3; attempt 2 of 3", Rung.RECREATE, Cause.CRASHED)


def test_a_missing_container_is_recreated_at_every_attempt() -> None:
    assert rung_of(GONE) is rung_of(tried(attempt(Rung.RECREATE), situation=GONE)) is Rung.RECREATE


def test_a_container_that_is_being_removed_is_recreated_at_once_only_by_order() -> None:
    removing = replace(GONE, container=replace(RUNNING, state=ContainerState.REMOVING))
    assert decide(removing, QUIET, NOW) == Wait("the engine is still removing its container")
    assert rung_of(ordered(None, removing)) is Rung.RECREATE


def test_between_attempts_there_is_a_wait() -> None:
    wait = backoff(WEBUI, 1, RecoverySettings())
    decision = decide(tried(attempt(Rung.START, ago=1.0)), QUIET, NOW)
    assert decision == Wait("attempt 1 of 3 failed: backing off", NOW - 1.0 + wait)


def test_a_recovery_that_did_not_last_is_not_called_a_failed_one() -> None:
    decision = decide(tried(attempt(Rung.START, ago=1.0, outcome=Outcome.RECOVERED)), QUIET, NOW)
    assert decision.because == "it is bad again after attempt 1 of 3: backing off"


def test_after_three_attempts_the_last_proven_deployment_comes_back() -> None:
    decision = decide(SPENT, QUIET, NOW)
    assert decision == Act(f"{TRIED}; going back to the last proven deployment", Rung.ROLLBACK, Cause.CRASHED)


def test_attempts_before_the_window_no_longer_count() -> None:
    assert rung_of(tried(*[attempt(Rung.START, ago=601.0)] * 3)) is Rung.START


def test_a_service_that_is_slow_to_start_runs_out_of_attempts_too() -> None:
    slow = replace(CRASH, container=replace(CRASH.container or RUNNING, start_period=300.0))
    attempts = (
        attempt(Rung.START, ago=2 * 420.0),
        attempt(Rung.RECREATE, ago=420.0),
        attempt(Rung.RECREATE, ago=100.0),
    )
    assert rung_of(tried(*attempts, situation=slow)) is Rung.ROLLBACK


def test_a_bad_certificate_is_a_persons_at_once() -> None:
    expired = replace(UNHEALTHY, assessment=replace(CRASHED, cause=Cause.CERTIFICATE, reason="tls fails: expired"))
    assert decide(expired, QUIET, NOW) == HandOver("tls fails: expired; no restart mends a certificate")


def test_a_failed_start_of_another_deployment_is_rolled_back_at_once() -> None:
    sentence = "its container could not be started: exit code 127; going back to the last proven deployment"
    assert decide(FAILED_START, QUIET, NOW) == Act(sentence, Rung.ROLLBACK, Cause.FAILED_START)


def test_a_failed_start_of_the_proven_deployment_climbs_the_ladder() -> None:
    same = replace(FAILED_START, config_hash="v2", record=replace(PROTECTED, baselines=(NEWEST,)))
    assert rung_of(same) is Rung.START


def test_a_failed_start_of_an_unidentified_deployment_climbs_the_ladder() -> None:
    assert rung_of(replace(FAILED_START, config_hash=None)) is Rung.START


def test_without_another_proven_deployment_a_person_takes_over() -> None:
    alone = tried(*NEVER_BROUGHT_BACK, baselines=(NEWEST,))
    assert decide(alone, QUIET, NOW) == HandOver(f"{TRIED}; there is no other proven deployment to go back to")


def test_running_out_of_memory_is_not_rolled_back() -> None:
    oom = replace(SPENT, assessment=replace(CRASHED, cause=Cause.OUT_OF_MEMORY))
    sentence = f"{TRIED}; another deployment would not help against running out of memory"
    assert decide(oom, QUIET, NOW) == HandOver(sentence)


def test_where_rollback_is_switched_off_a_person_takes_over() -> None:
    never = replace(SPENT, settings=RecoverySettings(rollback=RollbackMode.NEVER))
    assert decide(never, QUIET, NOW) == HandOver(f"{TRIED}; rollback is switched off (recovery.rollback)")


WRITES = replace(SPENT, container=replace(RUNNING, state=ContainerState.EXITED, writable_mounts=True))


def test_what_may_have_written_data_is_rolled_back_by_a_person_only() -> None:
    sentence = f"{TRIED}; it has writable mounts, so going back to an older deployment is a person's call"
    assert decide(WRITES, QUIET, NOW) == HandOver(sentence)


def test_what_is_gone_is_not_said_to_have_writable_mounts_though_a_person_decides_on_its_rollback() -> None:
    gone = tried(*NEVER_BROUGHT_BACK, situation=GONE)
    sentence = (
        "it has no container; tried start, recreate, recreate; with no container to tell whether it writes data, "
        "going back to an older deployment is a person's call"
    )
    assert decide(gone, QUIET, NOW) == HandOver(sentence)


@pytest.mark.parametrize("situation", [WRITES, tried(*NEVER_BROUGHT_BACK, situation=GONE)])
def test_rollback_always_means_always(situation: Situation) -> None:
    assert rung_of(replace(situation, settings=RecoverySettings(rollback=RollbackMode.ALWAYS))) is Rung.ROLLBACK


def test_what_was_never_proven_and_is_gone_cannot_be_recreated() -> None:
    unproven = replace(GONE, record=replace(PROTECTED, baselines=()))
    sentence = "it has no container; no deployment of it was ever proven, so there is nothing to recreate it from"
    assert decide(unproven, QUIET, NOW) == HandOver(sentence)


def test_a_failed_rollback_is_the_end_of_the_ladder() -> None:
    decision = decide(tried(*NEVER_BROUGHT_BACK, attempt(Rung.ROLLBACK)), QUIET, NOW)
    assert decision == HandOver(f"{TRIED}, rollback: a rollback is never rolled back")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PENDING])
def test_a_rollback_that_did_not_help_is_handed_over_without_another_wait(outcome: Outcome) -> None:
    failed = tried(attempt(Rung.ROLLBACK, outcome=outcome, ago=0.0), situation=FAILED_START)
    assert isinstance(decide(failed, QUIET, NOW), HandOver)


def test_after_a_rollback_that_did_not_last_there_is_a_wait() -> None:
    decision = decide(tried(attempt(Rung.ROLLBACK, ago=1.0, outcome=Outcome.RECOVERED)), QUIET, NOW)
    assert decision.because == "it is bad again after the rollback: backing off"


def test_what_a_rollback_brought_back_is_still_brought_back_when_it_is_removed() -> None:
    assert rung_of(tried(attempt(Rung.ROLLBACK, outcome=Outcome.RECOVERED), situation=GONE)) is Rung.RECREATE


def test_a_rollback_that_once_helped_is_not_rolled_back() -> None:
    helped = attempt(Rung.ROLLBACK, outcome=Outcome.RECOVERED)
    decision = decide(tried(*NEVER_BROUGHT_BACK[:2], helped), QUIET, NOW)
    sentence = (
        "it exited with code 3; tried start, recreate, rollback; a rollback is never rolled back, not even a person's"
    )
    assert decision == HandOver(sentence)


def test_a_persons_rollback_is_not_rolled_back_either() -> None:
    persons = attempt(Rung.ROLLBACK, outcome=Outcome.RECOVERED, by_operator=True, ago=300.0)
    decision = decide(tried(persons, *NEVER_BROUGHT_BACK), QUIET, NOW)
    assert decision == HandOver(f"{TRIED}; a rollback is never rolled back, not even a person's")


@pytest.mark.parametrize("rung", [Rung.START, Rung.RECREATE])
def test_an_interrupted_attempt_says_nothing_of_its_rung_and_counts_all_the_same(rung: Rung) -> None:
    interrupted = attempt(rung, outcome=Outcome.INTERRUPTED)
    assert rung_of(tried(interrupted)) is Rung.START
    assert rung_of(tried(attempt(Rung.START), interrupted)) is Rung.RECREATE
    assert rung_of(tried(interrupted, interrupted, interrupted)) is Rung.ROLLBACK
    waits = decide(tried(replace(interrupted, at=NOW - 1.0)), QUIET, NOW)
    assert waits.because == "attempt 1 of 3 was interrupted: backing off"


def test_an_interrupted_rollback_was_undone_and_is_tried_again_as_often_as_any_attempt() -> None:
    interrupted = attempt(Rung.ROLLBACK, outcome=Outcome.INTERRUPTED)
    assert rung_of(tried(*NEVER_BROUGHT_BACK, interrupted, interrupted)) is Rung.ROLLBACK
    decision = decide(tried(*NEVER_BROUGHT_BACK, interrupted, interrupted, interrupted), QUIET, NOW)
    assert decision == HandOver(
        f"{TRIED}, rollback, rollback, rollback; the daemon ended in the middle of each rollback"
    )


BUSY = Surroundings(restarts=tuple(NOW - 50.0 + n for n in range(10)))


@pytest.mark.parametrize("situation", [UNHEALTHY, tried(attempt(Rung.RESTART), situation=UNHEALTHY)])
def test_running_containers_are_taken_down_by_a_common_budget(situation: Situation) -> None:
    sentence = "too many running containers were restarted within a minute"
    assert decide(situation, BUSY, NOW) == Wait(sentence, NOW + 10.0)
    assert isinstance(decide(situation, BUSY, NOW + 10.0), Act)


def test_a_lowered_budget_waits_until_enough_restarts_are_old() -> None:
    tight = replace(UNHEALTHY, settings=RecoverySettings(restarts_per_minute=2))
    assert decide(tight, BUSY, NOW) == Wait(
        "too many running containers were restarted within a minute", NOW - 50.0 + 8 + 60.0
    )


@pytest.mark.parametrize(
    "situation",
    [CRASH, GONE, replace(CRASH, container=replace(RUNNING, state=ContainerState.RESTARTING))],
)
def test_what_does_not_run_does_not_wait_for_that_budget(situation: Situation) -> None:
    assert isinstance(decide(situation, BUSY, NOW), Act)


def ordered(rung: Rung | None, situation: Situation = CRASH) -> Situation:
    return replace(situation, ordered=Ordered(since=NOW - 50.0, rung=rung))


def test_an_ordered_rung_is_climbed_once() -> None:
    decision = decide(ordered(Rung.RECREATE), QUIET, NOW)
    assert decision == Act("ordered by a person (it exited with code 3)", Rung.RECREATE, Cause.CRASHED)


def test_an_ordered_rung_is_climbed_though_the_service_is_good() -> None:
    good = replace(CRASH, assessment=replace(CRASHED, health=Health.HEALTHY, cause=Cause.NONE, reason="runs"))
    assert rung_of(ordered(Rung.RESTART, replace(good, container=RUNNING))) is Rung.RESTART


@pytest.mark.parametrize(("said", "told"), [("port taken", "port taken"), ("", "it exited with code 3")])
def test_an_ordered_rung_that_did_not_help_says_why(said: str, told: str) -> None:
    failed = tried(attempt(Rung.RECREATE, ago=10.0, by_operator=True, reason=said))
    decision = decide(ordered(Rung.RECREATE, failed), QUIET, NOW)
    assert decision == HandOver(f"the ordered recreate did not bring it back: {told}")


@pytest.mark.parametrize("rung", [Rung.START, Rung.RESTART])
def test_what_is_gone_cannot_be_started_or_restarted_by_order(rung: Rung) -> None:
    decision = decide(ordered(rung, GONE), QUIET, NOW)
    assert decision == HandOver(f"it has no container to {rung}: order `--action recreate`")


def test_an_ordered_rollback_needs_another_proven_deployment() -> None:
    alone = replace(CRASH, record=replace(PROTECTED, baselines=(NEWEST,)))
    assert decide(ordered(Rung.ROLLBACK, alone), QUIET, NOW) == HandOver(
        "there is no other proven deployment to go back to"
    )
    assert rung_of(ordered(Rung.ROLLBACK)) is Rung.ROLLBACK


def test_a_person_may_order_a_rollback_of_a_rollback() -> None:
    assert rung_of(ordered(Rung.ROLLBACK, tried(attempt(Rung.ROLLBACK)))) is Rung.ROLLBACK


def test_an_order_has_a_budget_of_its_own() -> None:
    before = attempt(Rung.START, ago=50.1, by_operator=True)
    own = [attempt(Rung.RECREATE, ago=50.0, by_operator=True)] * 2
    assert rung_of(ordered(None, tried(*NEVER_BROUGHT_BACK, before))) is Rung.START
    assert rung_of(ordered(None, tried(*NEVER_BROUGHT_BACK, before, *own))) is Rung.RECREATE
    assert rung_of(ordered(None, tried(*own, own[0]))) is Rung.ROLLBACK


@pytest.mark.parametrize(
    ("hash_now", "target"),
    [("v2", 1), ("v1", 0), ("v3", 0), (None, 1)],
)
def test_a_rollback_goes_to_the_newest_proven_deployment_that_differs(hash_now: str | None, target: int) -> None:
    assert rollback_target(PROTECTED, hash_now) == target


def test_without_a_baseline_or_with_equal_ones_there_is_nothing_to_go_back_to() -> None:
    assert rollback_target(replace(PROTECTED, baselines=()), None) is None
    assert rollback_target(replace(PROTECTED, baselines=()), "v2") is None
    assert rollback_target(replace(PROTECTED, baselines=(OLDER, OLDER)), "v1") is None


def test_a_new_deployment_that_cannot_start_climbs_the_ladder_where_nothing_may_be_rolled_back() -> None:
    never = replace(FAILED_START, settings=RecoverySettings(rollback=RollbackMode.NEVER))
    assert rung_of(never) is Rung.START
