"""Values that the tests of the pure rooms change one thing of, and any that can exist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from watchdog.model.container import Container, ContainerSpec, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe
from watchdog.model.record import Attempt, Desired, Outcome, Revision, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, RollbackMode
from watchdog.policy.situation import Situation

WEBUI = ServiceKey("shop", "webui")
API = ServiceKey("shop", "api")
DB = ServiceKey("shop", "db")

RUNNING = Container(
    id="a1" * 32,
    name="shop-webui-1",
    image="shop/webui:2",
    image_id="sha256:" + "b2" * 32,
    state=ContainerState.RUNNING,
)
EXITED = replace(RUNNING, state=ContainerState.EXITED, exit_code=3)

NOW = 10_000.0
NEWEST = Revision(spec_id="c3" * 32, image="shop/webui:2", image_id="sha256:22", config_hash="v2", proven_at=1.0)
OLDER = replace(NEWEST, spec_id="d4" * 32, image="shop/webui:1", image_id="sha256:11", config_hash="v1")

PROTECTED = ServiceRecord(service=WEBUI, desired=Desired.UP, baselines=(NEWEST, OLDER))

CRASHED = Assessment(
    service=WEBUI, health=Health.UNHEALTHY, cause=Cause.CRASHED, reason="it exited with code 3", score=0.0
)
MISSING = replace(CRASHED, health=Health.MISSING, cause=Cause.MISSING, reason="it has no container")

CRASH = Situation(
    assessment=CRASHED,
    record=PROTECTED,
    settings=RecoverySettings(),
    container=EXITED,
    config_hash="v2",
    bad_since=NOW,
)
"""A protected service whose container has just exited by itself; nothing speaks against acting."""

HTTP = Check(name="http", probe=HttpProbe(url="http://127.0.0.1:8080/"))


def attempt(
    rung: Rung,
    *,
    ago: float = 100.0,
    outcome: Outcome = Outcome.FAILED,
    by_operator: bool = False,
    reason: str = "it exited with code 3",
) -> Attempt:
    """An attempt that ended `ago` seconds before NOW."""
    return Attempt(at=NOW - ago, rung=rung, outcome=outcome, by_operator=by_operator, reason=reason)


def tried(*attempts: Attempt, situation: Situation = CRASH, **record: Any) -> Situation:
    """The situation after these attempts."""
    return replace(situation, record=replace(situation.record, attempts=attempts, **record))


def observed(verdict: Verdict, *, check: str = "http", at: float = 1.0, reason: str = "") -> Observation:
    return Observation(check=check, at=at, verdict=verdict, reason=reason or f"answered {verdict}", seconds=0.25)


def spec(**changes: Any) -> ContainerSpec:
    """The spec of `shop-webui-1` on one network, with nothing that stands in the way."""
    plain = ContainerSpec(
        id="c3" * 32,
        container_name="shop-webui-1",
        image="shop/webui:2",
        image_id="sha256:" + "b2" * 32,
        api_version="1.43",
        config={},
        host_config={},
        endpoints={"shop_default": {}},
        networks={"shop_default": {"Name": "shop_default"}},
        volumes={},
    )
    return replace(plain, **changes)


_times = st.floats(min_value=NOW - 2000, max_value=NOW + 2000)
_spans = st.floats(min_value=0, max_value=1000)

attempts = st.lists(
    st.builds(
        Attempt, at=_times, rung=st.sampled_from(Rung), outcome=st.sampled_from(Outcome), by_operator=st.booleans()
    ),
    max_size=6,
).map(lambda made: tuple(sorted(made, key=lambda one: one.at)))

recovery_settings = st.builds(
    RecoverySettings,
    enabled=st.booleans(),
    max_attempts=st.integers(1, 5),
    window=_spans,
    backoff=_spans,
    backoff_max=_spans,
    absence_grace=_spans,
    absence_max=_spans,
    verify_timeout=_spans,
    rollback=st.sampled_from(RollbackMode),
    restarts_per_minute=st.integers(1, 10),
)

containers = st.builds(
    Container,
    id=st.just(RUNNING.id),
    name=st.just(RUNNING.name),
    image=st.just(RUNNING.image),
    image_id=st.just(RUNNING.image_id),
    state=st.sampled_from(ContainerState),
    healthcheck=st.sampled_from(HealthcheckState),
    exit_code=st.integers(0, 3),
    oom_killed=st.booleans(),
    error=st.sampled_from(["", "no such file"]),
    restart_policy=st.sampled_from(RestartPolicy),
    writable_mounts=st.booleans(),
    start_period=_spans,
)
