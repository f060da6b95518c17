"""The dead-man ping: somebody outside is told again and again that watchdog works, and misses it when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from watchdog.alerts.counts import AlertCounts
from watchdog.alerts.posting import Poster
from watchdog.alerts.receiver import DeliveryFailed

_log = structlog.get_logger(__name__)


class Ping:
    """GET of a URL, as healthchecks.io and Uptime Kuma's push monitors expect. A failure is counted, no incident."""

    def __init__(
        self, url: str, interval: float, timeout: float, *, works: Callable[[], bool], counts: AlertCounts
    ) -> None:
        self._poster = Poster("ping's receiver", url, timeout)
        self._interval = interval
        self._works = works
        self._counts = counts

    async def run(self, wall: Callable[[], float]) -> None:
        """Pings until it is cancelled, but not while watchdog itself does not work: its silence is the message."""
        failing = False
        while True:
            if self._works():
                try:
                    await self._poster.request("GET")
                except DeliveryFailed as failure:
                    self._counts.ping_failures += 1
                    if not failing:
                        _log.warning(f"The ping failed: {failure}.")
                    failing = True
                else:
                    self._counts.pings += 1
                    self._counts.pinged_at = wall()
                    failing = False
            await asyncio.sleep(self._interval)
