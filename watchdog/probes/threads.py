"""Work that may hang in the system, in daemon threads: it neither stalls the loop nor delays the process's end."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar, cast

from watchdog.probes.ask import FailureKind, ProbeFailure

T = TypeVar("T")


class Threads:
    """At most `places` at once. They are not the event loop's worker threads, which others need."""

    def __init__(self, places: int, name: str) -> None:
        self._name = name
        self._places = asyncio.Semaphore(places)

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; ProbeFailure where the host has no thread. Who waits no longer, leaves."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def settle(found: T | None, error: Exception | None) -> None:
            self._places.release()
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(cast("T", found))

        def labour() -> None:
            found: T | None = None
            failed: Exception | None = None
            try:
                found = work()
            except Exception as error:  # noqa: BLE001 - whoever waits gets it
                failed = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile: nobody waits
                loop.call_soon_threadsafe(settle, found, failed)

        await self._places.acquire()
        try:
            threading.Thread(target=labour, name=self._name, daemon=True).start()
        except RuntimeError as error:
            self._places.release()
            raise ProbeFailure(FailureKind.OWN_DESCRIPTORS, "not asked: this host is out of threads") from error
        return await answer
