"""The rungs by which a service is brought back, bounded, and when they end with a person."""

from __future__ import annotations

from watchdog.model.container import ContainerState
from watchdog.model.health import Cause
from watchdog.model.plan import Act, Decision, HandOver, Wait
from watchdog.model.record import Attempt, Outcome, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings, RollbackMode
from watchdog.policy.budget import backoff
from watchdog.policy.situation import Situation, Surroundings, counted, counts_from, window_of

MINUTE = 60.0

STARTABLE = {ContainerState.CREATED, ContainerState.EXITED, ContainerState.DEAD}
"""The engine ignores a start of what it restarts by itself and refuses that of what is paused: a restart moves both."""

_PERSONS_CALL = "going back to an older deployment is a person's call"


def next_rung(situation: Situation, around: Surroundings, now: float) -> Decision:
    """Act on it, wait for the back-off or the restart budget, or hand over."""
    settings = situation.settings
    attempts = counted(situation, now)
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
    named = situation.ordered.baseline if situation.ordered is not None else None
    if rung is Rung.ROLLBACK and named is None and rollback_target(situation.record, situation.config_hash) is None:
        return HandOver("there is no other proven deployment to go back to")
    because = f"ordered by a person ({situation.assessment.reason})"
    return Act(because, rung, situation.assessment.cause, baseline=named)


def _rung(situation: Situation, attempts: tuple[Attempt, ...]) -> Rung:
    if situation.container is None or situation.assessment.cause is Cause.MISSING:
        return Rung.RECREATE
    if any(attempt.outcome is not Outcome.INTERRUPTED for attempt in attempts) or situation.ties.replaced:
        return Rung.RECREATE
    return Rung.START if situation.container.state in STARTABLE else Rung.RESTART


def _roll_back(situation: Situation, attempts: tuple[Attempt, ...], now: float) -> Decision:
    seen, settings, window = situation.assessment, situation.settings, window_of(situation)
    because = f"{seen.reason}; {_tried(attempts)}" if attempts else seen.reason
    from_then = counts_from(situation, now)
    of_the_window = [attempt for attempt in situation.record.attempts if from_then - attempt.at < window]
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
    if settings.rollback is RollbackMode.AUTO and Rung.ROLLBACK not in settings.approval:  # else that person is asked
        if situation.container is None:
            return HandOver(f"{because}; with no container to tell whether it writes data, {_PERSONS_CALL}")
        if situation.container.writable_mounts:
            return HandOver(f"{because}; it has writable mounts, so {_PERSONS_CALL}")
    return Act(f"{because}; going back to the last proven deployment", Rung.ROLLBACK, seen.cause)


def _rolled_back(attempt: Attempt) -> bool:
    """An interrupted rollback was undone: it may be tried again."""
    return attempt.rung is Rung.ROLLBACK and attempt.outcome is not Outcome.INTERRUPTED


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
