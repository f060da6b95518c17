"""What holds for the decision about any situation, and for a whole ladder."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import CRASH, CRASHED, NOW, RUNNING, WEBUI, attempts, containers, recovery_settings
from watchdog.model.container import ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.plan import Act, HandOver, Rest, Wait
from watchdog.model.record import Attempt, Desired, Outcome, Pause, Revision, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, RollbackMode
from watchdog.policy.budget import counting_window, spent
from watchdog.policy.flapping import Flapping
from watchdog.policy.guards import GRACED, grace_ends
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Situation, Surroundings

_times = st.floats(min_value=NOW - 2000, max_value=NOW + 2000)
_assessments = st.builds(
    Assessment,
    service=st.just(WEBUI),
    health=st.sampled_from(Health),
    cause=st.sampled_from(Cause),
    reason=st.just("as told"),
    score=st.just(0.0),
)
_baselines = st.builds(
    Revision,
    spec_id=st.just("c3"),
    image=st.just("shop/webui"),
    image_id=st.just("sha256:22"),
    config_hash=st.sampled_from(["v1", "v2", "v3"]),
    proven_at=_times,
)
_records = st.builds(
    ServiceRecord,
    service=st.just(WEBUI),
    desired=st.sampled_from(Desired),
    baselines=st.lists(_baselines, max_size=3).map(tuple),
    attempts=attempts,
    pause=st.none() | st.builds(Pause, until=_times, reason=st.just("r"), by=st.just("ada")),
    quarantined=st.none() | st.just("three attempts failed"),
)
_ordered = st.none() | st.builds(Ordered, since=_times, rung=st.none() | st.sampled_from(Rung))
situations = st.builds(
    Situation,
    assessment=_assessments,
    record=_records,
    settings=recovery_settings,
    container=st.none() | containers,
    config_hash=st.none() | st.sampled_from(["v1", "v2", "v3"]),
    bad_since=_times,
    last_foreign=st.none() | _times,
    dockers_turn_until=st.none() | _times,
    ends_until=st.none() | _times,
    roots_down=st.sampled_from([(), ("shop/db",)]),
    roots_lost=st.sampled_from([(), ("shop/db",)]),
    roots_unsettled=st.sampled_from([(), ("shop/db",)]),
    others_asked=st.booleans(),
    flapping=st.none() | st.just(Flapping("http", "http flaps", 60.0)),
    ordered=_ordered,
)
surroundings = st.builds(
    Surroundings,
    engine_away=st.none() | st.just("it is frozen"),
    settled_at=_times,
    breaker_until=st.none() | _times,
    observer_suspected=st.none() | st.just("3 unrelated checks fail"),
    last_stop=_times,
    restarts=st.lists(_times, max_size=12).map(sorted).map(tuple),
    orders_only=st.none() | st.just("the daemon is stopping"),
)


@given(situations, surroundings)
def test_nothing_is_done_by_itself_that_a_law_forbids(situation: Situation, around: Surroundings) -> None:
    decision = decide(situation, around, NOW)
    if isinstance(decision, Rest | Wait):
        return
    assert around.engine_away is None
    assert around.settled_at <= NOW
    assert around.breaker_until is None
    if situation.ordered is not None:
        return
    seen, record = situation.assessment, situation.record
    assert seen.health.bad
    assert around.orders_only is None
    assert record.desired is Desired.UP
    assert situation.settings.enabled
    assert record.pause is None or record.pause.until <= NOW
    assert record.quarantined is None
    assert seen.cause not in GRACED or grace_ends(situation, around) <= NOW
    assert seen.cause is not Cause.CHECK_FAILED or (around.observer_suspected is None and situation.others_asked)
    assert situation.dockers_turn_until is None
    answered = seen.cause in {Cause.CHECK_FAILED, Cause.UNHEALTHY}
    assert not answered or situation.flapping is None or situation.bad_since + 60.0 <= NOW
    assert situation.ends_until is None
    assert not situation.roots_down
    assert seen.cause is not Cause.CHECK_FAILED or not situation.roots_unsettled


@given(situations, surroundings)
def test_a_rollback_is_never_rolled_back_unless_a_person_says_so(situation: Situation, around: Surroundings) -> None:
    decision = decide(situation, around, NOW)
    if isinstance(decision, Act) and decision.rung is Rung.ROLLBACK:
        forced = situation.ordered is not None and situation.ordered.rung is Rung.ROLLBACK
        start_period = situation.container.start_period if situation.container is not None else 0.0
        window = counting_window(situation.settings, start_period)
        recent = [one for one in situation.record.attempts if NOW - one.at < window]
        assert forced or not any(one.rung is Rung.ROLLBACK for one in recent)


@given(situations, surroundings)
def test_the_same_facts_give_the_same_decision_with_a_sentence(situation: Situation, around: Surroundings) -> None:
    decision = decide(situation, around, NOW)
    assert decision == decide(situation, around, NOW)
    assert decision.because or situation.assessment.health is Health.HEALTHY


@given(situations, surroundings)
def test_whatever_is_waited_for_lies_ahead(situation: Situation, around: Surroundings) -> None:
    around = replace(around, breaker_until=max(around.breaker_until, NOW + 1) if around.breaker_until else None)
    turn = situation.dockers_turn_until
    ends = max(situation.ends_until, NOW + 1) if situation.ends_until is not None else None
    turn = max(turn, NOW + 1) if turn is not None else None
    situation = replace(situation, dockers_turn_until=turn, ends_until=ends)
    decision = decide(situation, around, NOW)
    if isinstance(decision, Wait) and decision.until is not None:
        assert decision.until > NOW


def _of_a_ladder(settings: RecoverySettings) -> RecoverySettings:
    """On, with no grace before it, and with time to verify (the configuration refuses none)."""
    return replace(
        settings, enabled=True, absence_max=0.0, absence_grace=0.0, verify_timeout=1.0 + settings.verify_timeout
    )


_slowness = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=8, max_size=8)
"""For each attempt how much of its time it takes, and whether it helps for a moment."""


@given(
    recovery_settings.map(_of_a_ladder),
    st.floats(0, 1000),
    st.sampled_from([Cause.CRASHED, Cause.UNHEALTHY, Cause.MISSING, Cause.FAILED_START]),
    st.sampled_from(["v2", "v3"]),
    _slowness,
)
def test_a_service_that_never_stays_up_ends_with_a_person_after_its_attempts_and_one_rollback(
    settings: RecoverySettings, start_period: float, cause: Cause, deployed: str, slowness: list[tuple[float, bool]]
) -> None:
    state = ContainerState.RUNNING if cause is Cause.UNHEALTHY else ContainerState.EXITED
    situation = replace(
        CRASH,
        assessment=replace(CRASHED, cause=cause, health=Health.MISSING if cause is Cause.MISSING else Health.UNHEALTHY),
        container=replace(RUNNING, state=state, start_period=start_period),
        settings=settings,
        config_hash=deployed,
    )
    now, made, ended = NOW, list[Attempt](), False
    for share, helped in slowness:
        situation = replace(situation, record=replace(situation.record, attempts=tuple(made)))
        decision = decide(situation, Surroundings(), now)
        while isinstance(decision, Wait):
            assert decision.until is not None
            assert decision.until > now
            now = decision.until
            decision = decide(situation, Surroundings(), now)
        if isinstance(decision, HandOver):
            ended = True
            break
        assert isinstance(decision, Act)
        counted = spent(made, counting_window(settings, start_period), now)
        if decision.rung is Rung.ROLLBACK:
            assert settings.rollback is not RollbackMode.NEVER
            assert not any(one.rung is Rung.ROLLBACK for one in counted)
        else:
            assert len(counted) < settings.max_attempts
        now += share * (settings.verify_timeout + start_period)
        outcome = Outcome.RECOVERED if helped else Outcome.FAILED
        made.append(Attempt(at=now, rung=decision.rung, outcome=outcome))
    assert ended
    assert len(made) <= settings.max_attempts + 1
