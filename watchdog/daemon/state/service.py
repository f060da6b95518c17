"""The state of one service, in parts with one owner each. Times are steady seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchdog.daemon.state.course import Course
from watchdog.daemon.state.incarnation import ContainerLook, Incarnation, followed, fresh, gone, is_paused
from watchdog.model.container import Container, ContainerState, HealthcheckState
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import Desired, ServiceRecord
from watchdog.model.settings import ServiceSettings
from watchdog.policy.assess import Sight
from watchdog.policy.common_cause import reached
from watchdog.policy.flapping import Flapping, Flaps, sample, worst
from watchdog.policy.namespaces import Ties
from watchdog.policy.phases import phase_of
from watchdog.policy.streak import Streak, follow, in_doubt

HEALTH_CHECK = "its health check"
"""Where its states are kept beside those of its checks, whose names have no blanks."""


@dataclass(slots=True)
class Failure:
    """When it broke (steady seconds); `bound` says that this is only the last time it was seen good."""

    at: float
    bound: bool


@dataclass(slots=True)
class Signals:
    """What the engine's events told, whatever became of the container since: written as they are heard."""

    failed_at: float | None = None
    """The engine's timestamp of the last event that told of a failure."""
    failure_heard_at: float | None = None
    """When that event was heard; None once it led to an attempt."""
    stop_heard_at: float | None = None
    """When a stop or kill through the engine was last heard of."""
    stopped: bool = False
    """Somebody stopped it (`docker stop`), and nobody has started it since."""
    roots_good_at: float | None = None
    """When the last of those that it waited for was verified good."""


@dataclass(slots=True)
class NamespaceLinks:
    """Whose namespaces its container shares; written by `observing.namespaces`."""

    joins: Mapping[str, ServiceKey] = field(default_factory=dict[str, ServiceKey])
    """Namespace → the service whose it is, as long as that is known to be one."""
    ties: Ties = field(default_factory=Ties)
    witnessed: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """Full ID of a container whose namespace it shares → the start of that one which its own was seen to follow."""


@dataclass(slots=True)
class Inspection:
    """Why the engine, which answers otherwise, does not tell of its container, and since when."""

    error: str | None = None
    failing_since: float | None = None


class ServiceState:
    """`record` is written by `recording.records`, `course` by the worker, `links` by the tracker of namespaces."""

    __slots__ = (
        "_restored_flaps",
        "course",
        "incarnation",
        "inspection",
        "key",
        "labels",
        "links",
        "record",
        "recording",
        "settings",
        "signals",
        "wake",
    )

    def __init__(
        self,
        *,
        key: ServiceKey,
        settings: ServiceSettings,
        record: ServiceRecord,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.key = key
        self.settings = settings
        self.record = record
        self.labels: Mapping[str, str] = labels or {}
        self.incarnation = Incarnation()
        self.course = Course(phase=phase_of(record))
        self.signals = Signals()
        self.inspection = Inspection()
        joins = {namespace: ServiceKey.parse(name) for namespace, name in record.joins.items()}
        self.links = NamespaceLinks(joins=joins)
        self._restored_flaps: Mapping[str, Flaps] = {}
        self.wake = asyncio.Event()
        self.recording = asyncio.Lock()
        """Held while a change of `record` is made and written."""

    @property
    def container(self) -> Container | None:
        return self.incarnation.container

    @property
    def assessment(self) -> Assessment | None:
        """The last one of its worker."""
        return self.course.assessment

    @property
    def streaks(self) -> Mapping[str, Streak]:
        return self.incarnation.run.streaks

    @property
    def flaps(self) -> Mapping[str, Flaps]:
        return self.incarnation.run.flaps

    # What is learnt of it

    def restore_flaps(self, flaps: Mapping[str, Flaps]) -> None:
        """What an earlier daemon knew of the container that it saw last."""
        self._restored_flaps = flaps

    def reconfigure(self, settings: ServiceSettings, labels: Mapping[str, str]) -> None:
        self.settings, self.labels = settings, labels
        run = self.incarnation.run
        run.streaks = {check.name: run.streaks[check.name] for check in settings.checks if check.name in run.streaks}

    def see(self, look: ContainerLook) -> None:
        """Takes in a fresh look."""
        before, container = self.incarnation, look.container
        if container is None:
            self.incarnation = gone(before, look.at)
            return
        if before.container is None or before.container.id != container.id:
            self.signals.stopped = False  # that was another one
        known = before.container is None and container.id == self.record.container_id
        anew = fresh(stopped=self._stays_stopped(container), flaps=self._restored_flaps if known else {})
        self.incarnation = followed(before, container, look, anew)
        good = self.incarnation.health_check
        if good is not None and good is not self.flaps.get(HEALTH_CHECK, Flaps()).good:
            self._sample(HEALTH_CHECK, look.at, good=good)
            self.incarnation.run.health_check_changed = True

    def _stays_stopped(self, container: Container) -> bool:
        """A stop that an earlier daemon heard of and respected; nothing but the ledger tells of it any more."""
        stopped = self.record.desired is Desired.STOPPED and self.record.container_id == container.id
        return stopped and container.state is ContainerState.EXITED

    def looked_again(self, now: float) -> None:
        """A look found its container as it was."""
        self.incarnation.looked_at = now

    def note_poll(self, now: float) -> None:
        """A poll that finds its health check as it was is a sample, too."""
        run, good = self.incarnation.run, self.incarnation.health_check
        if good is not None and not run.health_check_changed:
            flapping = self.flapping() is not None
            self._sample(HEALTH_CHECK, now, good=good)
            if flapping:
                self.wake.set()
        run.health_check_changed = False

    def note_time(self, now: float) -> None:
        """Docker's turn is over once its container has run for long enough."""
        self.incarnation.turn = self.incarnation.turn_at(now)

    def note_inspection(self, error: str | None, now: float) -> None:
        """The engine does not tell of its container, or does again: what failed meanwhile says nothing."""
        self.inspection.error = error
        if error is None:
            self.inspection.failing_since = None
            self.forget_failed_checks()
        elif self.inspection.failing_since is None:
            self.inspection.failing_since = now
        self.wake.set()

    def identify(self, config_hash: str, spec_id: str | None = None) -> None:
        """Which revision its container is of."""
        self.incarnation.config_hash = config_hash
        self.incarnation.spec_id = spec_id if spec_id is not None else self.incarnation.spec_id

    def hear(self, check: Check, observation: Observation, run: int, now: float) -> None:
        """Takes in the answer to a check; asked in an earlier run or while paused it is thrown away."""
        current = self.incarnation.run
        if run != current.number or is_paused(self.container):
            return
        current.streaks[check.name] = follow(current.streaks.get(check.name, Streak()), observation, check)
        doubted = any(in_doubt(current.streaks[name]) for name in self.needed_checks())
        current.doubted_since = (current.doubted_since or now) if doubted else None
        if observation.verdict is not Verdict.UNKNOWN:
            self._sample(check.name, now, good=observation.verdict is Verdict.PASS)
        self.wake.set()

    def forget_failed_checks(self) -> None:
        """They were seen by an observer who was blind, while what it needs was down, or while it was paused."""
        self.incarnation.run = self.incarnation.run.without_failed_checks()

    def note_health(self, now: float, assessment: Assessment) -> None:
        """Since when it is good or bad, by an engine that answers."""
        serves, bad = assessment.serves, assessment.health.bad
        self.course.note_health(now, serves=serves, bad=bad)
        run = self.incarnation.run
        if serves:
            run.good_since = run.good_since if run.good_since is not None else now
        elif bad:
            run.good_since = None
            self.incarnation.last_bad_at = now

    def note_unpaused(self, at: float) -> None:
        """No look may have seen the pause."""
        self.incarnation.unpaused_at = at
        self.forget_failed_checks()

    def clear_operator_stop(self) -> None:
        """What looked like an operator's stop was not, or nobody can say so."""
        stop = self.incarnation.stop
        stop.by_operator = stop.killed_by_operator = False
        stop.signalled = True

    def _sample(self, name: str, now: float, *, good: bool) -> None:
        flaps = self.incarnation.run.flaps
        flaps[name] = sample(flaps.get(name, Flaps()), now, self.settings.health, good=good)

    # What may be asked; nothing changes

    def flapping(self) -> Flapping | None:
        """Whether one of its checks, or its health check, keeps changing by itself."""
        told = {check.name for check in self.settings.checks if check.for_people}
        return worst({name: flaps for name, flaps in self.flaps.items() if name not in told})

    def needed_checks(self) -> list[str]:
        """Those of its checks that were answered and that it must pass to be good; the others are for people."""
        checks = (check for check in self.settings.checks if not check.for_people)
        return [check.name for check in checks if check.name in self.streaks]

    def may_be_unseen(self) -> bool:
        """Whether none of its failing checks was answered by anybody: that may be the observer's own fault."""
        failing = (check for check in self.settings.checks if not check.for_people and self.doubts(check.name))
        return all(reached(check, self.streaks[check.name].last_fail) is False for check in failing)

    def held_by_flapping(self, now: float) -> bool:
        """Whether it flaps, and is not bad for so long that this is more than that."""
        flapping, bad_since = self.flapping(), self.course.bad_since
        return flapping is not None and (bad_since is None or now < bad_since + flapping.hold)

    def running_for(self, now: float) -> float:
        return self.incarnation.running_for(now)

    def ends_until(self, now: float) -> float | None:
        """Until when it is given time to end, as somebody told it to."""
        return self.incarnation.ends_until(self.signals.stop_heard_at, now)

    def runs_well(self, now: float) -> bool:
        """Whether its container is fine by all that the engine has said, events that are not looked into included."""
        container, failed_at = self.container, self.signals.failed_at
        if container is None or not container.running or container.healthcheck is HealthcheckState.UNHEALTHY:
            return False
        heard_since = failed_at is not None and failed_at > self.incarnation.looked_at
        return not heard_since and self.inspection.error is None and self.ends_until(now) is None

    def left_alone(self, now: float) -> bool:
        """Whether nobody but a person will bring it back: quarantined, paused, or with recovery off."""
        paused = self.record.pause is not None and now < self.record.pause.until
        return self.record.quarantined is not None or paused or not self.settings.recovery.enabled

    def sight(self, now: float, engine_away: str | None) -> Sight:
        incarnation = self.incarnation
        turn, container = incarnation.turn_at(now), incarnation.container
        return Sight(
            service=self.key,
            settings=self.settings,
            container=container,
            running_for=self.running_for(now),
            stopped_by_person=incarnation.stop.by_operator,
            killed_by_person=incarnation.stop.killed_by_operator,
            told_to_end=incarnation.stop.signalled,
            probed_while_paused=incarnation.probed_while_paused,
            streaks=self.streaks,
            restarts=turn.restarts(container) if turn is not None and container is not None else 0,
            engine_away=engine_away or self.inspection.error,
            ties=self.links.ties,
        )

    def doubts(self, check: str) -> bool:
        """Whether a check of its own failed when it was last answered."""
        return check in self.streaks and self.streaks[check].verdict is Verdict.FAIL

    def failure(self, now: float, finished_at: float | None) -> Failure:
        """When it broke: the engine's word where there is one, else the last time it was seen good."""
        last_good_at, failed_at = self.course.last_good_at, self.signals.failed_at
        since = last_good_at if last_good_at is not None else 0.0
        if failed_at is not None and failed_at >= since - 1.0:
            return Failure(failed_at, bound=False)
        if finished_at is not None and finished_at >= since - 1.0:
            return Failure(finished_at, bound=False)
        return Failure(last_good_at if last_good_at is not None else now, bound=True)
