"""The events of one deployment, for everybody who follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

MOST: Final = 5000
"""Events that are kept; a deployment that has more to tell goes on untold until its end."""
STILL_THERE: Final = 5.0
"""Seconds of silence after which those who follow are told that the daemon is there."""


class EventStream:
    def __init__(self) -> None:
        self._told: list[Mapping[str, Any]] = []
        self._news = asyncio.Event()
        self.over = False

    def tell(self, event: str, **facts: Any) -> None:
        if len(self._told) < MOST or event == "end":
            self._told.append({"event": event, **facts})
        self.over = self.over or event == "end"
        news, self._news = self._news, asyncio.Event()
        news.set()

    @property
    def length(self) -> int:
        return len(self._told)

    async def follow(self, after: int = 0, until: str = "end") -> AsyncGenerator[Mapping[str, Any]]:
        """Everything from the `after`-th event on, to one that is called so or to the end."""
        at = after
        while True:
            news = self._news
            while at < len(self._told):
                yield self._told[at]
                at += 1
                if self._told[at - 1]["event"] in {until, "end"}:
                    return
            if self.over:
                return
            try:
                async with asyncio.timeout(STILL_THERE):
                    await news.wait()
            except TimeoutError:
                yield {"event": "waiting"}
