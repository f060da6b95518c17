"""The reasons for which nothing is done about a service (yet)."""

from __future__ import annotations

from collections.abc import Callable

from watchdog.model.container import ContainerState
from watchdog.model.health import Cause, Health
from watchdog.model.plan import Decision, Rest, Wait
from watchdog.model.record import Desired, Outcome
from watchdog.policy.situation import Situation, Surroundings, counted

KILL_SETTLE = 1.0
"""`docker rm -f` kills first: what looks like a kill may be a removal a moment later."""

DEATHS_SETTLE = 0.25
"""What fails together is told of one by one: a dependent waits so long after the last death for that of a root."""

DEATHS_SETTLE_MAX = 2.0

PID = "pid"
"""The namespace whose end ends every process in it, and the engine may tell of a child before its parent."""

GRACED = {Cause.MISSING, Cause.OPERATOR_STOP, Cause.NOT_STARTED, Cause.NAMESPACE_LOST}
"""A person or a deployment may be at work: these wait for the absence grace."""

NOT_WANTED = {
    Desired.UNPROVEN: "reported only: it was never proven healthy",
    Desired.DONE: "nothing asks for it to be up",
    Desired.STOPPED: "nothing asks for it to be up",
    Desired.RETIRED: "it was retired on purpose",
}

UNCHECKED_BY_ROOTS = {Cause.MISSING, Cause.CRASHED, Cause.KILLED, Cause.OUT_OF_MEMORY, Cause.OPERATOR_STOP}

ASKED = {Cause.CHECK_FAILED, Cause.UNHEALTHY}
"""Told by an answer, which a root that fails can spoil before its own trouble is known."""

DEATHS = {Cause.CRASHED, Cause.KILLED, Cause.OUT_OF_MEMORY}

BY_ITSELF = {Cause.MISSING, Cause.KILLED, Cause.OUT_OF_MEMORY, Cause.OPERATOR_STOP, Cause.CERTIFICATE}
"""What no root that is down explains: an incident of its own, whatever becomes of its roots."""


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
    if situation.flapping is not None and situation.record.incident is not None:
        return Rest(f"{situation.flapping.because}; its incident stays open until it settles")
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
    if situation.maintenance is not None:
        return Wait(situation.maintenance.because, situation.maintenance.until)
    if record.quarantined is not None:
        return Wait(f"handed to a person: {record.quarantined}")
    return None


def _deployment(situation: Situation, _: Surroundings, __: float) -> Decision | None:
    """A deployment brings back what it changed, or has it taken over at its end: two at once would undo each other."""
    if situation.deployment is None:
        return None
    if situation.ordered is not None:
        return Rest(situation.deployment)
    return Wait(f"no action: {situation.deployment}")


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


def _flaps(situation: Situation, _: Surroundings, now: float) -> Decision | None:
    """Only what answers tell: what crashes or is gone is the ladder's and the quarantine's."""
    flapping = situation.flapping
    if flapping is None or situation.assessment.cause not in ASKED:
        return None
    until = situation.bad_since + flapping.hold
    if now >= until:
        return None
    return Wait(f"{flapping.because}; recovery waits until it stays bad or settles", until)


def _deaths_settle(situation: Situation, around: Surroundings, now: float) -> Decision | None:
    if not situation.needs_others or situation.assessment.cause not in DEATHS | ASKED:
        return None
    since = situation.bad_since
    until = min(max(since, around.last_death) + DEATHS_SETTLE, since + DEATHS_SETTLE_MAX)
    return (
        Wait("what it needs may have failed with it: the news of that has a moment to come", until)
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


def _others_turn(situation: Situation, around: Surroundings, now: float) -> Decision | None:
    seen, container = situation.assessment, situation.container
    if container is not None and container.state is ContainerState.REMOVING:
        return Wait("the engine is still removing its container")
    docker_may = situation.dockers_turn_until is not None and not situation.ties.replaced
    if docker_may and not _tried_in_vain(situation, now):
        return Wait("Docker's restart policy has its turn", situation.dockers_turn_until)
    if situation.ends_until is not None:
        because = "it was told to end, and is given its stop time-out to do so"
        return Wait(because, situation.ends_until)
    if seen.cause is Cause.KILLED and now < situation.bad_since + KILL_SETTLE:
        return Wait("a kill may be the first half of a removal", situation.bad_since + KILL_SETTLE)
    if seen.cause in GRACED and now < grace_ends(situation, around):
        because = f"{seen.reason}; a person or a deployment may be at work (absence grace)"
        return Wait(because, grace_ends(situation, around))
    return None


def _tried_in_vain(situation: Situation, now: float) -> bool:
    """Whether this incident has seen a failed attempt: Docker had its turn before it, and has no second one."""
    closed_at = situation.record.last_incident_closed_at
    attempts = counted(situation, now)
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
    _deployment,
    _people,
    _observer,
    _roots,
    _flaps,
    _deaths_settle,
    _parents,
    _others_turn,
    _breaker,
)
"""The reasons for which nothing is done (yet), the strongest first."""

GUARDS_OF_AN_ORDER: tuple[Guard, ...] = (_engine_away, _deployment, _ordered_and_good, _parents, _breaker)
"""A person who orders overrides pause, maintenance, quarantine, graces, roots and Docker's turn; not physics."""


def grace_ends(situation: Situation, around: Surroundings) -> float:
    """Steady seconds: `absence_grace` after the last foreign activity, `absence_max` after the loss at the latest.

    For what was stopped, each other stop is such an activity: an engine that shuts down stops one after the other.
    """
    settings = situation.settings
    last = max(situation.bad_since, situation.last_foreign or situation.bad_since)
    if situation.assessment.cause is Cause.OPERATOR_STOP:
        last = max(last, around.last_stop)
    return min(last + settings.absence_grace, situation.bad_since + max(settings.absence_max, settings.absence_grace))
