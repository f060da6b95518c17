"""What waits for a person, the life of a request, and when an approval still is one of what would be done."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.samples import (
    CRASH,
    CRASHED,
    EXITED,
    MISSING,
    NOW,
    PROTECTED,
    RUNNING,
    WEBUI,
    attempt,
    spec,
    tried,
)
from watchdog.codecs import approvals
from watchdog.codecs.plans import essence
from watchdog.model.approval import Approval, ApprovalState
from watchdog.model.container import ContainerState, Survey
from watchdog.model.health import Cause, CheckStatus, Health
from watchdog.model.observation import Verdict
from watchdog.model.plan import Act, HandOver, Plan
from watchdog.model.record import Desired, Pause, Rung, Severity
from watchdog.model.settings import RecoverySettings
from watchdog.policy.advice import APPROVAL
from watchdog.policy.approvals import (
    TRANSITIONS,
    ApprovalEvent,
    about_the_same,
    advance,
    alert_of,
    evidence,
    expired,
    mermaid,
    needed,
    rejected,
    unneeded,
)
from watchdog.policy.holds import About
from watchdog.policy.phases import IllegalTransition
from watchdog.policy.planning import Remake, plan_remake, plan_start
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Ordered, Surroundings

DOCS = Path(__file__).parents[2] / "docs"
PAIRS = list(itertools.product(ApprovalState, ApprovalEvent))
RECREATE = Act("it has no container; attempt 1 of 3", Rung.RECREATE, Cause.MISSING)
ASKS = RecoverySettings(approval=frozenset({Rung.RECREATE, Rung.ROLLBACK}))
ABOUT = About(subject="shop/webui", names=("shop/webui", "webui"), project="shop", owner="ada")


def rule(state: ApprovalState, move: ApprovalEvent) -> ApprovalState | None:
    """Where a move must lead, said once per move; None where it may not happen at all."""
    waits, approved = state is ApprovalState.WAITING, state is ApprovalState.APPROVED
    match move:
        case ApprovalEvent.APPROVE:
            return ApprovalState.APPROVED if waits else None
        case ApprovalEvent.REJECT:
            return ApprovalState.REJECTED if waits else None
        case ApprovalEvent.EXPIRE:
            return ApprovalState.EXPIRED if waits else None
        case ApprovalEvent.WITHDRAW:
            return ApprovalState.WITHDRAWN if waits else None
        case ApprovalEvent.USE:  # once
            return ApprovalState.USED if approved else None
        case ApprovalEvent.VOID:
            return ApprovalState.VOID if approved else None


@pytest.mark.parametrize(("state", "move"), PAIRS)
def test_every_move_in_every_state_leads_where_its_rule_says_or_is_refused(
    state: ApprovalState, move: ApprovalEvent
) -> None:
    expected = rule(state, move)
    assert TRANSITIONS.get((state, move)) is expected
    if expected is not None:
        assert advance(state, move) is expected
        return
    with pytest.raises(IllegalTransition, match=f"^{move} cannot happen while {state}$"):
        advance(state, move)


@given(st.lists(st.sampled_from(ApprovalEvent)))
def test_whatever_happens_nothing_is_used_that_no_person_approved_nor_twice(moves: list[ApprovalEvent]) -> None:
    state, taken = ApprovalState.WAITING, list[ApprovalEvent]()
    for move in moves:
        if (state, move) in TRANSITIONS:
            state = advance(state, move)
            taken.append(move)
    assert taken.count(ApprovalEvent.USE) <= taken.count(ApprovalEvent.APPROVE) <= 1
    assert ApprovalEvent.USE not in taken or taken == [ApprovalEvent.APPROVE, ApprovalEvent.USE]


def test_the_picture_in_the_documentation_is_the_table() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in (DOCS / "approvals.md").read_text(encoding="utf-8")


@given(st.sampled_from(Rung), st.frozensets(st.sampled_from(Rung)), st.booleans())
def test_an_action_waits_where_its_rung_is_listed_and_no_person_ordered_it(
    rung: Rung, listed: frozenset[Rung], ordered: bool
) -> None:
    found = needed(replace(RECREATE, rung=rung), RecoverySettings(approval=listed), ordered=ordered)
    assert found is (rung in listed and not ordered)


def planned(**changes: object) -> Plan:
    remake = Remake(
        service=WEBUI,
        rung=Rung.RECREATE,
        cause=Cause.CRASHED,
        because="it exited with code 3; attempt 1 of 3",
        spec=spec(),
        survey=Survey(image_present=True),
        existing=EXITED,
        existing_spec=spec(),
        stop_timeout=None,
        connects_later=False,
        nonce="1a2b3c4d",
    )
    plan = plan_remake(replace(remake, **changes))  # pyright: ignore[reportArgumentType] - keys of Remake
    assert isinstance(plan, Plan)
    return plan


@pytest.mark.parametrize(
    "anew",
    [
        planned(nonce="ffffffff"),
        planned(because="it exited with code 3; attempt 2 of 3"),
        planned(cause=Cause.UNHEALTHY),
        planned(existing=replace(EXITED, state=ContainerState.RESTARTING)),
    ],
)
def test_the_same_done_to_the_same_is_the_same_plan(anew: Plan) -> None:
    assert str(anew) != str(planned()) or anew.cause is not planned().cause
    assert essence(anew) == essence(planned())


@pytest.mark.parametrize(
    "other",
    [
        planned(rung=Rung.ROLLBACK),
        planned(existing=replace(EXITED, id=EXITED.id[:-1] + "0")),
        planned(spec=spec(id=spec().id[:-1] + "0")),
        planned(spec=spec(container_name="shop-webui-2")),
        planned(spec=spec(image_id="sha256:" + "0" * 64)),
        planned(survey=Survey(image_present=True, networks_gone=("shop_default",))),
        planned(stop_timeout=99.0),
        planned(existing=None, existing_spec=None),
        replace(planned(), service=replace(WEBUI, number=2)),
        plan_start(WEBUI, Cause.CRASHED, "it exited with code 3; attempt 1 of 3", EXITED),
    ],
)
def test_anything_else_is_another_plan(other: Plan) -> None:
    assert essence(other) != essence(planned())


def request(**changes: object) -> Approval:
    asked = Approval(
        id=7,
        service=WEBUI,
        rung=Rung.RECREATE,
        container="",
        incident=3,
        plan=str(planned()),
        essence=essence(planned()),
        evidence=("it has no container", "check http: refused"),
        asked_at=NOW,
        expires_at=NOW + 3600.0,
    )
    return replace(asked, **changes)  # pyright: ignore[reportArgumentType] - keys of Approval


def test_a_request_is_about_a_rung_of_one_container() -> None:
    assert about_the_same(request(), RECREATE, None)
    assert about_the_same(request(container=RUNNING.id), RECREATE, RUNNING)
    assert not about_the_same(request(), RECREATE, RUNNING)
    assert not about_the_same(request(container=RUNNING.id), RECREATE, None)
    assert not about_the_same(request(), replace(RECREATE, rung=Rung.ROLLBACK), None)


def test_the_evidence_is_the_reason_and_every_check_that_fails() -> None:
    checks = tuple(
        CheckStatus(check=verdict.value, verdict=verdict, reason=f"says {verdict}", seconds=0.1, at=1.0)
        for verdict in Verdict
    )
    assert evidence(replace(CRASHED, checks=checks)) == ("it exited with code 3", "check fail: says fail")


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, None),
        ({"ordered": True}, "a person ordered its recovery"),
        ({"seen": replace(CRASHED, health=Health.HEALTHY, reason="runs")}, "it is good again: runs"),
        (
            {"seen": replace(CRASHED, health=Health.DEGRADED, cause=Cause.CERTIFICATE, reason="ends soon")},
            "it is good again: ends soon",
        ),
        ({"seen": replace(CRASHED, health=Health.DEGRADED)}, None),
        ({"seen": replace(CRASHED, health=Health.STARTING)}, None),
        ({"seen": replace(CRASHED, health=Health.UNKNOWN)}, None),
        (
            {"seen": replace(CRASHED, health=Health.DONE, reason="exited with 0")},
            "nobody expects it to be up: exited with 0",
        ),
        ({"record": replace(PROTECTED, desired=Desired.RETIRED)}, "it was retired on purpose"),
        ({"record": replace(PROTECTED, quarantined="tried all")}, "it is handed to a person: tried all"),
        (
            {"record": replace(PROTECTED, pause=Pause(until=NOW + 1, reason="disk", by="ada"))},
            "it is paused by ada: disk",
        ),
        ({"record": replace(PROTECTED, pause=Pause(until=NOW, reason="disk", by="ada"))}, None),
        ({"settings": replace(ASKS, enabled=False)}, "recovery is off (recovery.enabled)"),
    ],
)
def test_a_request_ends_with_the_need_for_it(changes: dict[str, object], because: str | None) -> None:
    facts = {"seen": MISSING, "record": PROTECTED, "settings": ASKS, "now": NOW, "ordered": False} | changes
    assert unneeded(**facts) == because  # pyright: ignore[reportArgumentType] - keys of it


def test_the_alert_holds_the_printed_plan_the_evidence_and_both_commands() -> None:
    alert = alert_of(request(), ABOUT, 5.0, wall=0.0, pages="https://wiki/runbook")
    assert (alert.key, alert.severity, alert.resolved, alert.incident) == ("approval-7", Severity.CRITICAL, False, 3)
    assert alert.summary == (
        "shop/webui: recreate waits for a person's approval until 1970-01-01T03:46:40.000Z: it has no container."
    )
    assert alert.plan == str(planned())
    assert alert.evidence == ("it has no container", "check http: refused")
    assert "`watchdog approve 7` or `watchdog reject 7 --reason …`" in alert.todo
    assert "1970-01-01T03:46:40.000Z" in alert.todo
    assert (alert.project, alert.owner) == ("shop", "ada")
    assert alert.runbook.startswith("https://wiki/runbook#")
    headings = (DOCS / "runbook.md").read_text(encoding="utf-8")
    assert f"\n## {APPROVAL.heading}\n" in headings


def test_its_end_says_how_it_ended_and_asks_nothing() -> None:
    ended = request(state=ApprovalState.APPROVED, because="approval 7 to recreate shop/webui is given by ada")
    alert = alert_of(ended, ABOUT, 5.0, wall=0.0, pages="", ended=True)
    assert alert.summary == "resolved: approval 7 to recreate shop/webui is given by ada"
    assert (alert.key, alert.resolved, alert.todo, alert.runbook) == ("approval-7", True, "", "")


WRITES = replace(EXITED, writable_mounts=("/data",))
SPENT = tried(*(attempt(rung) for rung in (Rung.START, Rung.RECREATE, Rung.RECREATE)))


@pytest.mark.parametrize("container", [None, WRITES])
def test_a_rollback_that_is_a_persons_call_is_due_where_a_person_is_asked(container: object) -> None:
    situation = replace(SPENT, container=container, config_hash=None if container is None else "v2")  # pyright: ignore[reportArgumentType] - a container
    assert isinstance(decide(situation, Surroundings(), NOW), HandOver)
    asking = decide(replace(situation, settings=ASKS), Surroundings(), NOW)
    assert isinstance(asking, Act)
    assert asking.rung is Rung.ROLLBACK
    others = replace(ASKS, approval=frozenset({Rung.RECREATE}))
    assert isinstance(decide(replace(situation, settings=others), Surroundings(), NOW), HandOver)


def test_while_a_person_is_asked_no_attempt_ages() -> None:
    started = tried(attempt(Rung.START, ago=100.0), situation=replace(CRASH, settings=ASKS))
    later = NOW + 5000.0
    forgotten = decide(started, Surroundings(), later)
    assert isinstance(forgotten, Act)
    assert forgotten.rung is Rung.START
    asked = decide(replace(started, asked_at=NOW), Surroundings(), later)
    assert isinstance(asked, Act)
    assert asked.rung is Rung.RECREATE
    rolled_back = tried(attempt(Rung.ROLLBACK, ago=100.0), situation=replace(CRASH, settings=ASKS))
    assert isinstance(decide(replace(rolled_back, asked_at=NOW), Surroundings(), later), HandOver)


def test_an_order_counts_its_own_attempts_whoever_was_asked() -> None:
    ordered = replace(CRASH, asked_at=NOW - 5000.0, ordered=Ordered(NOW))
    assert isinstance(decide(ordered, Surroundings(), NOW), Act)


states = st.builds(
    request,
    state=st.sampled_from(ApprovalState),
    by=st.text(),
    reason=st.text(),
    ended_at=st.none() | st.floats(0, 1e9),
    evidence=st.lists(st.text(), min_size=1).map(tuple),
    told=st.lists(st.text()).map(tuple),
)


@given(states)
def test_what_is_kept_of_a_request_is_read_back(asked: Approval) -> None:
    assert approvals.APPROVAL.load(approvals.APPROVAL.dump(asked)) == asked
    assert asked.stands is (asked.state in {ApprovalState.WAITING, ApprovalState.APPROVED})


def test_as_json_tells_times_by_the_wall_clock() -> None:
    shown = request(ended_at=NOW + 1, by="ada").as_json(10.0)
    assert (shown["id"], shown["service"], shown["action"]) == (7, "shop/webui", "recreate")
    assert shown["expires_at"] == "1970-01-01T03:46:50.000Z"
    assert shown["ended_at"] == "1970-01-01T02:46:51.000Z"
    assert request().as_json(0.0)["ended_at"] is None


def test_whoever_does_not_answer_or_rejects_has_the_service_handed_over() -> None:
    asked = request()
    late = expired(asked, asked.asked_at + 3600.0)
    assert late == HandOver("approval 7 to recreate shop/webui expired unanswered after 60 min")
    assert rejected(asked, "bob", "from backup first") == HandOver(
        "approval 7 to recreate shop/webui is rejected by bob: from backup first"
    )
