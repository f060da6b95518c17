"""A small sample of `make bench-alerts`."""

from __future__ import annotations

from bench.alerts import measure


async def test_no_alert_is_lost_though_its_receiver_is_down_and_the_daemon_is_killed() -> None:
    result = await measure(incidents=60, kills=1, turn=1.0, within=300.0)
    assert (result.delivered, result.without_opening) == (60, 0)
    assert result.late, "nobody asked a check meanwhile"
