"""The facts that the decision about one service rests on."""

from __future__ import annotations

from dataclasses import dataclass, field

from watchdog.model.container import Container
from watchdog.model.health import Assessment
from watchdog.model.record import Attempt, Rung, ServiceRecord
from watchdog.model.settings import RecoverySettings
from watchdog.policy.budget import counting_window, spent
from watchdog.policy.flapping import Flapping
from watchdog.policy.holds import Hold
from watchdog.policy.namespaces import Ties


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
    last_stop: float = 0.0
    """When anything was last stopped, by a person, a deployment or an engine that shuts down."""
    restarts: tuple[float, ...] = ()
    """When running containers were restarted, of the last minute."""
    orders_only: str | None = None
    """Why nothing is done unless a person orders it: the daemon ends, or lives for one order only."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A person ordered a recovery at `since` (steady seconds), perhaps by a certain rung."""

    since: float
    rung: Rung | None = None
    baseline: int | None = None
    """Of a rollback: which proven deployment, 1 for the newest; None for the newest that differs."""


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
    ends_until: float | None = None
    """Somebody told its container to end, and it is given its time for that."""
    roots_down: tuple[str, ...] = ()
    """The services it needs that are not good and that somebody still works on."""
    roots_lost: tuple[str, ...] = ()
    """Those that only a person will mend: handed over, waiting for approval, paused, or with recovery off."""
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
    maintenance: Hold | None = None
    """The maintenance window that is open for it."""
    deployment: str | None = None
    """Why nobody but an open deployment acts on it."""
    flapping: Flapping | None = None
    asked_at: float | None = None
    """Since when a person's approval of the next rung is asked for: attempts that counted then still do."""
    ordered: Ordered | None = None


def window_of(situation: Situation) -> float:
    """Seconds for which an attempt counts."""
    start_period = situation.container.start_period if situation.container is not None else 0.0
    return counting_window(situation.settings, start_period)


def counts_from(situation: Situation, now: float) -> float:
    """The moment that the window of attempts reaches back from: a person who thinks it over forgets none."""
    return now if situation.asked_at is None else min(now, situation.asked_at)


def counted(situation: Situation, now: float) -> tuple[Attempt, ...]:
    """The attempts that count: an order starts a budget of its own; else those of the window."""
    ordered = situation.ordered
    if ordered is None:
        return spent(situation.record.attempts, window_of(situation), counts_from(situation, now))
    return tuple(
        attempt for attempt in situation.record.attempts if attempt.by_operator and attempt.at >= ordered.since
    )
