"""What the decision about one service rests on, taken from what is known of it and of all others."""

from __future__ import annotations

from watchdog.daemon.alerting.suppression import about_of, maintenance_of
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.state.service import ServiceState
from watchdog.daemon.state.world import DependencyState, World
from watchdog.model.health import Assessment, Cause
from watchdog.model.plan import Decision
from watchdog.policy.guards import for_want_of_roots
from watchdog.policy.holds import Hold
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Situation, Surroundings
from watchdog.policy.turn import dockers_turn_until


class DecisionInputs:
    """Of one service; each question makes no call and takes no time."""

    def __init__(self, world: World, watched: ServiceState, acting: RecoveryRunner) -> None:
        self._world = world
        self._watched = watched
        self._acting = acting

    def decision(self, seen: Assessment, now: float) -> Decision:
        return decide(self._situation(seen, now), self._surroundings(seen, now), now)

    def for_want_of_roots(self, seen: Assessment, now: float) -> str | None:
        """Why what is bad may be part of its roots' incident; None where it is by itself."""
        return for_want_of_roots(self._situation(seen, now), self._surroundings(seen, now), now)

    def others_asked(self, seen: Assessment) -> bool:
        """Whether a check of its own that fails may be the observer's fault no more."""
        watched = self._watched
        if seen.cause is not Cause.CHECK_FAILED:
            return True
        since = watched.doubted_since if watched.doubted_since is not None else watched.bad_since
        return since is None or self._world.others_asked_at >= since

    def _situation(self, seen: Assessment, now: float) -> Situation:
        watched = self._watched
        roots = self._world.roots(watched) if seen.cause is not Cause.NONE else {}
        key = watched.key
        return Situation(
            assessment=seen,
            record=watched.record,
            settings=watched.settings.recovery,
            container=watched.container,
            config_hash=watched.config_hash,
            bad_since=watched.bad_since if watched.bad_since is not None else now,
            last_foreign=self._world.activity.get(key.project or key.name),
            dockers_turn_until=dockers_turn_until(watched.turn, watched.container, now),
            ends_until=watched.ends_until(now),
            roots_down=roots.get(DependencyState.DOWN, ()),
            roots_lost=roots.get(DependencyState.LOST, ()),
            roots_unsettled=roots.get(DependencyState.UNSETTLED, ()),
            needs_others=bool(self._world.roots_of(watched)),
            root_good_at=watched.root_good_at,
            ties=watched.ties,
            others_asked=self.others_asked(seen),
            maintenance=self._maintenance(now),
            deployment=self._world.deployed(key),
            flapping=watched.flapping(),
            asked_at=self._asked_at(),
            ordered=watched.ordered,
        )

    def _asked_at(self) -> float | None:
        request = self._world.approvals.get(self._watched.key)
        return request.asked_at if request is not None else None

    def _maintenance(self, now: float) -> Hold | None:
        if not self._world.settings.maintenance:
            return None
        return maintenance_of(self._world, about_of(self._world, str(self._watched.key)), now)

    def _surroundings(self, seen: Assessment, now: float) -> Surroundings:
        world = self._world
        suspicion = world.suspicion() if seen.cause is Cause.CHECK_FAILED else None
        return Surroundings(
            engine_away=world.state.away,
            settled_at=world.state.settled_at,
            breaker_until=self._acting.breaker_until(now),
            observer_suspected=suspicion.because if suspicion is not None else None,
            last_death=world.last_death,
            last_stop=self._last_stop(now) if seen.cause is Cause.OPERATOR_STOP else 0.0,
            restarts=tuple(world.restarts),
            orders_only=world.orders_only,
        )

    def _last_stop(self, now: float) -> float:
        """Now, while anything that was told to end still does."""
        ending = any(watched.ends_until(now) is not None for watched in self._world.services.values())
        return now if ending else self._world.last_stop
