"""From what is seen of one service to its health and its sentence: one test per health and cause."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import EXITED, HTTP, RUNNING, WEBUI, containers, observed
from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.health import Cause, CheckStatus, Health
from watchdog.model.observation import OnFailure, Verdict
from watchdog.model.settings import OnStop, RecoverySettings, ServiceSettings
from watchdog.policy.assess import CERTIFICATE_CLASSES, ENDS_SOON, Sight, assess, for_people
from watchdog.policy.journeys import NOT_REACHED
from watchdog.policy.streak import Standing, Streak
from watchdog.probes.ask import FailureKind

SETTINGS = ServiceSettings()
CHECKED = ServiceSettings(checks=(HTTP,))
ALERTING = ServiceSettings(checks=(HTTP, replace(HTTP, name="tcp", on_failure=OnFailure.ALERT)))
RESPECTFUL = ServiceSettings(recovery=RecoverySettings(on_stop=OnStop.RESPECT))
LONG = 3600.0
PLAIN = Sight(service=WEBUI, settings=SETTINGS, container=RUNNING, running_for=LONG)
"""A container that has run for an hour, without health check and checks."""


def said(sight: Sight) -> tuple[Health, Cause, str]:
    seen = assess(sight)
    return seen.health, seen.cause, seen.reason


def of(container: Container | None, **sight: object) -> Sight:
    return replace(PLAIN, container=container, **sight)


def standing(where: Standing, verdict: Verdict, *, passed: bool = True, reason: str = "") -> Streak:
    last = observed(verdict, reason=reason)
    failed = last if verdict is Verdict.FAIL else None
    return Streak(where, verdict, 1, last, failed, 1.0 if passed else None)


def checked(streak: Streak | None, *, running_for: float = LONG) -> Sight:
    streaks = {"http": streak} if streak is not None else {}
    return replace(PLAIN, settings=CHECKED, streaks=streaks, running_for=running_for)


def test_while_the_engine_is_away_nothing_can_be_judged() -> None:
    sight = replace(of(None), engine_away="the engine does not answer")
    assert said(sight) == (Health.UNKNOWN, Cause.NONE, "cannot be judged: the engine does not answer")


def test_without_a_container_it_is_missing() -> None:
    assert said(of(None)) == (Health.MISSING, Cause.MISSING, "it has no container")


def test_with_a_container_that_is_being_removed_it_is_missing() -> None:
    removing = replace(RUNNING, state=ContainerState.REMOVING)
    assert said(of(removing)) == (Health.MISSING, Cause.MISSING, "it has no container: the engine is removing it")


def test_a_paused_container_is_a_persons_intent() -> None:
    paused = replace(RUNNING, state=ContainerState.PAUSED)
    assert said(of(paused)) == (Health.PAUSED, Cause.NONE, "its container is paused (`docker pause`)")


@pytest.mark.parametrize(
    ("error", "exit_code", "told"),
    [("exec: no such file", 127, "exec: no such file"), ("", 127, "exit code 127"), ("port taken", 0, "port taken")],
)
def test_a_container_that_could_not_be_started_is_a_failed_start(error: str, exit_code: int, told: str) -> None:
    created = replace(RUNNING, state=ContainerState.CREATED, error=error, exit_code=exit_code)
    assert said(of(created)) == (
        Health.UNHEALTHY,
        Cause.FAILED_START,
        f"its container could not be started: {told}",
    )


def test_a_container_that_nobody_started_was_left_so() -> None:
    created = replace(RUNNING, state=ContainerState.CREATED)
    assert said(of(created)) == (Health.UNHEALTHY, Cause.NOT_STARTED, "its container was created and not started")


@pytest.mark.parametrize(("restarts", "number"), [(0, 1), (1, 1), (4, 4)])
def test_a_container_that_docker_is_restarting_has_crashed(restarts: int, number: int) -> None:
    """The engine has counted the restart that it is about to make; a first look in the middle knows of none."""
    looping = replace(RUNNING, state=ContainerState.RESTARTING, exit_code=3)
    sentence = f"it exited with code 3; Docker is restarting it (restart {number})"
    assert said(of(looping, restarts=restarts)) == (Health.UNHEALTHY, Cause.CRASHED, sentence)


def test_a_container_that_docker_restarts_for_want_of_memory_says_so() -> None:
    looping = replace(RUNNING, state=ContainerState.RESTARTING, exit_code=137, oom_killed=True)
    assert assess(of(looping)).cause is Cause.OUT_OF_MEMORY


@pytest.mark.parametrize("state", [ContainerState.EXITED, ContainerState.DEAD])
def test_a_container_that_exited_by_itself_has_crashed(state: ContainerState) -> None:
    crashed = replace(EXITED, state=state, error="panic")
    assert said(of(crashed)) == (Health.UNHEALTHY, Cause.CRASHED, "it exited with code 3: panic")


def test_out_of_memory_is_told_apart_from_a_crash() -> None:
    dead = replace(EXITED, exit_code=137, oom_killed=True)
    assert said(of(dead)) == (
        Health.UNHEALTHY,
        Cause.OUT_OF_MEMORY,
        "it ran out of memory (it exited with code 137)",
    )


def test_a_docker_kill_is_told_apart_from_a_crash() -> None:
    sentence = "it was killed through the engine (`docker kill`; it exited with code 137)"
    sight = of(replace(EXITED, exit_code=137), killed_by_person=True)
    assert said(sight) == (Health.UNHEALTHY, Cause.KILLED, sentence)


@pytest.mark.parametrize("code", [0, 143])
def test_what_was_told_to_end_by_nobody_knows_whom_did_not_do_its_work(code: int) -> None:
    sentence = f"it was told to end, perhaps by the engine itself (it exited with code {code})"
    sight = of(replace(EXITED, exit_code=code), told_to_end=True)
    assert said(sight) == (Health.UNHEALTHY, Cause.CRASHED, sentence)


def test_a_health_check_that_was_asked_while_paused_says_nothing() -> None:
    unhealthy = replace(RUNNING, healthcheck=HealthcheckState.UNHEALTHY, healthcheck_output="it is paused")
    sentence = "its health check has not been asked since it was paused"
    assert said(of(unhealthy, probed_while_paused=True)) == (Health.UNKNOWN, Cause.NONE, sentence)
    assert said(of(unhealthy))[0] is Health.UNHEALTHY


def test_an_operators_stop_is_bad_unless_it_is_to_be_respected() -> None:
    stopped = of(replace(EXITED, exit_code=0), stopped_by_person=True)
    assert said(stopped) == (
        Health.UNHEALTHY,
        Cause.OPERATOR_STOP,
        "a person stopped it (it exited with code 0)",
    )
    respected = replace(stopped, settings=RESPECTFUL)
    assert said(respected) == (Health.PAUSED, Cause.NONE, "a person stopped it, which is respected (on_stop)")


@pytest.mark.parametrize("policy", [RestartPolicy.NO, RestartPolicy.ON_FAILURE])
def test_a_one_shot_that_exits_0_is_done(policy: RestartPolicy) -> None:
    over = replace(EXITED, exit_code=0, restart_policy=policy)
    sentence = "did its work: exited with code 0 and asks for no restart"
    assert said(of(over)) == (Health.DONE, Cause.NONE, sentence)


@pytest.mark.parametrize(
    "sight",
    [
        of(replace(EXITED, exit_code=0, restart_policy=RestartPolicy.ALWAYS)),
        of(replace(EXITED, exit_code=0, restart_policy=RestartPolicy.UNLESS_STOPPED)),
        of(replace(EXITED, exit_code=0, oom_killed=True)),
        of(replace(EXITED, exit_code=0), stopped_by_person=True),
        of(replace(EXITED, exit_code=0), settings=CHECKED),
        of(replace(EXITED, exit_code=0, state=ContainerState.DEAD)),
        of(EXITED),
    ],
)
def test_an_exit_code_alone_proves_no_work_done(sight: Sight) -> None:
    assert assess(sight).health is Health.UNHEALTHY


@pytest.mark.parametrize(("output", "told"), [("", ""), ("connection refused", ": connection refused")])
def test_a_failing_health_check_is_unhealthy_and_says_what_it_printed(output: str, told: str) -> None:
    sick = replace(RUNNING, healthcheck=HealthcheckState.UNHEALTHY, healthcheck_output=output)
    assert said(of(sick)) == (Health.UNHEALTHY, Cause.UNHEALTHY, f"its health check fails{told}")


def test_a_health_check_that_has_not_passed_yet_is_starting_however_long_it_takes() -> None:
    young = replace(RUNNING, healthcheck=HealthcheckState.STARTING)
    assert said(of(young)) == (Health.STARTING, Cause.NONE, "its health check has not passed yet")


def test_a_container_that_runs_and_passes_its_health_check_is_healthy() -> None:
    fit = replace(RUNNING, healthcheck=HealthcheckState.HEALTHY)
    assert said(of(fit, running_for=0.0)) == (Health.HEALTHY, Cause.NONE, "runs and passes its health check")


def test_a_container_of_which_only_running_is_known_must_run_for_a_while_first() -> None:
    young = assess(replace(PLAIN, running_for=4.0))
    assert (young.health, young.reason) == (
        Health.STARTING,
        "nothing but that it runs is known; good once it has run for 10 s",
    )
    assert young.changes_in == 6.0
    assert said(PLAIN) == (Health.HEALTHY, Cause.NONE, "runs")


def test_a_container_that_docker_restarted_must_run_for_a_while_first() -> None:
    fit = replace(RUNNING, healthcheck=HealthcheckState.HEALTHY)
    young = assess(of(fit, running_for=4.0, restarts=3))
    assert young.health is Health.STARTING
    assert young.reason == "Docker restarted it 3 times; good once it has run for 10 s"
    assert assess(of(fit, running_for=10.0, restarts=3)).health is Health.HEALTHY


def test_a_container_that_passes_its_checks_is_healthy_at_once() -> None:
    passing = checked(standing(Standing.PASSING, Verdict.PASS), running_for=0.0)
    assert said(passing) == (Health.HEALTHY, Cause.NONE, "runs and passes http")


def test_a_check_that_was_not_asked_yet_is_starting_until_it_had_time_to_start() -> None:
    young = assess(checked(None, running_for=59.0))
    assert (young.health, young.reason) == (Health.STARTING, "has not passed http yet")
    assert young.changes_in == 1.0
    assert young.checks == ()


def test_a_check_that_fails_before_it_ever_passed_is_starting_until_it_had_time_to_start() -> None:
    refused = standing(Standing.FAILING, Verdict.FAIL, passed=False, reason="refused")
    assert said(checked(refused, running_for=59.0)) == (
        Health.STARTING,
        Cause.NONE,
        "has not passed http yet (refused)",
    )
    assert said(checked(refused, running_for=60.0)) == (Health.UNHEALTHY, Cause.CHECK_FAILED, "http fails: refused")


def test_the_start_period_of_a_container_prolongs_the_time_to_start() -> None:
    slow = replace(RUNNING, start_period=30.0)
    sight = replace(checked(None, running_for=89.0), container=slow)
    assert assess(sight).changes_in == 1.0


def test_a_check_that_needs_two_passes_is_starting_after_the_first() -> None:
    first = standing(Standing.NEW, Verdict.PASS)
    assert said(checked(first, running_for=3.0)) == (Health.STARTING, Cause.NONE, "has not passed http yet")


def test_a_check_that_fails_after_it_passed_is_unhealthy_at_any_age() -> None:
    fails = standing(Standing.FAILING, Verdict.FAIL, reason="refused")
    assert said(checked(fails, running_for=1.0)) == (Health.UNHEALTHY, Cause.CHECK_FAILED, "http fails: refused")


def over_a_certificate(kind: str, check: str = "tls") -> Streak:
    last = replace(observed(Verdict.FAIL, check=check, reason=kind), evidence={"class": kind})
    return Streak(Standing.FAILING, Verdict.FAIL, 2, last, last, 1.0)


def with_streaks(**streaks: Streak) -> Sight:
    checks = tuple(replace(HTTP, name=name) for name in streaks)
    return replace(PLAIN, settings=ServiceSettings(checks=checks), streaks=streaks)


def test_a_certificate_that_ends_soon_degrades_a_service_that_serves() -> None:
    sight = with_streaks(tls=over_a_certificate("tls_expires_soon"))
    assert said(sight) == (Health.DEGRADED, Cause.CERTIFICATE, "tls fails: tls_expires_soon")


@pytest.mark.parametrize("kind", sorted(CERTIFICATE_CLASSES - {ENDS_SOON}))
def test_a_certificate_that_is_refused_is_unhealthy_by_a_cause_of_its_own(kind: str) -> None:
    sight = with_streaks(tls=over_a_certificate(kind), web=over_a_certificate(ENDS_SOON))
    assert said(sight) == (Health.UNHEALTHY, Cause.CERTIFICATE, f"tls, web fails: {kind}")


def with_alerting(streak: Streak, *, running_for: float = LONG, **others: Streak) -> Sight:
    """A service whose check `log` is for people, beside others."""
    sight = with_streaks(**others)
    log = replace(HTTP, name="log", on_failure=OnFailure.ALERT)
    settings = replace(sight.settings, checks=(*sight.settings.checks, log))
    return replace(sight, settings=settings, streaks={"log": streak, **others}, running_for=running_for)


FAILS = standing(Standing.FAILING, Verdict.FAIL, reason="a new error")
PASSES = standing(Standing.PASSING, Verdict.PASS)


def test_a_check_for_people_that_fails_degrades_what_serves_all_the_same() -> None:
    seen = assess(with_alerting(FAILS, http=PASSES))
    assert (seen.health, seen.cause, seen.reason) == (Health.DEGRADED, Cause.FOR_PEOPLE, "log fails: a new error")
    assert seen.serves


def test_a_check_for_people_and_a_certificate_that_ends_soon_are_told_together() -> None:
    seen = assess(with_alerting(FAILS, web=over_a_certificate(ENDS_SOON)))
    assert (seen.health, seen.cause) == (Health.DEGRADED, Cause.FOR_PEOPLE)
    assert seen.reason == "log, web fails: a new error"


def test_a_check_for_people_hides_no_failure_that_users_see() -> None:
    seen = assess(with_alerting(FAILS, http=replace(FAILS, last=observed(Verdict.FAIL, reason="refused"))))
    assert (seen.health, seen.cause, seen.reason) == (Health.UNHEALTHY, Cause.CHECK_FAILED, "http fails: refused")
    seen = assess(with_alerting(FAILS, tls=over_a_certificate("tls_expired")))
    assert (seen.health, seen.cause, seen.reason) == (Health.UNHEALTHY, Cause.CERTIFICATE, "tls fails: tls_expired")
    assert not seen.serves


def test_only_what_fails_is_told() -> None:
    check = replace(HTTP, on_failure=OnFailure.ALERT)
    assert for_people(check, FAILS)
    assert not for_people(check, PASSES)
    assert not for_people(HTTP, FAILS)


@pytest.mark.parametrize("where", [Standing.NEW, Standing.DOUBTED])
def test_a_check_for_people_keeps_no_start_from_being_verified(where: Standing) -> None:
    unsure = standing(where, Verdict.FAIL, passed=False)
    assert assess(with_alerting(unsure, running_for=3.0, http=PASSES)).health is Health.HEALTHY


def test_a_certificate_that_ends_soon_keeps_no_start_from_being_verified() -> None:
    soon = replace(over_a_certificate(ENDS_SOON), last_pass_at=None)
    assert assess(replace(with_streaks(web=soon), running_for=3.0)).serves


def test_a_check_that_fails_beside_a_certificate_is_what_counts() -> None:
    sight = with_streaks(tls=over_a_certificate("tls_expired"), http=over_a_certificate("refused"))
    assert said(sight) == (Health.UNHEALTHY, Cause.CHECK_FAILED, "http fails: refused")


def test_every_class_that_speaks_of_a_certificate_is_one_that_the_probes_know() -> None:
    assert {trouble.value for trouble in FailureKind} >= CERTIFICATE_CLASSES


def test_a_check_that_nobody_could_ask_is_unknown_once_it_had_time_to_start() -> None:
    deaf = standing(Standing.NEW, Verdict.UNKNOWN, passed=False, reason="no file descriptors")
    assert said(checked(deaf)) == (Health.UNKNOWN, Cause.NONE, "http cannot be judged: no file descriptors")
    assert said(checked(None)) == (Health.UNKNOWN, Cause.NONE, "http cannot be judged")


def test_a_check_in_doubt_is_degraded() -> None:
    doubted = standing(Standing.DOUBTED, Verdict.FAIL, reason="took 5 s")
    assert said(checked(doubted)) == (Health.DEGRADED, Cause.NONE, "http is in doubt: took 5 s")


def test_a_degraded_service_is_worth_the_share_of_its_checks_that_pass() -> None:
    passing = standing(Standing.PASSING, Verdict.PASS)
    sight = with_streaks(http=standing(Standing.DOUBTED, Verdict.FAIL), tcp=passing, dns=passing)
    assert assess(sight).score == pytest.approx(0.5 + 0.4 * 2 / 3)


def test_an_asker_that_fails_takes_nothing_from_a_service_that_passes() -> None:
    deaf = standing(Standing.PASSING, Verdict.UNKNOWN)
    assert assess(checked(deaf)).health is Health.HEALTHY


@pytest.mark.parametrize(
    ("streak", "verdict"),
    [
        (standing(Standing.NEW, Verdict.UNKNOWN), Verdict.UNKNOWN),
        (standing(Standing.NEW, Verdict.FAIL), Verdict.FAIL),
        (standing(Standing.NEW, Verdict.PASS), Verdict.PASS),
        (standing(Standing.PASSING, Verdict.UNKNOWN), Verdict.PASS),
        (standing(Standing.DOUBTED, Verdict.FAIL), Verdict.FAIL),
        (standing(Standing.FAILING, Verdict.PASS), Verdict.FAIL),
    ],
)
def test_a_check_is_listed_with_what_its_thresholds_say(streak: Streak, verdict: Verdict) -> None:
    assert streak.last is not None
    listed = CheckStatus(check="http", verdict=verdict, reason=streak.last.reason, seconds=0.25, at=1.0)
    assert assess(checked(streak)).checks == (listed,)


_streaks = st.dictionaries(
    st.sampled_from(["http", "tcp"]),
    st.builds(standing, st.sampled_from(Standing), st.sampled_from(Verdict), passed=st.booleans()),
)


@given(
    st.builds(
        Sight,
        service=st.just(WEBUI),
        settings=st.sampled_from([SETTINGS, CHECKED, RESPECTFUL, ALERTING]),
        container=st.none() | containers,
        running_for=st.floats(0, 1000),
        stopped_by_person=st.booleans(),
        told_to_end=st.booleans(),
        probed_while_paused=st.booleans(),
        killed_by_person=st.booleans(),
        streaks=_streaks,
        restarts=st.integers(0, 9),
    )
)
def test_whatever_is_seen_is_told_in_a_sentence_and_only_what_is_bad_has_a_cause(sight: Sight) -> None:
    seen = assess(sight)
    assert seen.reason
    assert 0.0 <= seen.score <= 1.0
    assert seen.health.bad is (seen.cause is not Cause.NONE) or seen.serves
    assert seen.changes_in is None or (seen.health is Health.STARTING and seen.changes_in > 0)


def test_a_certificate_is_remembered_while_the_asker_itself_is_blind() -> None:
    expired = over_a_certificate("tls_expired")
    found = assess(with_streaks(tls=replace(expired, last=observed(Verdict.UNKNOWN, reason="the resolver is away"))))
    assert (found.health, found.cause) == (Health.UNHEALTHY, Cause.CERTIFICATE)


def test_a_journey_that_fails_at_another_service_keeps_none_from_being_good() -> None:
    unheard = observed(Verdict.UNKNOWN, reason="its steps were not reached")
    streak = Streak(last=replace(unheard, evidence={"class": NOT_REACHED}))
    assert said(checked(streak))[0] is Health.HEALTHY
    assert said(checked(Streak(last=unheard)))[0] is Health.UNKNOWN
