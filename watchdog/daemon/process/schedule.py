"""The few periodic jobs, by APScheduler on a clock that nobody can set.

APScheduler reads the time only as `datetime.now(scheduler.timezone)`: a time zone whose "now" is the steady clock
makes every due time immune to steps of the wall clock. The trigger adds to datetimes and never converts them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo

import structlog
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from watchdog.daemon.state.clock import Clock
from watchdog.errors import WatchdogError

log = structlog.get_logger()


class SteadyZone(tzinfo):
    """UTC by the steady clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def utcoffset(self, dt: datetime | None, /) -> timedelta:  # noqa: ARG002 - tzinfo's signature
        return timedelta(0)

    def dst(self, dt: datetime | None, /) -> timedelta:  # noqa: ARG002 - tzinfo's signature
        return timedelta(0)

    def tzname(self, dt: datetime | None, /) -> str:  # noqa: ARG002 - tzinfo's signature
        return "steady"

    def fromutc(self, dt: datetime, /) -> datetime:  # noqa: ARG002 - whatever the wall clock says, it is now
        return datetime.fromtimestamp(self._clock.now(), UTC).replace(tzinfo=self)


class Every(BaseTrigger):
    """Fires at once, then every `interval` seconds counted from the first; slots slept through are skipped."""

    def __init__(self, interval: float, missed: Callable[[int], None]) -> None:
        self._interval = timedelta(seconds=interval)
        self._missed = missed
        self._counted_after: datetime | None = None
        """APScheduler asks more than once what follows a slot: what was missed after it is counted once."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # pyright: ignore[reportIncompatibleMethodOverride]  # the base class has no types
        if previous_fire_time is None:
            return now
        following = previous_fire_time + self._interval
        if following <= now:
            skipped = (now - following) // self._interval + 1
            if previous_fire_time != self._counted_after:
                self._counted_after = previous_fire_time
                self._missed(skipped)
            following += skipped * self._interval
        return following


class Schedule:
    """Starts and stops with the daemon; a job that still runs when its next slot comes makes that a missed one."""

    def __init__(self, clock: Clock, missed: Callable[[str, int], None]) -> None:
        self._scheduler = AsyncIOScheduler(timezone=SteadyZone(clock))
        self._scheduler.add_listener(self._still_runs, EVENT_JOB_MAX_INSTANCES)  # pyright: ignore[reportUnknownMemberType]  # APScheduler has no types
        self._missed = missed

    def _still_runs(self, event: JobSubmissionEvent) -> None:
        self._missed(str(event.job_id), 1)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # APScheduler has no types

    def every(self, interval: float, name: str, job: Callable[[], Awaitable[None]]) -> None:
        def missed(slots: int) -> None:
            self._missed(name, slots)

        async def run() -> None:
            try:
                await job()
            except WatchdogError as error:
                log.warning(f"{name}: {error}")
            except Exception as error:  # a bug in one job must not end the others
                log.error(f"a bug: {name} failed", exc_info=error)

        self._scheduler.add_job(  # pyright: ignore[reportUnknownMemberType]  # APScheduler has no types
            run,
            Every(interval, missed),
            id=name,
            name=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            replace_existing=True,
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
