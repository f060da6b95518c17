"""What the decision about one service rests on, taken from what is known of it and of all others."""

from __future__ import annotations

from watchdog.daemon.alerting.suppression import about_of, maintenance_of
from watchdog.daemon.recovering.runner import RecoveryRunner
from watchdog.daemon.state.daemon import DaemonState
from watchdog.daemon.state.dependencies import DependencyState
from watchdog.daemon.state.service import ServiceState
from watchdog.model.health import Assessment, Cause
from watchdog.model.plan import Decision
from watchdog.policy.common_cause import Suspicion
from watchdog.policy.guards import for_want_of_roots
from watchdog.policy.holds import Hold
from watchdog.policy.recovery import decide
from watchdog.policy.situation import Situation, Surroundings
from watchdog.policy.turn import dockers_turn_until


class DecisionInputs:
    """Of one service; each question makes no call and takes no time."""

    def __init__(self, state: DaemonState, service: ServiceState, runner: RecoveryRunner) -> None:
        self._state = state
        self._service = service
        self._runner = runner

    def decision(self, seen: Assessment, now: float) -> Decision:
        return decide(self._situation(seen, now), self._surroundings(seen, now), now)

    def for_want_of_roots(self, seen: Assessment, now: float) -> str | None:
        """Why what is bad may be part of its roots' incident; None where it is by itself."""
        return for_want_of_roots(self._situation(seen, now), self._surroundings(seen, now), now)

    def suspicion(self, seen: Assessment) -> Suspicion | None:
        """Why what is bad may be the observer's own fault; None where it is not."""
        may_be = seen.cause is Cause.CHECK_FAILED and self._service.may_be_unseen()
        return self._state.observer.suspicion() if may_be else None

    def others_asked(self, seen: Assessment) -> bool:
        """Whether a check of its own that fails may be the observer's fault, or that of a root, no more."""
        service = self._service
        if seen.cause is not Cause.CHECK_FAILED:
            return True
        if not service.may_be_unseen() and not self._state.dependencies.roots_of(service):
            return True
        doubted_since = service.incarnation.run.doubted_since
        since = doubted_since if doubted_since is not None else service.course.bad_since
        return since is None or self._state.observer.others_asked_at >= since

    def _situation(self, seen: Assessment, now: float) -> Situation:
        service = self._service
        roots = self._state.dependencies.roots(service) if seen.cause is not Cause.NONE else {}
        key = service.key
        return Situation(
            assessment=seen,
            record=service.record,
            settings=service.settings.recovery,
            container=service.container,
            config_hash=service.incarnation.config_hash,
            bad_since=service.course.bad_since if service.course.bad_since is not None else now,
            last_foreign=self._state.engine_state.activity.foreign.get(key.project or key.name),
            dockers_turn_until=dockers_turn_until(service.incarnation.turn_at(now), service.container, now),
            ends_until=service.ends_until(now),
            roots_down=roots.get(DependencyState.DOWN, ()),
            roots_lost=roots.get(DependencyState.LOST, ()),
            roots_unsettled=roots.get(DependencyState.UNSETTLED, ()),
            needs_others=bool(self._state.dependencies.roots_of(service)),
            root_good_at=service.signals.roots_good_at,
            ties=service.links.ties,
            others_asked=self.others_asked(seen),
            maintenance=self._maintenance(now),
            deployment=self._state.deployment.reason(key),
            flapping=service.flapping(),
            asked_at=self._asked_at(),
            ordered=self._state.operators.commands.of(key),
        )

    def _asked_at(self) -> float | None:
        request = self._state.operators.approvals.get(self._service.key)
        return request.asked_at if request is not None else None

    def _maintenance(self, now: float) -> Hold | None:
        if not self._state.settings.maintenance:
            return None
        return maintenance_of(self._state, about_of(self._state, str(self._service.key)), now)

    def _surroundings(self, seen: Assessment, now: float) -> Surroundings:
        state = self._state
        suspicion = self.suspicion(seen)
        return Surroundings(
            engine_away=state.engine_state.away,
            settled_at=state.engine_state.settled_at,
            breaker_until=self._runner.breaker_until(now),
            observer_suspected=suspicion.because if suspicion is not None else None,
            last_death=state.engine_state.activity.last_death,
            last_stop=self._last_stop(now) if seen.cause is Cause.OPERATOR_STOP else 0.0,
            restarts=self._runner.restarts,
            orders_only=state.operators.commands_only,
        )

    def _last_stop(self, now: float) -> float:
        """Now, while anything that was told to end still does."""
        ending = any(service.ends_until(now) is not None for service in self._state.services.known.values())
        return now if ending else self._state.engine_state.activity.last_stop
