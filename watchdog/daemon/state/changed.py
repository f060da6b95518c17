"""That something changed: kept for who looks later, told at once to everybody who waits."""

from __future__ import annotations

import asyncio


class Changed(asyncio.Event):
    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Future[None]] = set()

    def set(self) -> None:
        super().set()
        waiting, self._waiting = self._waiting, set()
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def next(self, within: float) -> None:
        """The next change from now on, or so many seconds."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            async with asyncio.timeout(within):
                await waiting
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(waiting)
