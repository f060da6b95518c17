"""What to do about a service: the one brain. Facts and `now` in, a decision with its sentence out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from watchdog.model.container import Container, ContainerState
from watchdog.model.health import Assessment, Cause, Health
from watchdog.model.plan import Act, Decision, HandOver, Rest, Wait
from watchdog.model.record import Attempt, Desired, Outcome, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, RollbackMode
from watchdog.policy.budget import backoff, counting_window, spent
from watchdog.policy.namespaces import Ties

KILL_SETTLE = 1.0
"""`docker rm -f` kills first: what looks like a kill may be a removal a moment later."""

DEATHS_SETTLE = 0.25
"""What dies together is told of one by one: a dependent waits so long after the last death for that of a root."""

DEATHS_SETTLE_MAX = 2.0

DEATHS = {Cause.CRASHED, Cause.KILLED, Cause.OUT_OF_MEMORY}

PID = "pid"
"""The namespace whose end ends every process in it, and the engine may tell of a child before its parent."""

MINUTE = 60.0

GRACED = {Cause.MISSING, Cause.OPERATOR_STOP, Cause.NOT_STARTED, Cause.NAMESPACE_LOST}
"""A person or a deployment may be at work: these wait for the absence grace."""

NOT_WANTED = {
    Desired.UNPROVEN: "reported only: it was never proven healthy",
    Desired.DONE: "nothing asks for it to be up",
    Desired.STOPPED: "nothing asks for it to be up",
    Desired.RETIRED: "it was retired on purpose",
}

STARTABLE = {ContainerState.CREATED, ContainerState.EXITED, ContainerState.DEAD}
"""The engine ignores a start of what it restarts by itself and refuses that of what is paused: a restart moves both."""

UNCHECKED_BY_ROOTS = {Cause.MISSING, Cause.CRASHED, Cause.KILLED, Cause.OUT_OF_MEMORY, Cause.OPERATOR_STOP}

ASKED = {Cause.CHECK_FAILED, Cause.UNHEALTHY}
"""Told by an answer, which a root that fails can spoil before its own trouble is known."""

BY_ITSELF = {Cause.MISSING, Cause.KILLED, Cause.OUT_OF_MEMORY, Cause.OPERATOR_STOP, Cause.CERTIFICATE}
"""What no root that is down explains: an incident of its own, whatever becomes of its roots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What holds for every service at this moment. Times are steady seconds."""

    engine_away: str | None = None
    settled_at: float = 0.0
    """The engine came back recently: nothing is judged before."""
    breaker_until: float | None = None
    observer_suspected: str | None = None
    last_death: float = 0.0
    """When the engine last told of a container's end that watchdog did not cause."""
    restarts: tuple[float, ...] = ()
    """When running containers were restarted, of the last minute."""
    orders_only: str | None = None
    """Why nothing is done unless a person orders it: the daemon ends, or lives for one order only."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A person ordered a recovery at `since` (steady seconds), perhaps by a certain rung."""

    since: float
    rung: Rung | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the decision about one service rests on. Times are steady seconds."""

    assessment: Assessment
    record: ServiceRecord
    settings: RecoverySettings
    container: Container | None = None
    config_hash: str | None = None
    """Of the container that is there; None when there is none."""
    bad_since: float = 0.0
    last_foreign: float | None = None
    """The last create, stop, remove, pull or network event around it that was not watchdog's."""
    dockers_turn_until: float | None = None
    roots_down: tuple[str, ...] = ()
    """The services it needs that are not good and that somebody still works on."""
    roots_lost: tuple[str, ...] = ()
    """Those that only a person will mend: handed over, paused, or with recovery off."""
    roots_unsettled: tuple[str, ...] = ()
    """Those that have only just started, or whose checks fail below their thresholds."""
    needs_others: bool = False
    """It has roots, however they are."""
    root_good_at: float | None = None
    """When the last of those that it waited for was verified good."""
    ties: Ties = field(default_factory=Ties)
    """To those whose namespaces it shares."""
    others_asked: bool = True
    """Every other check was asked since this went bad, so that a blind observer would have been noticed."""
    ordered: Ordered | None = None


def decide(situation: Situation, around: Surroundings, now: float) -> Decision:
    """The next step for one service: rest, wait (until when, for what), act on a rung, or hand over."""
    for guard in GUARDS if situation.ordered is None else GUARDS_OF_AN_ORDER:
        held = guard(situation, around, now)
        if held is not None:
            return held
    return _next_rung(situation, around, now)


def _engine_away(_: Situation, around: Surroundings, now: float) -> Decision | None:
    if around.engine_away is not None:
        return Wait(f"no action: {around.engine_away}")
    if now < around.settled_at:
        return Wait("the engine has just come back: things settle before anything is judged", around.settled_at)
    return None


def _nothing_bad(situation: Situation, _: Surroundings, __: float) -> Decision | None:
    seen = situation.assessment
    if seen.health.bad:
        return None
    return Rest("" if seen.health is Health.HEALTHY else seen.reason)


def _not_wanted(situation: Situation, around: Surroundings, _: float) -> Decision | None:
    if around.orders_only is not None:
        return Rest(around.orders_only)
    if situation.record.desired is not Desired.UP:
        return Rest(NOT_WANTED[situation.record.desired])
    return None if situation.settings.enabled else Rest("reported only: recovery is off (recovery.enabled)")


def _people(situation: Situation, _: Surroundings, now: float) -> Decision | None:
    record = situation.record
    if record.pause is not None and now < record.pause.until:
        return Wait(f"paused by {record.pause.by}: {record.pause.reason}", record.pause.until)
    if record.quarantined is not None:
        return Wait(f"handed to a person: {record.quarantined}")
    return None


def _observer(situation: Situation, around: Surroundings, _: float) -> Decision | None:
    if situation.assessment.cause is Cause.CHECK_FAILED and around.observer_suspected is not None:
        return Wait(f"no action: {around.observer_suspected}")
    if situation.assessment.cause is Cause.CHECK_FAILED and not situation.others_asked:
        return Wait("other checks are asked first, to know whether it is the observer who is blind")
    return None


def for_want_of_roots(situation: Situation, around: Surroundings, now: float) -> str | None:
    """Why what is bad may be part of its roots' incident and has none of its own (yet); None where it is by itself."""
    if situation.assessment.cause in BY_ITSELF:
        return None
    held = _roots(situation, around, now) or _deaths_settle(situation, around, now)
    return held.because if held is not None else None


def _roots(situation: Situation, _: Surroundings, now: float) -> Decision | None:
    cause = situation.assessment.cause
    if situation.roots_down:
        return Wait(f"waiting for {', '.join(situation.roots_down)}")
    if situation.roots_lost and cause not in UNCHECKED_BY_ROOTS:
        return Wait(f"waiting for {', '.join(situation.roots_lost)}, which waits for a person")
    if situation.roots_unsettled and cause in ASKED:
        return Wait(f"{', '.join(situation.roots_unsettled)}, which it needs, is judged first")
    asked_anew = _asked_anew(situation)
    if asked_anew is not None and now < asked_anew:
        return Wait("what it needs is good again: its health check is asked anew before it is judged", asked_anew)
    return None


def _deaths_settle(situation: Situation, around: Surroundings, now: float) -> Decision | None:
    if not situation.needs_others or situation.assessment.cause not in DEATHS:
        return None
    since = situation.bad_since
    until = min(max(since, around.last_death) + DEATHS_SETTLE, since + DEATHS_SETTLE_MAX)
    return (
        Wait("what it needs may have ended with it: the news of that has a moment to come", until)
        if now < until
        else None
    )


def _asked_anew(situation: Situation) -> float | None:
    """When the engine has an answer of the health check that no root has spoilt any more; None without such a one."""
    good_at, container = situation.root_good_at, situation.container
    if situation.assessment.cause is not Cause.UNHEALTHY or container is None:
        return None
    if good_at is None or situation.bad_since >= good_at:
        return None
    return good_at + container.healthcheck_period


def _parents(situation: Situation, _: Surroundings, now: float) -> Decision | None:
    """Nothing can be started in a namespace that is not there, whoever orders it."""
    if situation.ties.down:
        because = f"{', '.join(situation.ties.down)}, whose namespace it shares, must run first"
        return Rest(because) if situation.ordered is not None else Wait(because)
    container, until = situation.container, situation.bad_since + KILL_SETTLE
    if container is not None and PID in container.joined and not container.running and now < until:
        return Wait("it may have ended with the one whose processes it shares", until)
    return None


def _others_turn(situation: Situation, _: Surroundings, now: float) -> Decision | None:
    seen, container = situation.assessment, situation.container
    if container is not None and container.state is ContainerState.REMOVING:
        return Wait("the engine is still removing its container")
    docker_may = situation.dockers_turn_until is not None and not situation.ties.replaced
    if docker_may and not _tried_in_vain(situation, now):
        return Wait("Docker's restart policy has its turn", situation.dockers_turn_until)
    if seen.cause is Cause.KILLED and now < situation.bad_since + KILL_SETTLE:
        return Wait("a kill may be the first half of a removal", situation.bad_since + KILL_SETTLE)
    if seen.cause in GRACED and now < grace_ends(situation):
        because = f"{seen.reason}; a person or a deployment may be at work (absence grace)"
        return Wait(because, grace_ends(situation))
    return None


def _tried_in_vain(situation: Situation, now: float) -> bool:
    """Whether this incident has seen a failed attempt: Docker had its turn before it, and has no second one."""
    closed_at = situation.record.last_incident_closed_at
    attempts = _counted(situation, now)
    failed = [attempt.at for attempt in attempts if attempt.outcome is Outcome.FAILED]
    return bool(failed) and (closed_at is None or failed[-1] > closed_at)


def _ordered_and_good(situation: Situation, _: Surroundings, __: float) -> Decision | None:
    seen, ordered = situation.assessment, situation.ordered
    if ordered is None or ordered.rung is not None or seen.health.bad or seen.health is Health.PAUSED:
        return None
    return Rest(seen.reason)


def _breaker(_: Situation, around: Surroundings, __: float) -> Decision | None:
    if around.breaker_until is not None:
        return Wait("the engine refused too many calls: the breaker is open", around.breaker_until)
    return None


Guard = Callable[[Situation, Surroundings, float], Decision | None]

GUARDS: tuple[Guard, ...] = (
    _engine_away,
    _nothing_bad,
    _not_wanted,
    _people,
    _observer,
    _roots,
    _deaths_settle,
    _parents,
    _others_turn,
    _breaker,
)
"""The reasons for which nothing is done (yet), the strongest first."""

GUARDS_OF_AN_ORDER: tuple[Guard, ...] = (_engine_away, _ordered_and_good, _parents, _breaker)
"""A person who orders a recovery overrides pause, quarantine, graces, roots and Docker's turn; not physics."""


def grace_ends(situation: Situation) -> float:
    """Steady seconds: `absence_grace` after the last foreign activity, `absence_max` after the loss at the latest."""
    settings = situation.settings
    last = max(situation.bad_since, situation.last_foreign or situation.bad_since)
    return min(last + settings.absence_grace, situation.bad_since + max(settings.absence_max, settings.absence_grace))


def _next_rung(situation: Situation, around: Surroundings, now: float) -> Decision:
    settings = situation.settings
    attempts = _counted(situation, now)
    if situation.ordered is not None and situation.ordered.rung is not None:
        return _forced(situation, situation.ordered.rung, attempts)
    if any(attempt.outcome is not Outcome.RECOVERED for attempt in attempts if _rolled_back(attempt)):
        because = f"{situation.assessment.reason}; {_tried(attempts)}"
        return HandOver(f"{because}: a rollback is never rolled back")
    if attempts:
        until = attempts[-1].at + backoff(situation.record.service, len(attempts), settings)
        if now < until:
            return Wait(f"{_so_far(attempts, settings)}: backing off", until)
    decision = _climb(situation, attempts, now)
    if isinstance(decision, Act) and situation.container is not None and situation.container.running:
        return _within_restart_budget(decision, around, settings, now)
    return decision


def _climb(situation: Situation, attempts: tuple[Attempt, ...], now: float) -> Decision:
    seen, record, settings = situation.assessment, situation.record, situation.settings
    if seen.cause is Cause.CERTIFICATE:
        return HandOver(f"{seen.reason}; no restart mends a certificate")
    if len(attempts) >= settings.max_attempts:
        return _roll_back(situation, attempts, now)
    if seen.cause is Cause.FAILED_START and not situation.ties.replaced and _is_another_deployment(situation):
        at_once = _roll_back(situation, attempts, now)
        if isinstance(at_once, Act):
            return at_once
    rung = _rung(situation, attempts)
    if rung is Rung.RECREATE and not record.baselines and situation.container is None:
        return HandOver(f"{seen.reason}; no deployment of it was ever proven, so there is nothing to recreate it from")
    return Act(f"{seen.reason}; attempt {len(attempts) + 1} of {settings.max_attempts}", rung, seen.cause)


def _within_restart_budget(act: Act, around: Surroundings, settings: RecoverySettings, now: float) -> Decision:
    """Every rung takes a running container down for a moment: services share a budget for that."""
    of_the_minute = [at for at in around.restarts if now - at < MINUTE]
    if len(of_the_minute) < settings.restarts_per_minute:
        return act
    until = of_the_minute[-settings.restarts_per_minute] + MINUTE
    return Wait("too many running containers were restarted within a minute", until)


def _window(situation: Situation) -> float:
    start_period = situation.container.start_period if situation.container is not None else 0.0
    return counting_window(situation.settings, start_period)


def _counted(situation: Situation, now: float) -> tuple[Attempt, ...]:
    """An order starts a budget of its own; else the attempts of the window count."""
    ordered = situation.ordered
    if ordered is None:
        return spent(situation.record.attempts, _window(situation), now)
    return tuple(
        attempt for attempt in situation.record.attempts if attempt.by_operator and attempt.at >= ordered.since
    )


def _forced(situation: Situation, rung: Rung, attempts: tuple[Attempt, ...]) -> Decision:
    """One attempt by the rung that a person named, if it can be climbed at all."""
    if attempts:
        return HandOver(
            f"the ordered {rung} did not bring it back: {attempts[-1].reason or situation.assessment.reason}"
        )
    if rung in {Rung.START, Rung.RESTART} and situation.container is None:
        return HandOver(f"it has no container to {rung}: order `--action recreate`")
    if rung in {Rung.START, Rung.RESTART} and situation.ties.replaced:
        return HandOver(f"{situation.ties.cut_off}: order `--action recreate`")
    if rung is Rung.ROLLBACK and rollback_target(situation.record, situation.config_hash) is None:
        return HandOver("there is no other proven deployment to go back to")
    return Act(f"ordered by a person ({situation.assessment.reason})", rung, situation.assessment.cause)


def _rung(situation: Situation, attempts: tuple[Attempt, ...]) -> Rung:
    if situation.container is None or situation.assessment.cause is Cause.MISSING:
        return Rung.RECREATE
    if any(attempt.outcome is not Outcome.INTERRUPTED for attempt in attempts) or situation.ties.replaced:
        return Rung.RECREATE
    return Rung.START if situation.container.state in STARTABLE else Rung.RESTART


def _roll_back(situation: Situation, attempts: tuple[Attempt, ...], now: float) -> Decision:
    seen, settings, window = situation.assessment, situation.settings, _window(situation)
    because = f"{seen.reason}; {_tried(attempts)}" if attempts else seen.reason
    of_the_window = [attempt for attempt in situation.record.attempts if now - attempt.at < window]
    if any(map(_rolled_back, of_the_window)):
        return HandOver(f"{because}; a rollback is never rolled back, not even a person's")
    if sum(attempt.rung is Rung.ROLLBACK for attempt in of_the_window) >= settings.max_attempts:
        return HandOver(f"{because}; the daemon ended in the middle of each rollback")
    target = rollback_target(situation.record, situation.config_hash)
    if target is None:
        return HandOver(f"{because}; there is no other proven deployment to go back to")
    if seen.cause is Cause.OUT_OF_MEMORY:
        return HandOver(f"{because}; another deployment would not help against running out of memory")
    if settings.rollback is RollbackMode.NEVER:
        return HandOver(f"{because}; rollback is switched off (recovery.rollback)")
    if settings.rollback is RollbackMode.AUTO:
        if situation.container is None:
            return HandOver(f"{because}; with no container to tell whether it writes data, {_PERSONS_CALL}")
        if situation.container.writable_mounts:
            return HandOver(f"{because}; it has writable mounts, so {_PERSONS_CALL}")
    return Act(f"{because}; going back to the last proven deployment", Rung.ROLLBACK, seen.cause)


def _rolled_back(attempt: Attempt) -> bool:
    """An interrupted rollback was undone: it may be tried again."""
    return attempt.rung is Rung.ROLLBACK and attempt.outcome is not Outcome.INTERRUPTED


_PERSONS_CALL = "going back to an older deployment is a person's call"


def rollback_target(record: ServiceRecord, config_hash: str | None) -> int | None:
    """Index of the newest proven deployment that differs from what is there now (or was, when it is missing)."""
    current = (
        config_hash if config_hash is not None else (record.baselines[0].config_hash if record.baselines else None)
    )
    for index, baseline in enumerate(record.baselines):
        if baseline.config_hash != current:
            return index
    return None


def _is_another_deployment(situation: Situation) -> bool:
    return rollback_target(situation.record, situation.config_hash) is not None and situation.config_hash is not None


def _so_far(attempts: tuple[Attempt, ...], settings: RecoverySettings) -> str:
    last = attempts[-1]
    which = "the rollback" if last.rung is Rung.ROLLBACK else f"attempt {len(attempts)} of {settings.max_attempts}"
    if last.outcome is Outcome.RECOVERED:
        return f"it is bad again after {which}"
    return f"{which} was interrupted" if last.outcome is Outcome.INTERRUPTED else f"{which} failed"


def _tried(attempts: tuple[Attempt, ...]) -> str:
    return "tried " + ", ".join(attempt.rung.value for attempt in attempts)
