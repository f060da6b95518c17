"""Docker's restart policy goes first, and not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.policy.samples import RUNNING
from watchdog.model.container import ContainerState
from watchdog.policy.turn import SIGNAL_FORGOTTEN, DockersTurn, dockers_turn_until, ends_until

TURN = DockersTurn(began_at=100.0, restarts_before=2)
LOOPING = replace(RUNNING, state=ContainerState.RESTARTING, restart_count=3)
"""The engine counts a restart when it decides on it, so the last one of the count is still to come."""


def test_while_docker_restarts_a_container_it_is_dockers_turn_for_30_seconds() -> None:
    assert dockers_turn_until(TURN, LOOPING, 100.0) == dockers_turn_until(TURN, LOOPING, 129.9) == 130.0
    assert dockers_turn_until(TURN, LOOPING, 130.0) is None


def test_dockers_turn_ends_after_five_restarts() -> None:
    during_the_fifth = replace(LOOPING, restart_count=2 + 5)
    after_the_fifth = replace(LOOPING, restart_count=2 + 6)
    assert dockers_turn_until(TURN, during_the_fifth, 110.0) == 130.0
    assert dockers_turn_until(TURN, after_the_fifth, 110.0) is None


@pytest.mark.parametrize("state", [state for state in ContainerState if state is not ContainerState.RESTARTING])
def test_it_is_not_dockers_turn_with_a_container_that_docker_does_not_restart(state: ContainerState) -> None:
    assert dockers_turn_until(TURN, replace(LOOPING, state=state), 110.0) is None


def test_it_is_nobodys_turn_without_a_beginning_or_a_container() -> None:
    assert dockers_turn_until(None, LOOPING, 110.0) is None
    assert dockers_turn_until(TURN, None, 110.0) is None


def test_restarts_are_counted_from_the_beginning_of_the_turn_and_survive_a_reset_of_the_engines_count() -> None:
    assert TURN.restarts(LOOPING) == 1
    assert TURN.restarts(replace(LOOPING, restart_count=0)) == 0


def test_what_was_told_to_end_is_given_its_stop_time_out() -> None:
    running = replace(RUNNING, stop_timeout=20.0)
    until = 100.0 + 20.0 + SIGNAL_FORGOTTEN
    assert ends_until(100.0, running, 100.0) == ends_until(100.0, running, until - 0.1) == until
    assert ends_until(100.0, running, until) is None


def test_what_nobody_told_to_end_and_what_does_not_run_is_given_no_time_to_end() -> None:
    assert ends_until(None, RUNNING, 100.0) is None
    assert ends_until(100.0, LOOPING, 100.0) is None
    assert ends_until(100.0, None, 100.0) is None
