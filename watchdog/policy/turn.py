"""Who goes first, and not for ever: Docker's restart policy, and whoever told a container to end."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.model.container import Container, ContainerState

MOST_RESTARTS = 5
LONGEST = 30.0
GOOD_AFTER = 10.0
"""Docker itself resets its back-off after a container has run for 10 s."""
SIGNAL_FORGOTTEN = 5.0
"""A process that lives so much longer than its stop time-out after a signal has ignored it: its end is its own."""


@dataclass(frozen=True, slots=True)
class DockersTurn:
    """Since when (steady seconds) Docker is restarting a container, and its restart count before that.

    The engine counts a restart when it decides on it: while the state is restarting, the last one is still to come.
    """

    began_at: float
    restarts_before: int

    def restarts(self, container: Container) -> int:
        return max(0, container.restart_count - self.restarts_before)


def dockers_turn_until(turn: DockersTurn | None, container: Container | None, now: float) -> float | None:
    """When Docker's turn ends (steady seconds); None when it is not Docker's turn (any more).

    It ends after 5 restarts, or 30 s without 10 s of running, whichever comes first.
    """
    if turn is None or container is None or container.state is not ContainerState.RESTARTING:
        return None
    until = turn.began_at + LONGEST
    return until if now < until and turn.restarts(container) <= MOST_RESTARTS else None


def ends_until(told_at: float | None, container: Container | None, now: float) -> float | None:
    """Until when a running container that was told to end is given time to do so (steady seconds); else None."""
    if told_at is None or container is None or not container.running:
        return None
    until = told_at + container.stop_timeout + SIGNAL_FORGOTTEN
    return until if now < until else None
