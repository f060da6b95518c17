"""What is known of one container of a service, or of its absence: replaced when the container changes.

All times are steady seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from watchdog.model.container import Container, ContainerState, HealthcheckState, RestartPolicy
from watchdog.policy.flapping import Flaps
from watchdog.policy.streak import Streak, without_failures
from watchdog.policy.turn import GOOD_AFTER, DockersTurn, ends_until


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerLook:
    """A fresh look at the container of a service; `container` is None where there is none."""

    container: Container | None
    at: float
    started_at: float | None = None
    probed_at: float | None = None
    """When the newest answer of its health check was asked for."""


@dataclass(slots=True)
class StopMarks:
    """Who told a container to end, by the engine's events."""

    by_operator: bool = False
    killed_by_operator: bool = False
    signalled: bool = False
    """It was sent a signal that is nobody's known intent: the engine's own, or one that nobody watched."""


@dataclass(slots=True)
class ContainerRun:
    """From one start of a container to its end. An answer to a question asked under another number is thrown away."""

    number: int
    running_since: float | None = None
    good_since: float | None = None
    doubted_since: float | None = None
    """Since when a check that it must pass fails below its threshold."""
    streaks: dict[str, Streak] = field(default_factory=dict[str, Streak])
    flaps: dict[str, Flaps] = field(default_factory=dict[str, Flaps])
    """Of its checks and of its health check."""
    health_check_changed: bool = False
    """Between good and bad, since the last poll."""

    def without_failed_checks(self) -> ContainerRun:
        return replace(
            self,
            number=self.number + 1,
            streaks={name: without_failures(streak) for name, streak in self.streaks.items()},
            flaps={},
            doubted_since=None,
        )


@dataclass(slots=True, kw_only=True)
class Incarnation:
    container: Container | None = None
    looked_at: float = 0.0
    probed_at: float | None = None
    config_hash: str | None = None
    """Of its revision, as far as that was told; while it is gone, of the last container."""
    spec_id: str | None = None
    turn: DockersTurn | None = None
    last_bad_at: float | None = None
    unpaused_at: float | None = None
    stop: StopMarks = field(default_factory=StopMarks)
    run: ContainerRun = field(default_factory=lambda: ContainerRun(0))

    def running_for(self, now: float) -> float:
        return max(0.0, now - self.run.running_since) if self.run.running_since is not None else 0.0

    def turn_at(self, now: float) -> DockersTurn | None:
        """Docker's turn, unless the container has run for long enough since."""
        return self.turn if self.running_for(now) < GOOD_AFTER else None

    def ends_until(self, told_at: float | None, now: float) -> float | None:
        """Until when it is given time to end, where an operator told it to."""
        meant = self.stop.by_operator or self.stop.killed_by_operator
        return ends_until(told_at, self.container, now) if meant else None

    @property
    def probed_while_paused(self) -> bool:
        return self.unpaused_at is not None and self.probed_at is not None and self.probed_at < self.unpaused_at

    @property
    def health_check(self) -> bool | None:
        """Whether its health check passes; None where it says nothing."""
        if self.container is None or not self.container.running or self.probed_while_paused:
            return None
        says = {HealthcheckState.HEALTHY: True, HealthcheckState.UNHEALTHY: False}
        return says.get(self.container.healthcheck)


def gone(before: Incarnation, at: float) -> Incarnation:
    """Nothing but its revision outlives a container."""
    number = before.run.number + 1
    return Incarnation(looked_at=at, config_hash=before.config_hash, spec_id=before.spec_id, run=ContainerRun(number))


def followed(before: Incarnation, container: Container, look: ContainerLook, fresh: Incarnation) -> Incarnation:
    """What is known after a look that found a container; `fresh` is taken where it is another one than before."""
    if before.container is None or before.container.id != container.id:
        after = replace(fresh, run=replace(fresh.run, number=before.run.number + 1))
    elif before.container.started_at != container.started_at:
        run = ContainerRun(before.run.number + 1)
        after = replace(before, stop=StopMarks(), unpaused_at=None, run=run)
    elif is_paused(before.container) is not is_paused(container):
        # What was asked before counts no more, what is known of it stays.
        run = replace(before.run, number=before.run.number + 1)
        after = replace(before, unpaused_at=look.at, run=run)
    else:
        after = replace(before)
    after.container, after.looked_at, after.probed_at = container, look.at, look.probed_at
    after.turn = _turn(before.container, after, look.at)
    if container.state not in {ContainerState.RUNNING, ContainerState.PAUSED}:
        after.run.running_since = None
    elif after.run.running_since is None:
        after.run.running_since = look.started_at
    return after


def fresh(*, stopped: bool, flaps: Mapping[str, Flaps]) -> Incarnation:
    """Of a container that was not met before; `stopped`: an earlier daemon heard that an operator stopped it."""
    return Incarnation(stop=StopMarks(by_operator=stopped), run=ContainerRun(0, flaps=dict(flaps)))


def _turn(before: Container | None, after: Incarnation, now: float) -> DockersTurn | None:
    """Whether Docker's restart policy is at work on it, and since when."""
    container = after.container
    if container is None or container.restart_policy is RestartPolicy.NO:
        return None
    same = before is not None and before.id == container.id
    count_before = before.restart_count if before is not None and same else container.restart_count
    restarted = container.state is ContainerState.RESTARTING or container.restart_count > count_before
    if after.turn is None and restarted:
        return DockersTurn(now, min(count_before, container.restart_count))
    return after.turn


def is_paused(container: Container | None) -> bool:
    return container is not None and container.state is ContainerState.PAUSED
