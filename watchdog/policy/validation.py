"""Whether what a deployment left behind is good: judged from facts, with the sentence that says why."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.probe.http import HttpProbe

NOT_READY_YET = {502, 503, 504}
"""Statuses by which a proxy says that what is behind it does not answer (yet) (RFC 9110, 15.6)."""

SETTLES_BY_ITSELF = {ContainerState.CREATED, ContainerState.REMOVING}
"""States of a moment: whoever made them is still at it, or was interrupted."""

CREATED_FOR = 2.0
"""Seconds after which a container that was not started is taken for one that never will be."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """`passed` is None as long as it may still turn out either way."""

    passed: bool | None
    because: str


def infrastructure(container: Container | None, *, since: float, wall: float, patience: float) -> Judgement:
    """Whether a service runs and is healthy by the engine's word.

    `since`: when this was first asked; `wall`: now; both Unix seconds. `patience`: how many seconds after its start,
    beyond its start period, its health check may take to pass.
    """
    if container is None:
        return Judgement(passed=False, because="it has no container")
    match container.state:
        case ContainerState.RUNNING:
            return _running(container, wall, patience)
        case ContainerState.PAUSED:
            return Judgement(passed=False, because="its container is paused")
        case ContainerState.EXITED if _did_its_work(container):
            return Judgement(passed=True, because="it did its work and ended with code 0")
        case state if state in SETTLES_BY_ITSELF and wall - since < CREATED_FOR:
            return Judgement(passed=None, because=f"its container is {state.value}")
        case ContainerState.CREATED:
            return Judgement(passed=False, because=f"its container was never started{_error(container)}")
        case ContainerState.RESTARTING:
            return Judgement(passed=False, because=f"it crashed with code {container.exit_code} and is restarted")
        case _:
            memory = " for want of memory" if container.oom_killed else ""
            because = f"it ended with code {container.exit_code}{memory}{_error(container)}"
            return Judgement(passed=False, because=because)


def _running(container: Container, wall: float, patience: float) -> Judgement:
    match container.healthcheck:
        case HealthcheckState.NONE:
            return Judgement(passed=True, because="runs")
        case HealthcheckState.HEALTHY:
            return Judgement(passed=True, because="runs and passes its health check")
        case HealthcheckState.UNHEALTHY:
            said = f": {container.healthcheck_output}" if container.healthcheck_output else ""
            return Judgement(passed=False, because=f"its health check fails{said}")
        case _:
            within = container.start_period + patience
            if wall - (container.started_at or wall) < within:
                return Judgement(passed=None, because="its health check has not passed yet")
            return Judgement(passed=False, because=f"its health check did not pass within {within:g} s")


def _did_its_work(container: Container) -> bool:
    return container.exit_code == 0 and container.restart_policy in {RestartPolicy.NO, RestartPolicy.ON_FAILURE}


def _error(container: Container) -> str:
    return f" ({container.error})" if container.error else ""


def answer(
    check: Check, last: Observation, failed: int, container: Container | None, *, since: float, wall: float,
    patience: float,
) -> Judgement:  # fmt: skip
    """What an answer to a check proves, the `failed`-th FAIL in a row. Times as for `infrastructure`.

    A service that runs and has no health check of its own may need its time to begin to answer: until then a refused
    connection, or a proxy's word that nobody is behind it, proves nothing. An answer of its own that is wrong does.
    """
    if last.verdict is Verdict.PASS:
        return Judgement(passed=True, because=last.reason)
    if last.verdict is Verdict.UNKNOWN:
        return Judgement(passed=False if wall - since >= patience else None, because=last.reason)
    started = container.started_at if container is not None and container.started_at is not None else since
    overdue = wall - started >= patience + (container.start_period if container is not None else 0.0)
    status = last.evidence.get("http_status")
    own_word = isinstance(check.probe, HttpProbe) and isinstance(status, int) and status not in NOT_READY_YET
    ready = container is None or not container.running or container.healthcheck is HealthcheckState.HEALTHY
    proven = failed >= check.failures and (own_word or ready or overdue)
    return Judgement(passed=False if proven else None, because=last.reason)


def serves(container: Container | None, *, checks_pass: bool) -> bool:
    """Whether users are served now, for the sake of measuring downtime."""
    if container is None or not container.running:
        return False
    return container.healthcheck in {HealthcheckState.NONE, HealthcheckState.HEALTHY} and checks_pass
