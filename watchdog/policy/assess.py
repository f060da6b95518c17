"""From what is seen of one service to its health, with the sentence that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.health import Assessment, Cause, CheckStatus, Health
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.settings import OnStop, ServiceSettings
from watchdog.policy.journeys import not_reached
from watchdog.policy.namespaces import Ties
from watchdog.policy.score import service_score
from watchdog.policy.streak import Standing, Streak

ENDS_SOON = "tls_expires_soon"
CERTIFICATE_CLASSES = {
    ENDS_SOON, "tls_expired", "tls_not_yet_valid", "tls_wrong_host", "tls_self_signed", "tls_untrusted"
}  # fmt: skip
"""Classes of evidence that speak of the certificate; `tls_handshake` is not one: a broken server fails it too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that is known of one service at one moment. Durations are seconds."""

    service: ServiceKey
    settings: ServiceSettings
    container: Container | None = None
    running_for: float = 0.0
    """How long the container runs without a break."""
    stopped_by_person: bool = False
    """Its stop was asked for through the engine's API, and not by watchdog."""
    killed_by_person: bool = False
    told_to_end: bool = False
    """By a signal that is nobody's known intent: the engine's own as it stops or starts, or one of unwatched times."""
    probed_while_paused: bool = False
    """Its health check could not be asked when it was last due."""
    streaks: Mapping[str, Streak] = field(default_factory=dict[str, Streak])
    restarts: int = 0
    """How often Docker's restart policy has started it since it last was good."""
    engine_away: str | None = None
    ties: Ties = field(default_factory=Ties)


def assess(sight: Sight) -> Assessment:
    """The health of a service. It never reads a clock: what depends on time is in `Sight` as a duration."""
    if sight.engine_away is not None:
        return _verdict(sight, Health.UNKNOWN, Cause.NONE, f"cannot be judged: {sight.engine_away}")
    container = sight.container
    if container is None:
        return _verdict(sight, Health.MISSING, Cause.MISSING, "it has no container")
    match container.state:
        case ContainerState.RUNNING:
            return _running(sight, container)
        case ContainerState.PAUSED:
            return _verdict(sight, Health.PAUSED, Cause.NONE, "its container is paused (`docker pause`)")
        case ContainerState.CREATED:
            return _created(sight, container)
        case ContainerState.RESTARTING:
            because = f"{_exit(container)}; Docker is restarting it (restart {max(1, sight.restarts)})"
            return _verdict(sight, Health.UNHEALTHY, _crash_cause(container), because)
        case ContainerState.REMOVING:
            return _verdict(sight, Health.MISSING, Cause.MISSING, "it has no container: the engine is removing it")
        case _:
            return _exited(sight, container)


def is_done(container: Container, *, checked: bool, told_to_end: bool) -> bool:
    """A one-shot that did its work: no restart asked for, exit code 0, nobody stopped it, nothing asks for it."""
    return (
        container.state is ContainerState.EXITED
        and container.restart_policy in {RestartPolicy.NO, RestartPolicy.ON_FAILURE}
        and container.exit_code == 0
        and not container.oom_killed
        and not told_to_end
        and not checked
    )


def _running(sight: Sight, container: Container) -> Assessment:
    if sight.ties.cut_off:
        return _verdict(sight, Health.UNHEALTHY, Cause.NAMESPACE_LOST, sight.ties.cut_off)
    return _health_check(sight, container) or _by_its_checks(sight, container)


def _health_check(sight: Sight, container: Container) -> Assessment | None:
    """What the engine's own probe says against it; None where it has nothing to say."""
    match container.healthcheck:
        case HealthcheckState.UNHEALTHY if sight.probed_while_paused:
            because = "its health check has not been asked since it was paused"
            return _verdict(sight, Health.UNKNOWN, Cause.NONE, because)
        case HealthcheckState.UNHEALTHY:
            said = f": {container.healthcheck_output}" if container.healthcheck_output else ""
            return _verdict(sight, Health.UNHEALTHY, Cause.UNHEALTHY, f"its health check fails{said}")
        case HealthcheckState.STARTING:
            return _verdict(sight, Health.STARTING, Cause.NONE, "its health check has not passed yet")
        case _:
            return None


def _by_its_checks(sight: Sight, container: Container) -> Assessment:
    start_grace = sight.settings.recovery.verify_timeout + container.start_period
    failing = [name for name, streak in sight.streaks.items() if streak.standing is Standing.FAILING]
    told = [name for name in failing if _told(sight, name)]
    expected = [check.name for check in sight.settings.checks if not check.for_people]
    reached = [name for name in expected if not not_reached(_streak(sight, name).last)]
    needed = [name for name in reached if name not in told]
    unsure = [name for name in needed if _streak(sight, name).standing is Standing.NEW]
    unproven = [name for name in needed if name in unsure or not _streak(sight, name).ever_passed]
    if unproven and sight.running_for < start_grace:
        wait = start_grace - sight.running_for
        last = _streak(sight, unproven[0]).last
        said = f" ({last.reason})" if last is not None and last.verdict is not Verdict.PASS else ""
        because = f"has not passed {', '.join(unproven)} yet{said}"
        return _verdict(sight, Health.STARTING, Cause.NONE, because, changes_in=wait)
    if len(failing) > len(told):
        return _check_fails(sight, failing)
    if unsure:
        return _verdict(sight, Health.UNKNOWN, Cause.NONE, _telling(sight, unsure, "cannot be judged"))
    doubted = [name for name in needed if _streak(sight, name).standing is Standing.DOUBTED]
    if doubted:
        return _verdict(sight, Health.DEGRADED, Cause.NONE, _telling(sight, doubted, "is in doubt"))
    only_runs = container.healthcheck is HealthcheckState.NONE and not expected
    stable = sight.settings.health.stable
    if sight.running_for < stable and (only_runs or sight.restarts):
        because = (
            f"Docker restarted it {sight.restarts} times" if sight.restarts else "nothing but that it runs is known"
        )
        because += f"; good once it has run for {stable:g} s"
        return _verdict(sight, Health.STARTING, Cause.NONE, because, changes_in=stable - sight.running_for)
    if told:
        kinds = {_class_of(sight, name) for name in told}
        cause = Cause.CERTIFICATE if kinds <= CERTIFICATE_CLASSES else Cause.FOR_PEOPLE
        return _verdict(sight, Health.DEGRADED, cause, _telling(sight, told, "fails"))
    proof = "runs" if only_runs else "runs and passes " + ", ".join(_proofs(sight, container))
    return _verdict(sight, Health.HEALTHY, Cause.NONE, proof)


def _check_fails(sight: Sight, failing: list[str]) -> Assessment:
    """Users see it. What fails over a certificate is no case for a restart all the same."""
    told = [name for name in failing if _told(sight, name)]
    over_certificates = [name for name in failing if _class_of(sight, name) in CERTIFICATE_CLASSES]
    others = [name for name in failing if name not in told and name not in over_certificates]
    if others:
        return _verdict(sight, Health.UNHEALTHY, Cause.CHECK_FAILED, _telling(sight, others, "fails"))
    return _verdict(sight, Health.UNHEALTHY, Cause.CERTIFICATE, _telling(sight, over_certificates, "fails"))


def for_people(check: Check, streak: Streak) -> bool:
    """Whether its failure degrades and is told, and nothing else: it is configured so, or a certificate ends soon."""
    if streak.standing is not Standing.FAILING:
        return False
    return check.for_people or failure_class(streak) == ENDS_SOON


def _told(sight: Sight, name: str) -> bool:
    streak = _streak(sight, name)
    return any(check.name == name and for_people(check, streak) for check in sight.settings.checks)


def _class_of(sight: Sight, check: str) -> str:
    return failure_class(_streak(sight, check))


def failure_class(streak: Streak) -> str:
    """What its last failure was; '' where there was none."""
    failure = streak.last_fail
    return str(failure.evidence.get("class", "")) if failure is not None else ""


def _telling(sight: Sight, checks: list[str], how: str) -> str:
    """The checks, how they are, and what the first of them last heard."""
    last = _streak(sight, checks[0]).last
    return f"{', '.join(checks)} {how}" + (f": {last.reason}" if last is not None else "")


def _proofs(sight: Sight, container: Container) -> list[str]:
    own = [] if container.healthcheck is HealthcheckState.NONE else ["its health check"]
    checks = (check.name for check in sight.settings.checks)
    return own + [name for name in checks if _streak(sight, name).standing is Standing.PASSING]


def _created(sight: Sight, container: Container) -> Assessment:
    if container.error or container.exit_code:
        because = f"its container could not be started: {container.error or f'exit code {container.exit_code}'}"
        return _verdict(sight, Health.UNHEALTHY, Cause.FAILED_START, because)
    return _verdict(sight, Health.UNHEALTHY, Cause.NOT_STARTED, "its container was created and not started")


def _exited(sight: Sight, container: Container) -> Assessment:
    because = _exit(container)
    told_to_end = sight.stopped_by_person or sight.told_to_end
    if is_done(container, checked=bool(sight.settings.checks), told_to_end=told_to_end):
        return _verdict(sight, Health.DONE, Cause.NONE, "did its work: exited with code 0 and asks for no restart")
    if sight.stopped_by_person:
        if sight.settings.recovery.on_stop is OnStop.RESPECT:
            return _verdict(sight, Health.PAUSED, Cause.NONE, "a person stopped it, which is respected (on_stop)")
        return _verdict(sight, Health.UNHEALTHY, Cause.OPERATOR_STOP, f"a person stopped it ({because})")
    if container.oom_killed:
        return _verdict(sight, Health.UNHEALTHY, Cause.OUT_OF_MEMORY, f"it ran out of memory ({because})")
    if sight.killed_by_person:
        because = f"it was killed through the engine (`docker kill`; {because})"
        return _verdict(sight, Health.UNHEALTHY, Cause.KILLED, because)
    if sight.told_to_end:
        because = f"it was told to end, perhaps by the engine itself ({because})"
    return _verdict(sight, Health.UNHEALTHY, Cause.CRASHED, because)


def _crash_cause(container: Container) -> Cause:
    return Cause.OUT_OF_MEMORY if container.oom_killed else Cause.CRASHED


def _exit(container: Container) -> str:
    said = f": {container.error}" if container.error else ""
    return f"it exited with code {container.exit_code}{said}"


def _streak(sight: Sight, check: str) -> Streak:
    return sight.streaks.get(check, Streak())


def _verdict(sight: Sight, health: Health, cause: Cause, reason: str, *, changes_in: float | None = None) -> Assessment:
    checks = tuple(
        _check_status(name, streak.standing, streak.last)
        for name, streak in sight.streaks.items()
        if streak.last is not None
    )
    passing = sum(status.verdict is Verdict.PASS for status in checks)
    return Assessment(
        service=sight.service,
        health=health,
        cause=cause,
        reason=reason,
        score=service_score(health, passing, len(checks)),
        checks=checks,
        changes_in=changes_in,
    )


_VERDICT_OF = {
    Standing.PASSING: Verdict.PASS,
    Standing.DOUBTED: Verdict.FAIL,
    Standing.FAILING: Verdict.FAIL,
}


def _check_status(name: str, standing: Standing, last: Observation) -> CheckStatus:
    """What its thresholds say; before they say anything, the last answer."""
    verdict = _VERDICT_OF.get(standing, last.verdict)
    return CheckStatus(check=name, verdict=verdict, reason=last.reason, seconds=last.seconds, at=last.at)
