"""Health, status, and what they mean to others."""

from __future__ import annotations

import pytest

from watchdog.model.health import Health, Status


def test_only_what_is_unhealthy_or_missing_opens_an_incident() -> None:
    assert {health for health in Health if health.bad} == {Health.UNHEALTHY, Health.MISSING}


@pytest.mark.parametrize(
    ("status", "code"), [(Status.OK, 0), (Status.WARNING, 1), (Status.CRITICAL, 2), (Status.UNKNOWN, 3)]
)
def test_a_status_is_told_to_a_scheduler_by_the_convention_of_nagios(status: Status, code: int) -> None:
    assert status.exit_code == code
