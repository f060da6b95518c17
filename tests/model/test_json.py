"""The JSON shapes that are contracts: a snapshot, an incident, a row."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given

from tests.support.snapshots import SNAPSHOTS, WEBUI
from watchdog.model.health import Cause, CheckStatus, Health, Status
from watchdog.model.observation import Exchange, StepSeen, Verdict
from watchdog.model.record import Entry, EntryKind, Incident, Row, Severity
from watchdog.model.snapshot import AbsenceNotJudged, ContainerRef, EndpointStatus, ServiceStatus, Snapshot, timestamp
from watchdog.model.views import incident_json, row_json, steps_json

AT = 1_700_000_000.25
WRITTEN = "2023-11-14T22:13:20.250Z"

SERVICE = ServiceStatus(
    service=WEBUI,
    health=Health.DEGRADED,
    score=0.70000001,
    reason="http is in doubt",
    protected=True,
    container=ContainerRef(id="a1", name="shop-webui-1", image="shop/webui", image_id="sha256:22"),
    checks=(CheckStatus(check="http", verdict=Verdict.FAIL, reason="refused", seconds=0.12345678, at=AT),),
    recovery="paused by ada",
    incident=7,
    since=AT,
    paused_until=AT,
    quarantined=True,
    flapping=True,
)
BARE: dict[str, object] = {
    "project": "shop",
    "name": "webui",
    "health": "missing",
    "score": 0.0,
    "reason": "gone",
    "container": None,
    "checks": [],
    "protected": False,
    "recovery": "",
    "incident": None,
    "since": None,
    "paused_until": None,
    "maintenance_until": None,
    "silenced_until": None,
    "downtime_seconds": 0.0,
    "downtime_allowed_seconds": 300.0,
    "quarantined": False,
    "approval": None,
    "flapping": False,
}
INCIDENT = Incident(
    id=7,
    subject="shop/webui",
    cause=Cause.MISSING,
    severity=Severity.WARNING,
    summary="removed",
    failed_at=AT,
    detected_at=AT,
)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert timestamp(AT) == WRITTEN
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"


def test_a_service_is_shown_with_all_that_is_known_of_it() -> None:
    assert SERVICE.as_json() == {
        "project": "shop",
        "name": "webui",
        "health": "degraded",
        "score": 0.7,
        "reason": "http is in doubt",
        "container": {"id": "a1", "name": "shop-webui-1", "image": "shop/webui", "image_id": "sha256:22"},
        "checks": [{"check": "http", "verdict": "fail", "reason": "refused", "seconds": 0.123457, "at": WRITTEN}],
        "protected": True,
        "recovery": "paused by ada",
        "incident": 7,
        "since": WRITTEN,
        "paused_until": WRITTEN,
        "maintenance_until": None,
        "silenced_until": None,
        "downtime_seconds": 0.0,
        "downtime_allowed_seconds": 300.0,
        "quarantined": True,
        "approval": None,
        "flapping": True,
    }


def test_a_service_of_which_little_is_known_keeps_its_shape() -> None:
    bare = ServiceStatus(service=WEBUI, health=Health.MISSING, score=0.0, reason="gone")
    assert bare.as_json() == BARE
    assert list(SERVICE.as_json()) == list(BARE)


def test_an_endpoint_is_shown_with_its_phases_and_certificate() -> None:
    endpoint = EndpointStatus(
        name="shop",
        target="https://shop/",
        verdict=Verdict.PASS,
        reason="200",
        service=WEBUI,
        phases={"resolve": 0.0011111111},
        at=AT,
        tls_not_after=AT,
        flapping=True,
        waiting="waiting for db",
    )
    shown = {
        "name": "shop",
        "target": "https://shop/",
        "service": "shop/webui",
        "verdict": "pass",
        "reason": "200",
        "seconds": 0.0,
        "phases": {"resolve": 0.001111},
        "at": WRITTEN,
        "tls_not_after": WRITTEN,
        "flapping": True,
        "waiting": "waiting for db",
    }
    assert endpoint.as_json() == shown
    alone = replace(endpoint, service=None, at=None, tls_not_after=None, phases={})
    assert alone.as_json() == shown | {"service": None, "at": None, "tls_not_after": None, "phases": {}}


def test_a_snapshot_is_one_object_with_everything_in_it() -> None:
    snapshot = Snapshot(
        status=Status.CRITICAL,
        score=0.123456,
        checked_at=AT,
        engine_up=True,
        engine="answers",
        services=(SERVICE,),
        absence_not_judged=(AbsenceNotJudged(service=WEBUI, reason="nothing says that it should run"),),
    )
    assert snapshot.as_json() == {
        "status": "critical",
        "score": 0.1235,
        "checked_at": WRITTEN,
        "engine_up": True,
        "engine": "answers",
        "services": [SERVICE.as_json()],
        "endpoints": [],
        "journeys": [],
        "absence_not_judged": [{"project": "shop", "name": "webui", "reason": "nothing says that it should run"}],
        "incidents_open": 0,
        "ledger_head": "",
    }


@given(SNAPSHOTS)
def test_any_snapshot_is_plain_json(snapshot: Snapshot) -> None:
    shown = snapshot.as_json()
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


@pytest.mark.parametrize("ended", [None, AT])
def test_an_incident_is_shown_with_its_times(ended: float | None) -> None:
    shown = incident_json(replace(INCIDENT, recovered_at=ended, closed_at=ended))
    assert shown == {
        "id": 7,
        "subject": "shop/webui",
        "cause": "missing",
        "severity": "warning",
        "summary": "removed",
        "failed_at": WRITTEN,
        "failed_at_is_bound": False,
        "detected_at": WRITTEN,
        "recovered_at": WRITTEN if ended else None,
        "closed_at": WRITTEN if ended else None,
        "flapping": False,
    }


def test_a_row_of_the_ledger_is_shown_with_its_place_in_the_chain() -> None:
    entry = Entry(
        at=AT, kind=EntryKind.INTENT, subject="shop/webui", sentence="will start", incident=7, payload={"rung": "start"}
    )
    assert row_json(Row(seq=3, hash="ab", entry=entry)) == {
        "seq": 3,
        "hash": "ab",
        "at": WRITTEN,
        "kind": "intent",
        "subject": "shop/webui",
        "sentence": "will start",
        "incident": 7,
        "payload": {"rung": "start"},
    }


def test_the_steps_of_a_journey_tell_every_request_and_answer() -> None:
    asked = Exchange(
        method="POST",
        url="http://shop/login",
        sent={"accept": "*/*"},
        body="user=ann",
        status=403,
        received={"server": "x"},
        answer="no",
        seconds=0.12345678,
    )
    failed = StepSeen(
        name="login", verdict=Verdict.FAIL, reason="403", service=WEBUI, seconds=0.5, attempts=1, exchanges=(asked,)
    )
    unreached = StepSeen(name="calendar", verdict=Verdict.UNKNOWN, reason="not reached", captured=("id",))
    assert steps_json([failed, unreached]) == [
        {
            "step": "login",
            "verdict": "fail",
            "reason": "403",
            "service": "shop/webui",
            "seconds": 0.5,
            "attempts": 1,
            "captured": [],
            "exchanges": [
                {
                    "method": "POST",
                    "url": "http://shop/login",
                    "sent": {"accept": "*/*"},
                    "body": "user=ann",
                    "status": 403,
                    "received": {"server": "x"},
                    "answer": "no",
                    "seconds": 0.123457,
                }
            ],
        },
        {
            "step": "calendar",
            "verdict": "unknown",
            "reason": "not reached",
            "service": None,
            "seconds": 0.0,
            "attempts": 0,
            "captured": ["id"],
            "exchanges": [],
        },
    ]
