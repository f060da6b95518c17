"""Snapshots: one that a person can read, and any that can exist."""

from __future__ import annotations

from hypothesis import strategies as st

from watchdog.model.health import CheckStatus, Health, Status
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Verdict
from watchdog.model.snapshot import (
    AbsenceNotJudged,
    ContainerRef,
    EndpointStatus,
    JourneyStatus,
    ServiceStatus,
    Snapshot,
    StepStatus,
)

WEBUI = ServiceKey("shop", "webui")
DB = ServiceKey("shop", "db")

SNAPSHOT = Snapshot(
    status=Status.CRITICAL,
    score=0.5,
    checked_at=1_700_000_000.0,
    engine_up=True,
    engine="Docker 26.1.5 answers.",
    services=(
        ServiceStatus(
            service=DB,
            health=Health.HEALTHY,
            score=1.0,
            reason="It runs.",
            container=ContainerRef(id="a" * 64, name="shop-db-1", image="busybox", image_id="sha256:" + "b" * 64),
        ),
        ServiceStatus(service=WEBUI, health=Health.MISSING, score=0.0, reason="It was removed.", incident=7),
    ),
    endpoints=(
        EndpointStatus(
            name="shop",
            target="https://shop.example/",
            verdict=Verdict.PASS,
            reason="200 in 12 ms.",
            phases={"resolve": 0.001, "connect": 0.002, "tls": 0.004, "processing": 0.004, "transfer": 0.001},
            at=1_700_000_000.0,
            tls_not_after=1_800_000_000.0,
        ),
        EndpointStatus(name="blog", target="http://blog.example/", verdict=Verdict.FAIL, reason="Refused."),
        EndpointStatus(name="far", target="http://far.example/", verdict=Verdict.UNKNOWN, reason="No network."),
    ),
    incidents_open=1,
    ledger_head="cd" * 32,
)

_times = st.floats(min_value=0, max_value=4e9)
_ratios = st.floats(min_value=0, max_value=1)
_seconds = st.floats(min_value=0, max_value=1e6)
_texts = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=300)
"""All of Unicode, lone surrogates included."""
_keys = st.builds(ServiceKey, _texts, _texts, st.integers(1, 20))
_checks = st.builds(
    CheckStatus, check=_texts, verdict=st.sampled_from(Verdict), reason=_texts, seconds=_seconds, at=_times
)
_containers = st.builds(ContainerRef, id=_texts, name=_texts, image=_texts, image_id=_texts)
_services = st.builds(
    ServiceStatus,
    service=_keys,
    health=st.sampled_from(Health),
    score=_ratios,
    reason=_texts,
    protected=st.booleans(),
    container=st.none() | _containers,
    checks=st.lists(_checks, max_size=2).map(tuple),
    recovery=_texts,
    incident=st.none() | st.integers(1, 2**53),
    since=st.none() | _times,
    paused_until=st.none() | _times,
    quarantined=st.booleans(),
    flapping=st.booleans(),
)
_endpoints = st.builds(
    EndpointStatus,
    name=_texts,
    target=_texts,
    verdict=st.sampled_from(Verdict),
    reason=_texts,
    service=st.none() | _keys,
    seconds=_seconds,
    phases=st.dictionaries(_texts, _seconds, max_size=3),
    at=st.none() | _times,
    tls_not_after=st.none() | _times,
    flapping=st.booleans(),
    waiting=_texts,
)
_steps = st.builds(StepStatus, name=_texts, verdict=st.sampled_from(Verdict), reason=_texts, seconds=_seconds)
_journeys = st.builds(
    JourneyStatus,
    name=_texts,
    verdict=st.sampled_from(Verdict),
    reason=_texts,
    services=st.lists(_keys, max_size=2).map(tuple),
    failing_step=st.none() | _texts,
    seconds=_seconds,
    at=st.none() | _times,
    steps=st.lists(_steps, max_size=2).map(tuple),
)
SNAPSHOTS = st.builds(
    Snapshot,
    status=st.sampled_from(Status),
    score=_ratios,
    checked_at=_times,
    engine_up=st.booleans(),
    engine=_texts,
    services=st.lists(_services, max_size=3).map(tuple),
    endpoints=st.lists(_endpoints, max_size=3).map(tuple),
    journeys=st.lists(_journeys, max_size=2).map(tuple),
    absence_not_judged=st.lists(st.builds(AbsenceNotJudged, service=_keys, reason=_texts), max_size=2).map(tuple),
    incidents_open=st.integers(0, 10_000),
    ledger_head=_texts,
)
