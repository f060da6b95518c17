"""A deployment as a value: its ends, its gates, and what it covers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watchdog.model.deployment import (
    Deployment,
    Gate,
    GateResult,
    Limits,
    Proof,
    Scope,
    Stage,
    same_service,
)
from watchdog.model.identity import ServiceKey
from watchdog.model.views import deployment_json, gate_json

WEB = ServiceKey("shop", "web")
GOOD = Proof("shop/web", passed=True, sentence="runs")
BAD = Proof("shop/db", passed=False, sentence="it has no container")
DEPLOYMENT = Deployment(
    id=12,
    stage=Stage.OPENING,
    by="ada",
    uid=0,
    reason="new prices",
    command=("docker", "compose", "up"),
    scope=Scope(projects=("shop",)),
    limits=Limits(),
    retire=(WEB,),
    excused=("db",),
    began_at=0.0,
    touched=("shop/web",),
    downtime={"shop/web": 1.23456},
)


@pytest.mark.parametrize(
    ("stage", "code"),
    [(Stage.COMMITTED, 0), (Stage.ROLLED_BACK, 1), (Stage.STUCK, 2), (Stage.REFUSED, 3), (Stage.CHANGING, 2)],
)
def test_each_end_has_its_exit_code(stage: Stage, code: int) -> None:
    assert stage.exit_code == code


def test_only_ends_are_over_and_what_waits_for_a_person_is_none() -> None:
    assert {stage for stage in Stage if stage.over} == {
        *(Stage.REFUSED, Stage.COMMITTED, Stage.ROLLED_BACK, Stage.RELEASED),
    }


def test_what_has_only_been_opened_has_changed_nothing() -> None:
    changed = {stage for stage in Stage if replace(DEPLOYMENT, stage=stage).changed}
    assert changed == {Stage.CHANGING, Stage.VALIDATING, Stage.SOAKING, Stage.ROLLING_BACK, Stage.STUCK}
    assert DEPLOYMENT.subject == "deployment 12"


def test_a_gate_passes_when_all_of_its_proofs_do() -> None:
    passed = GateResult(gate=Gate.INFRASTRUCTURE, proofs=(GOOD,))
    assert passed.passed
    assert passed.failures == ()
    assert passed.sentence == "infrastructure: 1 of 1 passed"
    failed = GateResult(gate=Gate.INFRASTRUCTURE, proofs=(GOOD, BAD))
    assert not failed.passed
    assert failed.failures == (BAD,)
    assert failed.sentence == "infrastructure: shop/db: it has no container"


def test_a_gate_without_proofs_has_proven_nothing() -> None:
    empty = GateResult(gate=Gate.JOURNEYS, proofs=())
    assert not empty.passed
    assert "nothing is proven" in empty.sentence


def test_a_scope_of_services_covers_all_of_their_containers_and_no_others() -> None:
    scope = Scope(services=(WEB,), projects=("shop",))
    assert scope.covers(ServiceKey("shop", "web", 2))
    assert not scope.covers(ServiceKey("shop", "db"))
    assert str(scope) == "shop/web"


def test_a_scope_of_projects_covers_what_is_in_them() -> None:
    scope = Scope(projects=("shop",))
    assert scope.covers(ServiceKey("shop", "db"))
    assert not scope.covers(ServiceKey("", "db"))
    assert str(scope) == "project shop"


def test_a_scope_of_nothing_in_particular_covers_everything() -> None:
    assert Scope().covers(ServiceKey("", "db"))
    assert str(Scope()) == "every service"


def test_containers_of_one_service_differ_in_their_number_only() -> None:
    assert same_service(WEB, ServiceKey("shop", "web", 3))
    assert not same_service(WEB, ServiceKey("blog", "web"))


def test_a_deployment_and_a_gate_are_shown_as_json() -> None:
    shown = deployment_json(DEPLOYMENT)
    assert (shown["id"], shown["stage"], shown["retire"], shown["ended_at"]) == (12, "opening", ["shop/web"], None)
    assert shown["downtime_seconds"] == {"shop/web": 1.235}
    assert deployment_json(replace(DEPLOYMENT, ended_at=1.0))["ended_at"] == "1970-01-01T00:00:01.000Z"
    gate = gate_json(GateResult(gate=Gate.JOURNEYS, proofs=(BAD,), seconds=0.12345))
    assert gate["seconds"] == 0.123
    assert gate["proofs"] == [{"subject": "shop/db", "passed": False, "sentence": "it has no container"}]
