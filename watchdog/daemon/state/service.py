"""Everything that the daemon knows of one service right now; its worker alone decides on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.model.health import Assessment
from watchdog.model.identity import ServiceKey
from watchdog.model.observation import Check, Observation, Verdict
from watchdog.model.record import Desired, ServiceRecord
from watchdog.model.settings import ServiceSettings
from watchdog.policy.assess import Sight
from watchdog.policy.flapping import Flapping, Flaps, sample, worst
from watchdog.policy.namespaces import Ties
from watchdog.policy.phases import Happening, Phase, advance
from watchdog.policy.situation import Ordered
from watchdog.policy.streak import Streak, follow, in_doubt, without_failures
from watchdog.policy.turn import GOOD_AFTER, DockersTurn, ends_until

HEALTH_CHECK = "its health check"
"""Where its states are kept beside those of its checks, whose names have no blanks."""


@dataclass(slots=True)
class Failure:
    """When it broke (steady seconds); `bound` says that this is only the last time it was seen good."""

    at: float
    bound: bool


@dataclass(slots=True, kw_only=True)
class ServiceState:
    """Mutable. Times are steady seconds."""

    key: ServiceKey
    settings: ServiceSettings
    record: ServiceRecord
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    container: Container | None = None
    seen_at: float = 0.0
    """When the container's present state was looked at."""
    untold: str | None = None
    """Why the engine, which answers otherwise, does not tell of its container."""
    untold_since: float | None = None
    config_hash: str | None = None
    spec_id: str | None = None
    running_since: float | None = None
    incarnation: int = 0
    """Counts starts and replacements: an answer to a question asked of an earlier one is thrown away."""
    stopped_by_person: bool = False
    killed_by_person: bool = False
    told_to_end: bool = False
    """It was sent a signal that is nobody's known intent: the engine's own, or one that nobody watched."""
    unpaused_at: float | None = None
    probed_at: float | None = None
    """When the newest answer of its health check was asked for."""
    meant_at: float | None = None
    """When a stop or kill through the engine was last heard of."""
    streaks: dict[str, Streak] = field(default_factory=dict[str, Streak])
    flaps: dict[str, Flaps] = field(default_factory=dict[str, Flaps])
    """Of its checks and of HEALTH_CHECK, as long as its container runs without a break."""
    flapped: Mapping[str, Flaps] = field(default_factory=dict[str, Flaps])
    """What an earlier daemon knew of the container that it saw last."""
    changed_since_poll: bool = False
    """Its health check, between good and bad."""
    turn: DockersTurn | None = None
    joins: Mapping[str, ServiceKey] = field(default_factory=dict[str, ServiceKey])
    """Namespace → the service whose it is, as long as that is known to be one."""
    ties: Ties = field(default_factory=Ties)
    witnessed: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    """Full ID of a container whose namespace it shares → the start of that one which its own was seen to follow."""
    phase: Phase = Phase.IDLE
    seen: Assessment | None = None
    health_since: float = 0.0
    bad_since: float | None = None
    good_since: float | None = None
    last_good_at: float | None = None
    last_bad_at: float | None = None
    """When its present container was last seen bad; None when it never was."""
    event_at: float | None = None
    """The engine's timestamp of the last event that told of a failure."""
    woken_by_event_at: float | None = None
    intent_seconds: float | None = None
    """From the arrival of that event to the committed intent of the present attempt."""
    doubted_since: float | None = None
    root_good_at: float | None = None
    """When the last of those that it waited for was verified good."""
    blamed: ServiceKey | None = None
    """The root in whose incident the ledger says that this service fails for want of it."""
    says: str = ""
    """The sentence of the last decision."""
    ordered: Ordered | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    recording: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a change of `record` is made and written: its worker and people's orders both make some."""
    turned_at: float = 0.0
    """When its worker last finished a turn."""
    busy_since: float | None = None
    broken: str | None = None
    """The bug that its last turn ended with."""

    def __post_init__(self) -> None:
        self.joins = {namespace: ServiceKey.parse(name) for namespace, name in self.record.joins.items()}

    def step(self, happening: Happening) -> None:
        """Its phase goes on; ValueError where the table knows no such step."""
        self.phase = advance(self.phase, happening)

    def see(
        self, container: Container | None, now: float, started_at: float | None, probed_at: float | None = None
    ) -> None:
        """Takes in a fresh look. When the container was started and last probed is told in steady seconds."""
        before = self.container
        self.container, self.seen_at, self.probed_at = container, now, probed_at
        if container is None:
            self._forget_incarnation()
            self.turn = None
            return
        if before is None or before.id != container.id:
            self._forget_incarnation()
            self.flaps = dict(self.flapped) if before is None and container.id == self.record.container_id else {}
            self.turn = None
            self.last_bad_at = None
            self.config_hash = self.spec_id = None
            self.stopped_by_person = self._stays_stopped(container)
            self.killed_by_person = self.told_to_end = False
            self.unpaused_at = None
        elif before.started_at != container.started_at:
            self._forget_incarnation()
            self.stopped_by_person = self.killed_by_person = self.told_to_end = False
            self.unpaused_at = None
        elif _paused(before) is not _paused(container):
            self.incarnation += 1  # what was asked before counts no more, what is known of it stays
            self.unpaused_at = now
        self._follow_docker(before, container, now)
        if container.state in {ContainerState.RUNNING, ContainerState.PAUSED}:
            self.running_since = started_at if self.running_since is None else self.running_since
        else:
            self.running_since = None
        good = self._health_check_says()
        if good is not None and good is not self.flaps.get(HEALTH_CHECK, Flaps()).good:
            self._sample(HEALTH_CHECK, now, good=good)
            self.changed_since_poll = True

    def note_poll(self, now: float) -> None:
        """A poll that finds its health check as it was is a sample, too."""
        good = self._health_check_says()
        if good is not None and not self.changed_since_poll:
            flapping = self.flapping() is not None
            self._sample(HEALTH_CHECK, now, good=good)
            if flapping:
                self.wake.set()
        self.changed_since_poll = False

    def _health_check_says(self) -> bool | None:
        """Whether its health check passes; None where it says nothing."""
        container = self.container
        if container is None or not container.running or self._probed_while_paused():
            return None
        return {HealthcheckState.HEALTHY: True, HealthcheckState.UNHEALTHY: False}.get(container.healthcheck)

    def _sample(self, name: str, now: float, *, good: bool) -> None:
        self.flaps[name] = sample(self.flaps.get(name, Flaps()), now, self.settings.health, good=good)

    def flapping(self) -> Flapping | None:
        """Whether one of its checks, or its health check, keeps changing by itself."""
        told = {check.name for check in self.settings.checks if check.for_people}
        return worst({name: flaps for name, flaps in self.flaps.items() if name not in told})

    def needed_checks(self) -> list[str]:
        """Those of its checks that were answered and that it must pass to be good; the others are for people."""
        checks = (check for check in self.settings.checks if not check.for_people)
        return [check.name for check in checks if check.name in self.streaks]

    def held_by_flapping(self, now: float) -> bool:
        """Whether it flaps, and is not bad for so long that this is more than that."""
        flapping = self.flapping()
        return flapping is not None and (self.bad_since is None or now < self.bad_since + flapping.hold)

    def note_untold(self, because: str | None, now: float) -> None:
        """The engine does not tell of its container, or does again: what failed meanwhile says nothing."""
        self.untold = because
        if because is None:
            self.untold_since = None
            self.forget_failed_checks()
        elif self.untold_since is None:
            self.untold_since = now
        self.wake.set()

    def _forget_incarnation(self) -> None:
        self.incarnation += 1
        self.streaks = {}
        self.flaps = {}
        self.running_since = None
        self.good_since = None
        self.doubted_since = None

    def _stays_stopped(self, container: Container) -> bool:
        """A stop that an earlier daemon heard of and respected; nothing but the ledger tells of it any more."""
        stopped = self.record.desired is Desired.STOPPED and self.record.container_id == container.id
        return stopped and container.state is ContainerState.EXITED

    def _follow_docker(self, before: Container | None, container: Container, now: float) -> None:
        """Whether Docker's restart policy is at work on it, and since when."""
        if container.restart_policy is RestartPolicy.NO:
            self.turn = None
            return
        same = before is not None and before.id == container.id
        count_before = before.restart_count if before is not None and same else container.restart_count
        restarted = container.state is ContainerState.RESTARTING or container.restart_count > count_before
        if self.turn is None and restarted:
            self.turn = DockersTurn(now, min(count_before, container.restart_count))

    def running_for(self, now: float) -> float:
        return max(0.0, now - self.running_since) if self.running_since is not None else 0.0

    def forgive(self) -> None:
        """What looked like a person's stop was not, or nobody can say so."""
        self.stopped_by_person = self.killed_by_person = False
        self.told_to_end = True

    def ends_until(self, now: float) -> float | None:
        """Until when it is given time to end, as somebody told it to (steady seconds)."""
        meant = self.stopped_by_person or self.killed_by_person
        return ends_until(self.meant_at, self.container, now) if meant else None

    def runs_well(self, now: float) -> bool:
        """Whether its container is fine by all that the engine has said, events that are not looked into included."""
        container = self.container
        if container is None or not container.running or container.healthcheck is HealthcheckState.UNHEALTHY:
            return False
        heard_since = self.event_at is not None and self.event_at > self.seen_at
        return not heard_since and self.untold is None and self.ends_until(now) is None

    def left_alone(self, now: float) -> bool:
        """Whether nobody but a person will bring it back: quarantined, paused, or with recovery off."""
        paused = self.record.pause is not None and now < self.record.pause.until
        return self.record.quarantined is not None or paused or not self.settings.recovery.enabled

    def sight(self, now: float, engine_away: str | None) -> Sight:
        running_for = self.running_for(now)
        if self.turn is not None and running_for >= GOOD_AFTER:
            self.turn = None
        return Sight(
            service=self.key,
            settings=self.settings,
            container=self.container,
            running_for=running_for,
            stopped_by_person=self.stopped_by_person,
            killed_by_person=self.killed_by_person,
            told_to_end=self.told_to_end,
            probed_while_paused=self._probed_while_paused(),
            streaks=self.streaks,
            restarts=self.turn.restarts(self.container) if self.turn is not None and self.container is not None else 0,
            engine_away=engine_away or self.untold,
            ties=self.ties,
        )

    def _probed_while_paused(self) -> bool:
        return self.unpaused_at is not None and self.probed_at is not None and self.probed_at < self.unpaused_at

    def hear(self, check: Check, observation: Observation, incarnation: int, now: float) -> None:
        """Takes in the answer to a check; asked of an earlier incarnation or while paused it is thrown away."""
        if incarnation != self.incarnation or _paused(self.container):
            return
        streak = follow(self.streaks.get(check.name, Streak()), observation, check)
        self.streaks[check.name] = streak
        doubted = any(in_doubt(self.streaks[name]) for name in self.needed_checks())
        self.doubted_since = (self.doubted_since or now) if doubted else None
        if observation.verdict is not Verdict.UNKNOWN:
            self._sample(check.name, now, good=observation.verdict is Verdict.PASS)
        self.wake.set()

    def doubts(self, check: str) -> bool:
        """Whether a check of its own failed when it was last answered."""
        return check in self.streaks and self.streaks[check].verdict is Verdict.FAIL

    def forget_failed_checks(self) -> None:
        """They were seen by an observer who was blind, while what it needs was down, or while it was paused."""
        self.incarnation += 1
        self.streaks = {name: without_failures(streak) for name, streak in self.streaks.items()}
        self.flaps = {}
        self.doubted_since = None

    def failure(self, now: float, finished_at: float | None) -> Failure:
        """When it broke: the engine's word where there is one, else the last time it was seen good."""
        since = self.last_good_at if self.last_good_at is not None else 0.0
        if self.event_at is not None and self.event_at >= since - 1.0:
            return Failure(self.event_at, bound=False)
        if finished_at is not None and finished_at >= since - 1.0:
            return Failure(finished_at, bound=False)
        return Failure(self.last_good_at if self.last_good_at is not None else now, bound=True)


def _paused(container: Container | None) -> bool:
    return container is not None and container.state is ContainerState.PAUSED
